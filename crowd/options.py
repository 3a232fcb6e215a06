"""Command-line options that are numbers, for argparse. Their types refuse other values with a sentence."""

from argparse import ArgumentTypeError, _ActionsContainer
from collections.abc import Callable
from contextlib import suppress


def add_number_option(
    parser: _ActionsContainer, name: str, type_: Callable[[str], float], default: float, help_: str
) -> None:
    """Adds an option whose help ends with its default; `type_` is one of the functions below."""
    metavar = "SHARE" if type_ is share else "N"
    parser.add_argument(name, type=type_, default=default, metavar=metavar, help=f"{help_} (default: {default}).")


def share(text: str) -> float:
    """A number from 0 to 1."""
    with suppress(ValueError):
        if 0 <= (number := float(text)) <= 1:
            return number
    raise ArgumentTypeError(f"{text!r} is not a share: give a number from 0 to 1, such as 0.05")


def zero_or_more(text: str) -> int:
    return _whole_number(text, at_least=0)


def one_or_more(text: str) -> int:
    return _whole_number(text, at_least=1)


def two_or_more(text: str) -> int:
    return _whole_number(text, at_least=2)


def _whole_number(text: str, *, at_least: int) -> int:
    with suppress(ValueError):
        if (number := int(text)) >= at_least:
            return number
    raise ArgumentTypeError(f"{text!r} is not possible: give a whole number, {at_least} or more")
