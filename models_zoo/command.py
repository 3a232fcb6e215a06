"""The command line of `python -m models_zoo.train`: every field of a config is an option."""

import argparse
import ast
import inspect
import os
import sys
import textwrap
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any, cast, get_type_hints

from models_zoo.augment import Augment
from models_zoo.base_data import BaseData, BaseDataError, ensure_mnist, load_mnist
from models_zoo.card import record
from models_zoo.config import FIRST, NEXT, PHOTOGRAPHS, Config, ConfigError
from models_zoo.files import read_json
from models_zoo.recipes import RECIPES
from models_zoo.suites import CHEAP, SUITES, evaluate
from models_zoo.train import Progress, TrainingFailed, choose_device, fit
from models_zoo.training_data import Pictures, read_test

BASE_FOLDER = Path(os.environ.get("DATA_DIR", "var")) / "base_data"
READY = {"first": FIRST, "next": NEXT, "photographs": PHOTOGRAPHS, "default": Config()}
NOTHING = (("base_replay", "all"), ("augment", "none"))
"""What a field's `null` is called on the command line."""


def main(arguments: list[str] | None = None) -> None:
    """Train, evaluate and write the model card; exits with a sentence when it cannot."""
    parser = build_parser()
    given = parser.parse_args(arguments)
    try:
        config = read_config(given)
        base = base_for(config, given.base)
        test = test_set(given, config, base)
        fitted = fit(given.folder, config, base=base, on_progress=show_progress)
        if test:
            rows = evaluate(
                fitted.model.to(choose_device(config.device)),
                fitted.weights_hash[:12],
                test,
                suites=given.suites,
                at_most=given.at_most,
            )
            record(given.folder, rows)
            for row in rows:
                if row.suite == "base":
                    print(f"Test set: {row.correct:,} of {row.n:,} right.")
        elif not given.no_evaluation:
            print("There is no test set to measure the model on: name a folder with --test.")
    except (BaseDataError, ConfigError, TrainingFailed) as error:
        sys.exit(str(error))
    print(f"{given.folder} holds the model; its weights hash is {fitted.weights_hash}.")


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m models_zoo.train",
        description="Train one model in a folder; called again, it goes on where it was stopped.",
        epilog=_recipes_help(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, help="the run's folder; data/ and parent/ in it are used if there")
    parser.add_argument("--base", type=Path, default=BASE_FOLDER, help="where MNIST is or will be put (%(default)s)")
    parser.add_argument(
        "--test",
        type=Path,
        metavar="FOLDER",
        help="evaluate on its test_images.npy and test_labels.npy; if not given, on those in data/, or else on MNIST's",
    )
    parser.add_argument("--start-from", choices=READY, default="first", help="ready config to change (%(default)s)")
    parser.add_argument("--config", type=Path, help="config as a JSON file, instead of a ready one")
    parser.add_argument("--suites", type=_suites, default=list(CHEAP), help=f"evaluate on these, of {','.join(SUITES)}")
    parser.add_argument("--at-most", type=_count, default=1000, help="pictures for each costly suite (%(default)s)")
    parser.add_argument("--no-evaluation", action="store_true", help="only train")
    options = parser.add_argument_group("config")
    explained = field_docs(Config)
    for name, kind in get_type_hints(Config).items():
        flag = "--" + name.replace("_", "-")
        text = explained[name].replace("%", "%%")
        if name in ("recipe", "augment"):
            options.add_argument(
                flag, metavar="NAME,FIELD=VALUE,..." if name == "recipe" else "FIELD=VALUE,...", help=text
            )
        elif kind is bool:
            options.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            options.add_argument(flag, type=_number if kind not in (str, int, float) else kind, help=text)
    return parser


def read_config(given: argparse.Namespace) -> Config:
    """The ready config or the file, changed by whatever options were given."""
    config = READY[given.start_from]
    if given.config:
        config = Config.from_json(_stored(given.config))
    changes: dict[str, Any] = {}
    for field in fields(Config):
        value = getattr(given, field.name)
        if value is not None:
            changes[field.name] = None if (field.name, value) in NOTHING else value
    if isinstance(changes.get("recipe"), str):
        name, *options = changes["recipe"].split(",")
        changes["recipe"] = {"name": name, **_values(options)}
    before = config.to_json()
    if changes.get("augment") == "default":
        changes["augment"] = {}
    elif isinstance(changes.get("augment"), str):
        changes["augment"] = {**(before["augment"] or {}), **_values(changes["augment"].split(","))}
    return Config.from_json({**before, **changes})


def base_for(config: Config, folder: Path) -> BaseData | None:
    """MNIST, fetched if need be; None when the config replays no base data."""
    if config.base_replay == 0:
        return None
    ensure_mnist(folder, progress=print)
    return load_mnist(folder)


def test_set(given: argparse.Namespace, config: Config, base: BaseData | None) -> Pictures | None:
    """What to measure on: the test set of the folder that was named, else of the run's own data, else of the base."""
    if given.no_evaluation:
        return None
    if found := read_test(given.test or given.folder / "data", config):
        return found
    if given.test:
        raise TrainingFailed(f"{given.test} has no test set: put test_images.npy and test_labels.npy there.")
    return (base.test_images, base.test_labels) if base else None


def show_progress(progress: Progress) -> None:
    """One line that is written over, and one that stays for each epoch."""
    line = (
        f"epoch {progress.epoch}/{progress.epochs}  step {progress.step}/{progress.steps}  loss {progress.loss:.4f}  "
        f"{progress.seconds_left:.0f} s left"
    )
    if progress.dev is None:
        print(f"\r{line}   ", end="", flush=True)
    else:
        scores = (f"{name} dev {score['correct']:,}/{score['n']:,}" for name, score in progress.dev.items())
        print("  ".join([f"\r{line}", *scores]), flush=True)


def field_docs(kind: type) -> dict[str, str]:
    """The docstring below each field of a dataclass, on one line."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    if not isinstance(body, ast.ClassDef):
        raise TypeError(f"{kind} is not a class")
    return {
        field.target.id: " ".join(note.value.value.split())
        for field, note in zip(body.body, body.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(note, ast.Expr)
        and isinstance(note.value, ast.Constant)
        and isinstance(note.value.value, str)
    }


def _recipes_help() -> str:
    lines = ["recipes and their fields:"]
    for name, recipe in [*RECIPES.items(), ("augment (an option of its own, for every recipe)", Augment)]:
        lines.append(f"\n  {name}: {(recipe.__doc__ or '').split(chr(10))[0]}")
        explained = field_docs(recipe)
        for field in fields(recipe):
            default = field.default if field.default is not MISSING else "?"
            lines += textwrap.wrap(
                f"{field.name}={default}  {explained[field.name]}",
                110,
                initial_indent="    ",
                subsequent_indent="      ",
            )
    return "\n".join(lines)


def _stored(path: Path) -> dict[str, Any]:
    """A config from a file, or from the `config.json` of a run."""
    try:
        stored = read_json(path)
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path} can't be read as JSON ({error}): name a file with a config in it.") from error
    found = stored.get("config", stored) if isinstance(stored, dict) else stored
    return cast("dict[str, Any]", found)


def _suites(text: str) -> list[str]:
    for name in (names := text.split(",")):
        if name not in SUITES:
            raise argparse.ArgumentTypeError(f"there is no suite {name!r}: choose of {', '.join(SUITES)}")
    return names


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of pictures: give 1 or more")
    return int(text)


def _values(pairs: list[str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for pair in filter(None, pairs):
        name, equals, value = pair.partition("=")
        if not equals:
            raise ConfigError(f"{pair!r} is not of the form field=value.")
        values[name] = _number(value)
    return values


def _number(text: str) -> Any:
    if text in ("True", "False"):
        return text == "True"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
