"""A config as options of a command line: one for each field, on top of a preset or a file."""

import argparse
import textwrap
from dataclasses import MISSING, asdict, fields
from pathlib import Path
from typing import Any, NamedTuple, cast, get_type_hints

from models_zoo.files import read_json
from models_zoo.limits import ConfigError
from models_zoo.networks.catalogue import ARCHITECTURES
from models_zoo.training.augment import Augment
from models_zoo.training.config import FIRST, NEXT, PHOTOGRAPHS, Config
from models_zoo.training.describe import field_docs
from models_zoo.training.recipes import RECIPES


class Preset(NamedTuple):
    config: Config
    about: str


PRESETS = {
    "first": Preset(FIRST, "The first adversary of a digits task: from scratch on MNIST, moved about as people draw."),
    "next": Preset(
        NEXT, "The adversary after it: from the weights in parent/, once over MNIST, with what was collected among it."
    ),
    "photographs": Preset(
        PHOTOGRAPHS,
        "resnet18 for colour photographs, from torchvision's weights, on the pictures in data/ alone.",
    ),
    "default": Preset(Config(), "Every option's own default: digit_cnn from scratch on MNIST, shown as it is."),
}
WORD_FOR_NONE = {"base_replay": "all", "augment": "none"}
"""What is written on the command line where a field shall be None."""


def add_config_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--start-from", choices=PRESETS, default="first", help="preset to start from: see below (%(default)s)"
    )
    parser.add_argument("--config", type=Path, help="config as a JSON file, instead of a preset")
    options = parser.add_argument_group("config", "In brackets: the value in the preset `first`.")
    explained = field_docs(Config) | {
        "architecture": f"One of {', '.join(ARCHITECTURES)}.",
        "recipe": "What one step minimises: see below.",
    }
    explained["augment"] += " default takes every field's default."
    for name, kind in get_type_hints(Config).items():
        text = f"{explained[name].replace('None', WORD_FOR_NONE.get(name, 'None'))} ({_as_written(name, FIRST)})"
        settings: dict[str, Any] = {"help": text.replace("%", "%%")}
        if name in ("recipe", "augment"):
            settings["metavar"] = "NAME,FIELD=VALUE,..." if name == "recipe" else "FIELD=VALUE,..."
        elif kind is bool:
            settings |= {"action": argparse.BooleanOptionalAction, "default": None}
        else:
            settings["type"] = kind if kind in (str, int, float) else _number
        options.add_argument("--" + name.replace("_", "-"), **settings)


def _as_written(name: str, config: Config) -> str:
    """A field's value as one would write it on the command line."""
    value = getattr(config, name)
    if name == "recipe":
        return str(value.name)
    if isinstance(value, Augment):
        return "default" if value == Augment() else ",".join(f"{field}={of}" for field, of in asdict(value).items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return WORD_FOR_NONE[name] if value is None else str(value) if value != "" else "empty"


def read_config(given: argparse.Namespace) -> Config:
    """The preset or the file, changed by whatever options were given.

    Raises:
        ConfigError: a file that can't be read, or options that make no sense.
    """
    before = (stored_config(given.config) if given.config else PRESETS[given.start_from].config).to_json()
    changes: dict[str, Any] = {}
    for field in fields(Config):
        value = getattr(given, field.name)
        if value is not None:
            changes[field.name] = None if value == WORD_FOR_NONE.get(field.name) else value
    if isinstance(changes.get("recipe"), str):
        changes["recipe"] = _recipe(changes["recipe"])
    if isinstance(changes.get("augment"), str):
        changes["augment"] = _augment(changes["augment"], before["augment"] or {})
    return Config.from_json({**before, **changes})


def _recipe(text: str) -> dict[str, Any]:
    name, *options = text.split(",")
    if name == "augment":
        raise ConfigError("To augment is an option for every recipe: give --augment default instead of --recipe.")
    return {"name": name, **_values(options)}


def _augment(text: str, before: dict[str, Any]) -> dict[str, Any]:
    return {} if text == "default" else {**before, **_values(text.split(","))}


def stored_config(path: Path) -> Config:
    """A config from a file of its own, or from the `config.json` of a run.

    Raises:
        ConfigError: the file can't be read as JSON, or holds no config.
    """
    try:
        stored = read_json(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} can't be read as JSON ({error}): name a file with a config in it.") from error
    found = stored.get("config", stored) if isinstance(stored, dict) else stored
    return Config.from_json(cast("dict[str, Any]", found))


def config_help() -> str:
    """The presets, and the recipes with their fields."""
    lines = ["presets for --start-from:", *(f"  {name}: {preset.about}" for name, preset in PRESETS.items())]
    lines += ["", "recipes and their fields:"]
    for name, kind in {**RECIPES, "augment (an option of its own, for every recipe)": Augment}.items():
        lines.append(f"\n  {name}: {(kind.__doc__ or '').splitlines()[0]}")
        explained = field_docs(kind)
        for field in fields(kind):
            default = field.default if field.default is not MISSING else "?"
            text = f"{field.name}={default}  {explained[field.name]}"
            lines += textwrap.wrap(text, 110, initial_indent="    ", subsequent_indent="      ")
    return "\n".join(lines)


def _values(pairs: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for pair in filter(None, pairs):
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"{pair!r} is not of the form field=value.")
        values[name] = _number(value)
    return values


def _number(text: str) -> Any:
    """The number or truth value that a text is, or else the text."""
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
