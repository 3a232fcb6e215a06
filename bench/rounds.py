"""What the loop does to a model: rounds of collection with a simulated crowd, against two control arms.

    python -m bench.rounds                            20 rounds, 200 verified examples each, the three main arms, seed 0
    python -m bench.rounds --seeds 0 1 2 --arms all   everything; hours on two cores
    python -m bench.rounds --page-only                write docs/results.md anew from what is there
    python -m bench.rounds --short                    three small rounds in about a minute; writes no page

Each round's result is kept under `--folder`; the same command goes on where it was stopped, at any instant. The page
is about everything in the folder, so name another `--page` for a folder of trials.
"""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from models_zoo.process import prepare_process

if __name__ == "__main__":
    prepare_process()  # before the imports below load torch

import numpy as np

from bench.experiment import numbers
from bench.experiment.arms import ARMS, MAIN
from bench.experiment.page import write_page
from bench.experiment.run import Experiment, NothingCollected, OtherSettings, Settings
from crowd import CrowdError, HandwritingError, load_handwriting
from models_zoo.cli import BASE_FOLDER
from models_zoo.data.base_data import BaseDataError
from models_zoo.data.mnist import ensure_mnist, load_mnist
from models_zoo.files import read_json
from models_zoo.training.config import FIRST
from models_zoo.training.progress import TrainingFailed

SHORT = Settings(
    rounds=3,
    per_round=60,
    annotators=20,
    first=replace(FIRST, epochs=2, base_replay=10_000),
    changes={"base_replay": 5_000},
)
"""A weak first adversary, and little collected: enough to see the direction."""
LEAST = {"rounds": 1, "per_round": 1, "annotators": 10, "seeds": 0, "threads": 0}
"""A tenth of the annotators is dev and another one test, so of fewer than ten there is little to train on."""


def main(arguments: list[str] | None = None) -> None:
    given = _given(arguments)
    settings = Settings(given.rounds, given.per_round, given.annotators, first=FIRST)
    settings = replace(SHORT if given.short else settings, threads=given.threads)
    folder = given.folder / "short" if given.short else given.folder
    try:
        if not given.page_only:
            for experiment in prepare(folder, settings, given.seeds):
                for arm in list(ARMS) if "all" in given.arms else given.arms:
                    experiment.run(arm)
        if given.short:
            print(summary(folder, given.seeds))
        else:
            # As the folder says, whatever this command asked for: the page is about what was played there.
            played, seeds = played_in(folder)
            write_page(given.page, prepare(folder, played, seeds))
            print(f"{given.page} has the results.")
    except KeyboardInterrupt:
        sys.exit("Stopped; the same command goes on from there.")
    except (BaseDataError, CrowdError, HandwritingError, NothingCollected, OtherSettings, TrainingFailed) as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"Nothing more can be kept in {folder} or written to {given.page} ({error}): mend that, then go on.")


def prepare(folder: Path, settings: Settings, seeds: list[int]) -> list[Experiment]:
    """An experiment for each seed, with everything that it reads fetched."""
    ensure_mnist(BASE_FOLDER, progress=print)
    base, handwriting = load_mnist(BASE_FOLDER), load_handwriting()
    return [Experiment(folder, settings, seed, base, handwriting, _say) for seed in seeds]


def summary(folder: Path, seeds: list[int]) -> str:
    """What the rounds of the dynamic arm made of the errors on held-out writers, in a sentence."""
    results = numbers.Results({seed: arms for seed, arms in numbers.read(folder).seeds.items() if seed in seeds})
    if not (last := results.rounds("dynamic")):
        return "No round of the dynamic arm was played."
    before, after = (numbers.held_out_errors(results.of("dynamic", number)) for number in (0, last))
    fewer = numbers.fewer_errors(results, ("dynamic", last), ("dynamic", 0))
    return f"Errors on held-out writers: {before} at the start, {after} after round {last}, {fewer.in_words}."


def played_in(folder: Path) -> tuple[Settings, list[int]]:
    """How a folder's results were made, and the seeds that have some."""
    found = sorted(
        int(path.parent.parent.name.removeprefix("seed-")) for path in folder.glob("seed-*/first/result.json")
    )
    if not found:
        raise OtherSettings(f"{folder} has no results yet: run without --page-only first.")
    return Settings.from_json(read_json(folder / "settings.json")), found


def _say(sentence: str) -> None:
    print(sentence, flush=True)


def _given(arguments: list[str] | None) -> argparse.Namespace:
    """The command line's values, once it is sure that they go together."""
    parser = _parser()
    given = parser.parse_args(arguments)
    own = ("rounds", "per_round", "annotators", "page_only")
    if given.short and any(getattr(given, name) != parser.get_default(name) for name in own):
        parser.error("--short has a size of its own and no page: leave the other options out, or leave out --short")
    for name, least in LEAST.items():
        if np.min(getattr(given, name)) < least:
            parser.error(f"--{name.replace('_', '-')} must be {least} or more")
    return given


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.rounds", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    defaults, arms = Settings(), f"all, or {', '.join(ARMS)}"
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--rounds", type=int, default=defaults.rounds, help="(%(default)s)")
    parser.add_argument("--per-round", type=int, default=defaults.per_round, help="verified examples (%(default)s)")
    parser.add_argument("--annotators", type=int, default=defaults.annotators, help="10 or more (%(default)s)")
    parser.add_argument("--arms", nargs="+", default=list(MAIN), choices=[*ARMS, "all"], metavar="ARM", help=arms)
    parser.add_argument("--threads", type=int, default=0, help="CPU threads of a training; 0 for all")
    parser.add_argument("--folder", type=Path, default=BASE_FOLDER.parent / "rounds", help="(%(default)s)")
    parser.add_argument("--page", type=Path, default=Path("docs/results.md"), help="(%(default)s)")
    parser.add_argument("--page-only", action="store_true", help="train nothing, write the page from what is there")
    parser.add_argument("--short", action="store_true", help="three small rounds of a size of their own, no page")
    return parser


if __name__ == "__main__":
    main()
