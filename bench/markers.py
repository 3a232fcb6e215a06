"""Pages whose prose is written by hand and whose tables are made: a table stands between two marking lines."""

END = "<!-- end -->"


class MissingMarkers(ValueError):
    """A page lacks the marking lines of a table."""


def put_table(text: str, begin: str, table: str) -> str:
    """A page's text with `table` between the marking lines `begin` and `END`, in place of what stood there.

    Raises:
        MissingMarkers: the page does not have these lines.
    """
    before, opened, rest = text.partition(begin)
    old, closed, after = rest.partition(END)
    if not opened or not closed or "<!-- table:" in old:
        raise MissingMarkers(f"The page has no place for a table: it needs the lines {begin} and {END}.")
    return f"{before}{begin}\n\n{table}\n\n{END}{after}"
