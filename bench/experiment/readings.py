"""What is read off the kept models and drawings when the page is written, beside the counts that each round kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import nn

from bench.experiment.arms import ARMS, EVERYTHING, MAIN
from bench.experiment.collect import collect_fooling
from bench.experiment.measure import BASE_DEV, BASE_TEST, CORRUPTION, HELD_OUT, Counts
from bench.experiment.numbers import Result, Results
from bench.experiment.run import Experiment
from bench.experiment.words import some
from models_zoo.files import read_json
from models_zoo.networks.checkpoints import load_model, load_trained
from models_zoo.networks.predict import probabilities
from rounds.rules import Rules

LATE_MODELS = 5
"""Newest models of the dynamic arm that are asked what they still misread."""
TEST_SOURCES = ("dynamic", "static")
"""Arms on the test splits of whose rounds models are measured: drawings that fooled the newest model, or the first."""
CHALLENGE, CHALLENGE_ROUND = 4_000, 1_000
"""Attempts of a crowd at the last models, and the round that it takes it for: one that is played nowhere."""
FIRST_ADVERSARY = "the first adversary"

ByHand = dict[int, Counts]
"""Annotator → right of asked, of those who drew."""
People = dict[int, list[int]]
"""Annotator → attempts, fooled, verified fooling."""


@dataclass(frozen=True)
class Misread:
    """A held-out drawing that each of a seed's last models misreads."""

    image: np.ndarray
    """uint8 [28, 28], bright ink on black."""
    label: int
    answer: int
    """The newest model's."""


@dataclass(frozen=True)
class Readings:
    """Of all seeds."""

    round_tests: dict[str, dict[int, dict[str, list[list[ByHand]]]]]
    """Of which arm's rounds the test splits are → seed → main arm → model (the first adversary, then round by round) →
    round → right of asked for each hand."""
    untrained: dict[int, set[int]]
    """Seed → annotators whose drawings are trained on in no arm."""
    challenged: dict[str, dict[int, People]]
    """`FIRST_ADVERSARY` or a main arm, whose last model it is → seed → what a crowd that begins without memories did to
    it, the same crowd for all models of a seed."""
    as_trained: dict[int, list[Result]]
    """Seed → for each round of the dynamic arm, the first adversary before them, what its model measured as the
    training left it, before it was averaged with its parent; {} for rounds that the page does not show."""
    variety: dict[str, tuple[int, int]]
    """Main arm → of how many different trajectories its drawings were made, and how many drawings that are, over
    seeds."""
    held_out_twice: Counts
    """Held-out drawings of trajectories that another seed holds out as well, of all."""
    misread: np.ndarray
    """bool [2, seeds, n]: MNIST's test digits that the first adversaries misread, and those that the dynamic arm's last
    models do."""
    corrupted: np.ndarray
    """bool [2, seeds x corruptions, n]: the same of the digits under each corruption at each severity."""
    still: list[Misread]
    """Over seeds, in the order of their labels."""
    others_misread: dict[str, Counts]
    """Another arm → how many of `still` its last model misreads too, of those of the seeds that have the arm."""
    models: list[dict[str, Any]]
    """What each seed's last model says of where it was trained: `versions`, `device`, `threads`."""


def read_off(experiments: Sequence[Experiment], results: Results) -> Readings:
    """Runs all models of the main arms on all test splits, and lets a crowd try to fool the last ones; some minutes."""
    by_seed = {experiment.seed: experiment for experiment in experiments}
    there = {seed: [arm for arm in MAIN if arm in arms] for seed, arms in results.seeds.items()}
    last = results.rounds("dynamic")
    dynamic = [by_seed[seed] for seed in results.with_arm("dynamic")]
    varieties = {arm: [_variety(by_seed[seed], arm) for seed in results.with_arm(arm)] for arm in MAIN}
    still = {experiment.seed: _still_misread(experiment, last) for experiment in dynamic}
    return Readings(
        round_tests={
            source: {
                seed: {arm: _on_round_tests(by_seed[seed], arm, source) for arm in arms}
                for seed, arms in there.items()
                if source in arms
            }
            for source in TEST_SOURCES
        },
        untrained={experiment.seed: set(np.flatnonzero(experiment.sides != "train")) for experiment in dynamic},
        challenged={
            FIRST_ADVERSARY: {experiment.seed: _challenged(experiment, "dynamic", 0) for experiment in dynamic},
            **{
                arm: {seed: _challenged(by_seed[seed], arm, results.rounds(arm)) for seed in results.with_arm(arm)}
                for arm in MAIN
            },
        },
        as_trained={experiment.seed: _as_trained(experiment, last) for experiment in dynamic},
        variety={arm: (sum(d for d, _ in found), sum(n for _, n in found)) for arm, found in varieties.items()},
        held_out_twice=_held_out_twice(dynamic),
        misread=np.stack([_before_and_after(experiment, BASE_TEST, last) for experiment in dynamic], axis=1),
        corrupted=np.concatenate([_corrupted(experiment, last) for experiment in dynamic], axis=1),
        still=sorted(
            (misread for experiment in dynamic for misread, _ in still[experiment.seed]),
            key=lambda found: (found.label, found.answer),
        ),
        others_misread={
            arm: _others_misread([by_seed[seed] for seed in seeds], arm, still)
            for arm in ("ordinary", "static", "scratch", EVERYTHING)
            if (seeds := results.with_arm(arm))
        },
        models=[read_json(experiment.model_after("dynamic", last) / "model.json") for experiment in dynamic],
    )


def _on_round_tests(experiment: Experiment, arm: str, source: str) -> list[list[ByHand]]:
    """Of each model of an arm on the test split of each round of the source; test hands are the same in all arms."""
    tests = [experiment.test_by_hand(source, number) for number in experiment.finished(source)]
    models = [load_model(experiment.model_after(arm, number)) for number in [0, *experiment.finished(arm)]]
    return [[_right_by_hand(model, *test) for test in tests] for model in models]


def _right_by_hand(model: nn.Module, images: np.ndarray, labels: np.ndarray, hands: np.ndarray) -> ByHand:
    if not len(labels):
        return {}
    right = _answers(model, images) == labels
    return {int(hand): (int(right[hands == hand].sum()), int((hands == hand).sum())) for hand in np.unique(hands)}


def _challenged(experiment: Experiment, arm: str, number: int) -> People:
    crowd = experiment.crowd(ARMS["dynamic"])
    crowd.start_round(CHALLENGE_ROUND)
    model = load_model(experiment.model_after(arm, number))
    asked = Rules(target_verified=CHALLENGE)  # more than can be verified, so that all attempts are made
    return collect_fooling(crowd, model, asked, seed=[experiment.seed, 7], most=CHALLENGE).by_annotator


def _as_trained(experiment: Experiment, last: int) -> list[Result]:
    models = {number: experiment.model_after("dynamic", number) for number in some(range(last + 1))}
    left_out = {CORRUPTION, BASE_DEV}
    return [
        experiment.suites.measure(load_trained(models[number]), leave_out=left_out) if number in models else {}
        for number in range(last + 1)
    ]


def _variety(experiment: Experiment, arm: str) -> tuple[int, int]:
    """Of how many different trajectories an arm's drawings were made, and how many drawings that are."""
    kept = [np.load(experiment.round_folder(arm, number) / "collected.npz") for number in experiment.finished(arm)]
    used = np.concatenate([arrays["trajectories"] for arrays in kept])
    return len(np.unique(used[used >= 0])), len(used)


def _held_out_twice(experiments: Sequence[Experiment]) -> Counts:
    drawn = [
        np.concatenate([ids for hand in experiment.crowd(ARMS["dynamic"]).held_out for ids in hand.trajectory_ids])
        for experiment in experiments
    ]
    seeds_of = np.bincount(np.concatenate(drawn))
    return int(seeds_of[seeds_of > 1].sum()), int(seeds_of.sum())


def _before_and_after(experiment: Experiment, suite: str, last: int) -> np.ndarray:
    """bool [2, n]: which pictures of a suite the first adversary misreads, and which the dynamic arm's last model."""
    images, labels = experiment.suites.pictures[suite]
    models = [load_model(experiment.model_after("dynamic", number)) for number in (0, last)]
    return np.stack([_answers(model, images) != labels for model in models])


def _corrupted(experiment: Experiment, last: int) -> np.ndarray:
    """bool [2, corruptions, digits]"""
    digits = experiment.suites.corrupted_digits
    return _before_and_after(experiment, CORRUPTION, last).reshape(2, -1, digits)


def _still_misread(experiment: Experiment, last: int) -> list[tuple[Misread, int]]:
    """Each with its place among the held-out drawings."""
    images, labels = experiment.suites.pictures[HELD_OUT]
    late = range(max(1, last - LATE_MODELS + 1), last + 1)
    answers = np.stack([_answers(load_model(experiment.model_after("dynamic", n)), images) for n in late])
    places = np.flatnonzero((answers != labels).all(axis=0))
    return [(Misread(images[place], int(labels[place]), int(answers[-1, place])), int(place)) for place in places]


def _others_misread(experiments: Sequence[Experiment], arm: str, still: dict[int, list[tuple[Misread, int]]]) -> Counts:
    misread = asked = 0
    for experiment in experiments:
        images, labels = experiment.suites.pictures[HELD_OUT]
        places = [place for _, place in still[experiment.seed]]
        model = load_model(experiment.model_after(arm, experiment.finished(arm)[-1]))
        misread += int((_answers(model, images)[places] != labels[places]).sum())
        asked += len(places)
    return misread, asked


def _answers(model: nn.Module, images: np.ndarray) -> np.ndarray:
    """int64 [n]"""
    return probabilities(model, images).argmax(axis=1)
