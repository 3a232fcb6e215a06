"""What is measured with the stored models and drawings once the rounds are played, and added to their counts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from torch import nn

from bench.experiment.arms import ARMS, EVERYTHING, MAIN
from bench.experiment.collect import collect_fooling
from bench.experiment.measure import BASE_DEV, CORRUPTION, HELD_OUT, CorrectOfAll, count_by, predictions
from bench.experiment.results import Result, Results, WriterCounts
from bench.experiment.run import Experiment
from models_zoo.networks.checkpoints import load_model, load_trained
from rounds.rules import Rules

LATE_MODELS = 5
"""So many of the dynamic arm's newest models are compared in what they misread."""
TEST_SOURCES = ("dynamic", "static")
"""Arms on the test splits of whose rounds models are measured: drawings that fooled the newest model, or the first."""
GROUP = 5
"""Rounds whose test splits are put together: each alone has some twenty drawings."""
FRESH_ATTEMPTS, FRESH_ROUND = 4_000, 1_000
"""Attempts of fresh annotators at the last models, and a round number for them that is played nowhere."""
NOT_AVERAGED = "dynamic, not averaged"
"""In the counts an arm of its own: the dynamic arm's models before they were averaged with their parents."""
ROUNDS_SHOWN = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20)

FRESH = "attempts, fresh annotators"
FRESH_FOOLED, FRESH_VERIFIED = "fooled, fresh annotators", "verified, fresh annotators"
TRAJECTORIES = "distinct trajectories"
HELD_OUT_TWICE = "held-out drawings of trajectories that another seed holds out"
STILL_MISREAD = "drawings that all late dynamic models misread"


@dataclass(frozen=True)
class Misread:
    """A held-out drawing that each of a seed's last models misreads."""

    image: np.ndarray
    """uint8 [28, 28], bright ink on black."""
    label: int
    predicted: int
    """By the newest model."""
    index: int
    """Among the seed's held-out drawings."""


def measure_after_rounds(experiments: Sequence[Experiment], results: Results) -> list[Misread]:
    """Measure the main arms' models once more and add the counts to `results`; some minutes.

    All models of the main arms classify all test splits, and annotators without memories try to fool the last ones.

    Returns:
        The drawings that are still misread, over seeds, by label.
    """
    last, misread = results.rounds("dynamic"), []
    held_out_twice = held_out_by_others(experiments)
    for experiment in experiments:
        arms = results.seeds[experiment.seed]
        for arm in (arm for arm in MAIN if arm in arms):
            _add_test_splits(experiment, arms, arm)
            _add_fresh(experiment, arms[arm][-1], arm, len(arms[arm]) - 1)
            arms[arm][-1].totals[TRAJECTORIES] = count_trajectories(experiment, arm)
        if "dynamic" not in arms:
            continue
        _add_fresh(experiment, arms["dynamic"][0], "dynamic", 0)
        arms["dynamic"][0].totals[HELD_OUT_TWICE] = held_out_twice[experiment.seed]
        arms[NOT_AVERAGED] = as_trained(experiment, last)
        still = find_still_misread(experiment, last)
        arms["dynamic"][-1].totals[STILL_MISREAD] = len(still), len(experiment.evaluation_sets.writers)
        for arm in ("ordinary", "static", "scratch", EVERYTHING):
            if arm in arms:
                arms[arm][-1].totals[STILL_MISREAD] = misread_of(experiment, arm, still)
        misread += still
    return sorted(misread, key=lambda drawing: (drawing.label, drawing.predicted))


# --- Test splits --------------------------------------------------------------------------------------------------


def right_on_split(source: str, number: int) -> str:
    """How counts call it."""
    return f"right on the test split of {source} round {number}"


def right_on_splits(source: str, group: Sequence[int]) -> str:
    return f"right on the test splits of {source} rounds {group[0]} to {group[-1]}"


def groups_of(source: str, rounds: int) -> list[range]:
    """Rounds 1 to `rounds` in groups; the static arm's all fooled one model and stay together."""
    if source == "static":
        return [range(1, rounds + 1)] if rounds else []
    return [range(start, min(start + GROUP, rounds + 1)) for start in range(1, rounds + 1, GROUP)]


def models_shown(arm: str, rounds: int) -> list[int]:
    """After which rounds tables show a model on the test splits; the first adversary once, with the dynamic arm."""
    later = {*range(GROUP, rounds + 1, GROUP), rounds} - {0}
    return sorted({0} | later) if arm == "dynamic" else sorted(later)


def _add_test_splits(experiment: Experiment, arms: dict[str, list[Result]], arm: str) -> None:
    """Totals for every model of an arm; by writer for those that tables show."""
    for source in (source for source in TEST_SOURCES if source in arms):
        on_splits, rounds = on_test_splits(experiment, arm, source), len(arms[arm]) - 1
        for number, splits in enumerate(on_splits):
            result = arms[arm][number]
            if source == "dynamic":
                for test, split in enumerate(splits, 1):
                    result.totals[right_on_split(source, test)] = _sum(split.values())
            for group in groups_of(source, len(splits)):
                by_writer = _by_writer([splits[test - 1] for test in group])
                name = right_on_splits(source, group)
                if source == "static":
                    result.totals[name] = _sum(by_writer.values())
                if number in models_shown(arm, rounds):
                    result.writers.extend(
                        WriterCounts(name, "test", writer, drawings, right)
                        for writer, (right, drawings) in by_writer.items()
                    )


def on_test_splits(experiment: Experiment, arm: str, source: str) -> list[list[dict[int, CorrectOfAll]]]:
    """For each model of an arm, the first adversary before them, for each round of the source: test annotator → counts.

    Test annotators are the same in all arms.
    """
    splits = [experiment.test_split(source, number) for number in experiment.finished(source)]
    models = [load_model(experiment.model_after(arm, number)) for number in [0, *experiment.finished(arm)]]
    return [[_right_by_annotator(model, *split) for split in splits] for model in models]


def _right_by_annotator(
    model: nn.Module, images: np.ndarray, labels: np.ndarray, annotators: np.ndarray
) -> dict[int, CorrectOfAll]:
    return count_by(annotators, predictions(model, images) == labels) if len(labels) else {}


def _by_writer(splits: Sequence[dict[int, CorrectOfAll]]) -> dict[int, CorrectOfAll]:
    """Each person's counts over several rounds; not everybody drew in each."""
    people = sorted({person for split in splits for person in split})
    return {person: _sum(split[person] for split in splits if person in split) for person in people}


def _sum(counts: Iterable[CorrectOfAll]) -> CorrectOfAll:
    rows = list(counts)
    return sum(right for right, _ in rows), sum(n for _, n in rows)


# --- Fresh annotators ---------------------------------------------------------------------------------------------


def _add_fresh(experiment: Experiment, result: Result, arm: str, number: int) -> None:
    """What fresh annotators did to the model after a round, in total and by annotator."""
    by_annotator = try_to_fool(experiment, arm, number)
    attempts, fooled, verified = (sum(counts[index] for counts in by_annotator.values()) for index in range(3))
    result.totals[FRESH_FOOLED] = fooled, attempts
    result.totals[FRESH_VERIFIED] = verified, attempts
    result.writers.extend(
        WriterCounts(FRESH, str(experiment.sides[annotator]), annotator, tries, fooled=fooled, verified=verified)
        for annotator, (tries, fooled, verified) in by_annotator.items()
    )


def try_to_fool(experiment: Experiment, arm: str, number: int) -> dict[int, list[int]]:
    """Annotator → attempts, fooled, verified: of a crowd without memories, the same for all models of a seed."""
    crowd = experiment.crowd(ARMS["dynamic"])
    crowd.start_round(FRESH_ROUND)
    model = load_model(experiment.model_after(arm, number))
    rules = Rules(target_verified=FRESH_ATTEMPTS)  # more than can be verified, so that all attempts are made
    return collect_fooling(crowd, model, rules, seed=[experiment.seed, 7], max_attempts=FRESH_ATTEMPTS).by_annotator


# --- Models before averaging --------------------------------------------------------------------------------------


def as_trained(experiment: Experiment, last: int) -> list[Result]:
    """The dynamic arm's models as their trainings left them, round by round; empty for rounds that no table shows."""
    shown, left_out = shown_rounds(range(last + 1)), {CORRUPTION, BASE_DEV}
    return [
        Result.from_json(
            experiment.evaluation_sets.measure(
                load_trained(experiment.model_after("dynamic", number)), leave_out=left_out
            ),
            experiment.sides,
        )
        if number in shown
        else Result({}, [])
        for number in range(last + 1)
    ]


def shown_rounds(rounds: Sequence[int], *, step: int = 1) -> list[int]:
    """Those that tables show, or every second of them with a step of 2, and the last."""
    shown = [number for number in rounds if number in ROUNDS_SHOWN][::step]
    return shown if not rounds or rounds[-1] in shown else [*shown, rounds[-1]]


# --- Drawings -----------------------------------------------------------------------------------------------------


def count_trajectories(experiment: Experiment, arm: str) -> CorrectOfAll:
    """How many different trajectories an arm's drawings were made of, and how many drawings there are."""
    folders = [experiment.round_folder(arm, number) for number in experiment.finished(arm)]
    trajectories = np.concatenate([np.load(folder / "collected.npz")["trajectories"] for folder in folders])
    return len(np.unique(trajectories[trajectories >= 0])), len(trajectories)


def held_out_by_others(experiments: Sequence[Experiment]) -> dict[int, CorrectOfAll]:
    """Seed → held-out drawings of trajectories that another seed holds out as well, and all."""
    drawn = {
        experiment.seed: np.concatenate(
            [members for writer in experiment.crowd(ARMS["dynamic"]).held_out for members in writer.trajectory_ids]
        )
        for experiment in experiments
    }
    seeds_of = np.bincount(np.concatenate(list(drawn.values())))
    return {seed: (int((seeds_of[of_seed] > 1).sum()), len(of_seed)) for seed, of_seed in drawn.items()}


def find_still_misread(experiment: Experiment, last: int) -> list[Misread]:
    """Held-out drawings that all of the last models misread."""
    images, labels = experiment.evaluation_sets.pictures[HELD_OUT]
    late = range(max(1, last - LATE_MODELS + 1), last + 1)
    predicted = np.stack([predictions(load_model(experiment.model_after("dynamic", n)), images) for n in late])
    return [
        Misread(images[index], int(labels[index]), int(predicted[-1, index]), int(index))
        for index in np.flatnonzero((predicted != labels).all(axis=0))
    ]


def misread_of(experiment: Experiment, arm: str, drawings: Sequence[Misread]) -> CorrectOfAll:
    """How many of these held-out drawings the last model of another arm misreads too, and all of them."""
    images, labels = experiment.evaluation_sets.pictures[HELD_OUT]
    chosen = [drawing.index for drawing in drawings]
    model = load_model(experiment.model_after(arm, experiment.finished(arm)[-1]))
    return int((predictions(model, images)[chosen] != labels[chosen]).sum()), len(chosen)
