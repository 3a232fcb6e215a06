"""The command line: train a model and measure it, or train a stored one again to compare its weights hash.

    python -m models_zoo train FOLDER       every field of a config is an option
    python -m models_zoo rebuild FOLDER

The library never imports this module.
"""

import argparse
import hashlib
import os
import sys
from collections.abc import Callable
from dataclasses import replace
from json import JSONDecodeError
from pathlib import Path
from typing import Any, NoReturn

from torch import nn

from models_zoo.data.base_data import BaseData, BaseDataError
from models_zoo.data.base_sets import base_set
from models_zoo.data.run_data import LabelledImages, RunDataError, read_test_set
from models_zoo.files import read_json, write_json
from models_zoo.limits import ConfigError
from models_zoo.networks.catalogue import FOR_DIGITS
from models_zoo.networks.checkpoints import CheckpointError, load_meta, load_model
from models_zoo.robustness.attack_grid import DEFAULT_GRID, AttackGrid
from models_zoo.robustness.suites import CHEAP, SUITES, evaluate
from models_zoo.robustness.table import EvaluationRow, merged, read_rows
from models_zoo.training.config import Config
from models_zoo.training.fit import choose_device, fit
from models_zoo.training.model_card import PLAIN_RECIPE, ReferenceModel, record
from models_zoo.training.options import add_config_options, config_help, read_config, stored_config
from models_zoo.training.progress import TrainingFailed, show_progress
from models_zoo.training.rebuild import rebuild

BASE_FOLDER = Path(os.environ.get("DATA_DIR", "var")) / "base_data"
EXPECTED_ERRORS = (BaseDataError, CheckpointError, ConfigError, RunDataError, TrainingFailed)
"""Errors of which only the message is printed: a sentence for the person who ran the command."""
ORIGINS = ("data_sha256", "parent_weights_hash", "pretrained_sha256", "threads", "device", "versions")
"""What decides a model's weights besides its config: keys of `model.json`."""
MEASURED = "measured.json"
"""A file in the model's folder: the hash of the test set that it was measured on, and its reference."""


Evaluate = Callable[[nn.Module, str, LabelledImages | None], list[EvaluationRow]]
"""(model, its name in the rows, test set or None) → its evaluation table."""


def main(arguments: list[str] | None = None) -> None:
    options = build_parser().parse_args(arguments)
    options.run(options)


def train_command(options: argparse.Namespace) -> None:
    """Train, evaluate and write the model card; exits with a sentence when it cannot."""
    try:
        config = read_config(options)
        if options.reference and options.no_evaluation:
            raise ConfigError("A reference needs an evaluation: leave out --no-evaluation or --reference.")
        evaluate_model = make_evaluation(options, config)
        plain = load_plain(options.reference, config) if options.reference else None
        base = base_for(config, options.base)
        test = test_set(options, config, base)
        fitted = fit(options.folder, config, base=base, on_progress=show_progress)
        if not options.no_evaluation and (rows := evaluate_model(fitted.model, fitted.weights_hash[:12], test)):
            reference = None
            if plain:
                reference = reference_for(options.folder, options.reference, evaluate_model(plain, "reference", test))
            record_with_earlier(options.folder, rows, test=test, reference=reference)
            for row in rows:
                if row.condition.suite == "base" and not row.is_cell:
                    print(f"Test set: {row.correct:,} of {row.n:,} right.")
        elif not options.no_evaluation:
            print("There is no test set to measure the model on: name a folder with --test.")
    except EXPECTED_ERRORS as error:
        sys.exit(str(error))
    print(f"{options.folder} holds the model; its weights hash is {fitted.weights_hash}.")


def rebuild_command(options: argparse.Namespace) -> None:
    """Exit status 0 when the hash agrees, 1 when it does not, 2 when it could not be tried."""
    try:
        config = Config.from_json(read_json(options.folder / "config.json")["config"])
        result = rebuild(options.folder, base=base_for(config, options.base), on_progress=show_progress)
    except FileNotFoundError as error:
        _exit(2, f"{error.filename} is missing: name the folder of a finished run.")
    except (JSONDecodeError, KeyError):
        _exit(2, f"The config.json in {options.folder} is not a run's: name the folder of a finished run.")
    except EXPECTED_ERRORS as error:
        _exit(2, str(error))
    print(f"recorded {result.recorded}\nrebuilt  {result.rebuilt}")
    for difference in result.differences:
        print(f"Note: {difference}.")
    print("The weights agree." if result.agrees else "The weights do NOT agree.")
    sys.exit(0 if result.agrees else 1)


def _exit(status: int, sentence: str) -> NoReturn:
    print(sentence, file=sys.stderr)
    sys.exit(status)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m models_zoo", description="Train networks and measure them.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_train(
        commands.add_parser(
            "train",
            help="train one model and measure it",
            description="Train one model in a folder; called again, it goes on where it was stopped.",
            epilog=config_help(),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
    )
    again = "train a model again and compare its weights hash"
    _add_rebuild(commands.add_parser("rebuild", help=again, description=f"{again.capitalize()}."))
    return parser


def _add_rebuild(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=rebuild_command)
    parser.add_argument("folder", type=Path, help="a finished run, with the data and parent it was trained from")
    parser.add_argument("--base", type=Path, default=BASE_FOLDER, help="folder of the base data (%(default)s)")


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(run=train_command)
    parser.add_argument("folder", type=Path, help="the run's folder; data/ and parent/ in it are used if there")
    parser.add_argument("--base", type=Path, default=BASE_FOLDER, help="where MNIST is or will be put (%(default)s)")
    parser.add_argument(
        "--test",
        type=Path,
        metavar="FOLDER",
        help="evaluate on its test_images.npy and test_labels.npy; if not given, on those in data/, or else on MNIST's",
    )
    _add_evaluation(parser.add_argument_group("evaluation"))
    add_config_options(parser)


def _add_evaluation(group: Any) -> None:
    cheap, costly = ",".join(CHEAP), ", ".join(name for name in SUITES if name not in CHEAP)
    linf, l2 = (",".join(f"{epsilon:g}" for epsilon in grid) for grid in (DEFAULT_GRID.linf, DEFAULT_GRID.l2))
    for flag, kind, metavar, default, text in (
        ("--suites", _suites, "NAME,...", cheap, f"any of {', '.join(SUITES)} (%(default)s)"),
        ("--at-most", _count, "N", 1000, f"pictures for each of {costly} (%(default)s)"),
        ("--linf", _epsilons, "EPSILON,...", linf, "largest changes of a pixel by fgsm and pgd, or none (%(default)s)"),
        ("--l2", _epsilons, "EPSILON,...", l2, "the same, of the whole picture's length (%(default)s)"),
        ("--pgd-steps", _count, "N", DEFAULT_GRID.steps, "steps of pgd (%(default)s)"),
        ("--pgd-restarts", _count, "N", DEFAULT_GRID.restarts, "random starts of pgd (%(default)s)"),
        ("--pgd-step-size", float, "LENGTH", None, "length of a step of pgd, if not 2.5 epsilon / steps"),
    ):
        group.add_argument(flag, type=kind, metavar=metavar, default=default, help=text)
    group.add_argument(
        "--round",
        type=_round,
        metavar="TITLE=FOLDER",
        action="append",
        default=[],
        help="also a round's test split: test_images.npy and test_labels.npy in a folder; once for each round",
    )
    group.add_argument(
        "--reference",
        type=Path,
        metavar="FOLDER",
        help="a plainly trained model, measured on the same pictures and compared with this one on its card",
    )
    group.add_argument("--no-evaluation", action="store_true", help="only train")


def base_for(config: Config, folder: Path) -> BaseData | None:
    """MNIST, fetched if need be; None when the config replays no base data."""
    if config.base_replay == 0:
        return None
    return base_set("mnist").fetch(folder, progress=print)


def make_evaluation(options: argparse.Namespace, config: Config) -> Evaluate:
    """The evaluation that the options describe.

    Raises:
        ConfigError, RunDataError: an attack that can't be made, or a round's folder that can't be read.
    """
    attacks = AttackGrid(options.linf, options.l2, options.pgd_steps, options.pgd_restarts, options.pgd_step_size)
    device = choose_device(config.device)
    rounds = {title: _test_pictures(folder, config) for title, folder in options.round}

    def evaluate_model(model: nn.Module, name: str, test: LabelledImages | None) -> list[EvaluationRow]:
        return evaluate(
            model.to(device), name, test, rounds=rounds, suites=options.suites, at_most=options.at_most, attacks=attacks
        )

    return evaluate_model


def test_set(options: argparse.Namespace, config: Config, base: BaseData | None) -> LabelledImages | None:
    """The test set of the folder that was named, else of the run's own data, else of the base."""
    if options.test:
        return _test_pictures(options.test, config)
    own = read_test_set(options.folder / "data", architecture=config.architecture, classes=config.classes)
    return own or ((base.test_images, base.test_labels) if base else None)


def _test_pictures(folder: Path, config: Config) -> LabelledImages:
    found = read_test_set(folder, architecture=config.architecture, classes=config.classes)
    if not found:
        raise RunDataError(f"{folder} has no test set: put test_images.npy and test_labels.npy there.")
    return found


def load_plain(folder: Path, config: Config) -> nn.Module:
    """The network of a finished run that can be the reference of a model with this config.

    Raises:
        CheckpointError: the folder holds no finished model.
        ConfigError: it was not trained plainly, or for other labels.
    """
    model, plain = load_model(folder), stored_config(folder / "config.json")
    if plain.recipe.name != PLAIN_RECIPE:
        raise ConfigError(
            f"{folder} was trained with the recipe {plain.recipe.name}: as a reference name one of {PLAIN_RECIPE}."
        )
    if plain.classes != config.classes:
        raise ConfigError(
            f"{folder} knows {plain.classes} labels, this model {config.classes}: name a reference with as many."
        )
    if (plain.architecture in FOR_DIGITS) != (config.architecture in FOR_DIGITS):
        raise ConfigError(
            f"{folder} holds a {plain.architecture}, which takes other pictures than a {config.architecture}: name a "
            "reference that takes the same."
        )
    return model


def reference_for(folder: Path, plain: Path, rows: list[EvaluationRow]) -> ReferenceModel:
    """The plainly trained model of one folder, with its rows, for the card of the model in another."""
    own, other = (stored_config(run / "config.json").to_json() for run in (folder, plain))
    differs = [name for name in own if name != "recipe" and own[name] != other.get(name)]
    model, meta = load_meta(folder), load_meta(plain)
    differs += [name for name in ORIGINS if model.get(name) != meta.get(name)]
    about = (
        f"`{meta['architecture']}` with the weights hash `{meta['weights_hash']}`, trained plainly and measured on the "
        f"same pictures. Apart from the recipe it differs in {', '.join(differs) or 'nothing'}."
    )
    if other["warm_start"]:
        about += " It started from a parent of whose training nothing is known here."
    return ReferenceModel("its plainly trained reference", about, rows)


def record_with_earlier(
    folder: Path, rows: list[EvaluationRow], *, test: LabelledImages | None, reference: ReferenceModel | None
) -> None:
    """Store a model's table and write its card; what an earlier call measured on the same test set stays in both.

    The reference of an earlier call stays too, unless another one is given.
    """
    stored = read_json(folder / MEASURED) if (folder / MEASURED).exists() else {}
    test_sha256 = _sha256(test) if test else stored.get("test_sha256")
    earlier, last_reference = read_rows(folder), ReferenceModel.from_json(stored.get("reference"), folder / MEASURED)
    if test_sha256 != stored.get("test_sha256", test_sha256):
        print("This is not the test set of the last evaluation, whose rows are replaced.")
        earlier, last_reference = [], None
    if reference and last_reference and reference.about == last_reference.about:
        reference = replace(reference, rows=merged(last_reference.rows, reference.rows))
    reference, table = reference or last_reference, merged(earlier, rows)
    if kept := {row.condition.suite for row in table} - {row.condition.suite for row in rows}:
        print(f"Kept from an earlier evaluation: {', '.join(sorted(kept))}.")
    record(folder, table, reference=reference)
    # Last: a kill before it leaves the old hash, and then the next evaluation replaces everything at worst.
    write_json(folder / MEASURED, {"test_sha256": test_sha256, "reference": reference and reference.to_json()})


def _sha256(pictures: LabelledImages) -> str:
    return hashlib.sha256(b"".join(array.tobytes() for array in pictures)).hexdigest()


def _suites(text: str) -> list[str]:
    for name in (names := text.split(",")):
        if name not in SUITES:
            raise argparse.ArgumentTypeError(f"there is no suite {name!r}: choose of {', '.join(SUITES)}")
    return names


def _count(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is no such number: give 1 or more")
    return int(text)


def _epsilons(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part) for part in text.split(",")) if text != "none" else ()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form 0.1,0.3 or none") from error


def _round(text: str) -> tuple[str, Path]:
    """A round's title and the folder of its test split."""
    title, _, folder = text.partition("=")
    if not title or not folder or title == "all":
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form TITLE=FOLDER, with a title other than all")
    return title, Path(folder)
