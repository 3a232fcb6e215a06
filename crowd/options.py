"""Types of command-line options, for argparse: each refuses other values with a sentence."""

from argparse import ArgumentTypeError
from contextlib import suppress


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
