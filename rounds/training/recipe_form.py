"""What an admin can write into a recipe: every field of a configuration with its value and what it does."""

import json
from dataclasses import asdict, dataclass
from typing import Any

from models_zoo.training.augment import Augment
from models_zoo.training.config import NEXT, Config
from models_zoo.training.describe import field_docs
from models_zoo.training.recipes import RECIPES


@dataclass(frozen=True)
class FieldGroup:
    """Fields that belong together."""

    title: str
    about: str
    fields: list[tuple[str, str, str]]
    """Name, default as JSON, and what it does."""


def recipe_help() -> list[FieldGroup]:
    """The configuration's own fields, those of each recipe, those of `augment`."""
    config = field_docs(Config)
    config.pop("classes")  # comes from the task
    recipes = [_group(json.dumps({"recipe": {"name": name}}), recipe) for name, recipe in RECIPES.items()]
    return [
        FieldGroup("Fields", "", _field_rows(config, NEXT.to_json())),
        *(group for group in recipes if group.fields),
        _group('{"augment": {…}}', Augment),
    ]


def _group(title: str, kind: type) -> FieldGroup:
    about = (kind.__doc__ or "").partition("\n")[0]
    return FieldGroup(title, about, _field_rows(field_docs(kind), asdict(kind())))


def _field_rows(texts: dict[str, str], values: dict[str, Any]) -> list[tuple[str, str, str]]:
    return [(name, json.dumps(values[name]), text.replace("`", "")) for name, text in texts.items()]
