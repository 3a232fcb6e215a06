"""What the fields of a config, a recipe or the augmentation mean, for the command line and for forms."""

import ast
import inspect
import textwrap
from dataclasses import fields, is_dataclass


def field_docs(kind: type) -> dict[str, str]:
    """The docstring below each field of a dataclass, on one line; inherited fields included, in the order of `fields`.

    Raises:
        TypeError: `kind` is no dataclass.
        KeyError: a field has no docstring.
    """
    if not is_dataclass(kind):
        raise TypeError(f"{kind} is no dataclass")
    docs: dict[str, str] = {}
    for ancestor in reversed(kind.__mro__[:-1]):
        docs |= _own_field_docs(ancestor)
    return {field.name: docs[field.name] for field in fields(kind)}


def _own_field_docs(kind: type) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    return {
        field.target.id: " ".join(note.value.value.split())
        for field, note in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(note, ast.Expr)
        and isinstance(note.value, ast.Constant)
        and isinstance(note.value.value, str)
    }
