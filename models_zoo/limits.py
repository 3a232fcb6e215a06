"""What a field of a config may hold: types that carry their range, and one check of a dataclass against them all."""

import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any, get_type_hints


class ConfigError(ValueError):
    """A config with an unknown field or a value out of range. The message is one sentence that names the field."""


@dataclass(frozen=True)
class Limit:
    """A condition on a field's value."""

    words: str
    """Completes the sentence "it must be ..."."""
    holds: Callable[[Any], bool]


def one_of(*names: str) -> Limit:
    return Limit(f"one of {', '.join(names)}", lambda value: value in names)


POSITIVE = Limit("more than 0", lambda value: value > 0)
NOT_NEGATIVE = Limit("0 or more", lambda value: value >= 0)

PositiveInt = Annotated[int, POSITIVE]
NonNegativeInt = Annotated[int, NOT_NEGATIVE]
PositiveFloat = Annotated[float, POSITIVE]
NonNegativeFloat = Annotated[float, NOT_NEGATIVE]
ZeroToOne = Annotated[float, Limit("0 to 1", lambda value: 0 <= value <= 1)]


def _is_number(value: Any, kind: Any) -> bool:
    """A bool is an int to Python, but no number here."""
    return isinstance(value, kind) and not isinstance(value, bool)


TYPES: dict[Any, Limit] = {
    bool: Limit("of type bool", lambda value: isinstance(value, bool)),
    int: Limit("of type int", lambda value: _is_number(value, int)),
    int | None: Limit("of type int or None", lambda value: value is None or _is_number(value, int)),
    float: Limit("a finite number", lambda value: _is_number(value, float | int) and abs(value) <= sys.float_info.max),
    str: Limit("of type str", lambda value: isinstance(value, str)),
}


def check(part: Any, title: str) -> None:
    """Check every field of a dataclass against its type, where that is a number or a word, and the limits it names.

    Raises:
        ConfigError: the first field whose value is outside them.
    """
    types, annotated = get_type_hints(type(part)), get_type_hints(type(part), include_extras=True)
    for name in (field.name for field in fields(part)):
        limits = [TYPES[types[name]]] if types[name] in TYPES else []
        for limit in [*limits, *getattr(annotated[name], "__metadata__", ())]:
            if not limit.holds(getattr(part, name)):
                raise ConfigError(f"The {title}'s {name} must be {limit.words}.")
