"""API serializers made from the types that describe JSON, so that a shape is written once, where it is built."""

from dataclasses import is_dataclass
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.plumbing import append_meta
from rest_framework import serializers

PLAIN: dict[type, type[serializers.Field[Any, Any, Any, Any]]] = {
    bool: serializers.BooleanField,
    float: serializers.FloatField,
    int: serializers.IntegerField,
    str: serializers.CharField,
}


@cache
def serializer_of(shape: type) -> type[serializers.Serializer[Any]]:
    """The serializer with the fields of `shape`, a TypedDict or a dataclass; always the same one for the same shape.

    In the OpenAPI schema it is a component with the name of `shape` (without "Json") and its docstring. A string in a
    field's `Annotated` is the field's description, a `stats.rates.Length` the length of its list.

    Raises TypeError for a type that has no field here: all but int, float, str, bool, Literal, other shapes, lists of
    them, and each of them or None.
    """
    fields = {name: _field(hint) for name, hint in get_type_hints(shape, include_extras=True).items()}
    name = f"{shape.__name__.removesuffix('Json')}Serializer"
    return type(name, (serializers.Serializer,), {**fields, "__doc__": shape.__doc__, "__module__": __name__})


def _field(hint: Any, **options: Any) -> Any:
    """The serializer field for a type hint; `options` are the field's arguments."""
    kind, args = get_origin(hint), get_args(hint)
    if kind is Annotated:
        for note in args[1:]:
            noted = (
                {"help_text": note} if isinstance(note, str) else {"min_length": note.items, "max_length": note.items}
            )
            options = {**noted, **options}
        return _field(args[0], **options)
    if kind in (Union, UnionType) and len(args) == 2 and NoneType in args:
        inner = next(arg for arg in args if arg is not NoneType)
        return _field(inner, allow_null=True, **options)
    if kind is Literal:
        return serializers.ChoiceField(choices=args, **options)
    if kind is list:
        return serializers.ListField(child=_field(args[0]), **options)
    if is_typeddict(hint) or is_dataclass(hint):
        return serializer_of(hint)(**options)
    if hint in PLAIN:
        return PLAIN[hint](**options)
    raise TypeError(f"There is no serializer field for {hint}.")


class NullableItems(OpenApiSerializerFieldExtension):
    """Lists with null items: drf-spectacular leaves `nullable` out where the items are nested serializers."""

    target_class = serializers.ListField

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        schema = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)
        if self.target.child.allow_null:
            schema["items"] = append_meta(schema["items"], {"nullable": True})
        return schema
