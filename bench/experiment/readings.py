"""What is read off the kept models and drawings when the page is written, beside the counts that each round kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.experiment.arms import MAIN
from bench.experiment.measure import HELD_OUT, Counts
from bench.experiment.numbers import Results
from bench.experiment.run import Experiment
from models_zoo.files import read_json

LATE_MODELS = 5
"""Newest models of the dynamic arm that are asked what they still misread."""


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

    round_tests: dict[int, dict[str, list[list[Counts]]]]
    """seed → main arm → model (the first adversary, then round by round) → round of the dynamic arm → right of n."""
    variety: dict[str, tuple[int, int]]
    """Main arm → of how many different trajectories its drawings were made, and how many drawings that are, over
    seeds."""
    misread: np.ndarray
    """bool [2, seeds, n]: MNIST's test digits that the first adversaries misread, and those that the dynamic arm's last
    models do."""
    still: list[Misread]
    """Over seeds, in the order of their labels."""
    models: list[dict[str, Any]]
    """What each seed's last model says of where it was trained: `versions`, `device`, `threads`."""


def read_off(experiments: Sequence[Experiment], results: Results) -> Readings:
    """Runs all models of the main arms on all test splits; a minute or two."""
    by_seed = {experiment.seed: experiment for experiment in experiments}
    there = {seed: [arm for arm in MAIN if arm in arms] for seed, arms in results.seeds.items()}
    last = results.rounds("dynamic")
    dynamic = [by_seed[seed] for seed in results.with_arm("dynamic")]
    varieties = {arm: [by_seed[seed].variety(arm) for seed in results.with_arm(arm)] for arm in MAIN}
    return Readings(
        round_tests={seed: {arm: by_seed[seed].on_round_tests(arm) for arm in arms} for seed, arms in there.items()},
        variety={arm: (sum(d for d, _ in found), sum(n for _, n in found)) for arm, found in varieties.items()},
        misread=np.stack([experiment.misread_before_and_after("dynamic", last) for experiment in dynamic], axis=1),
        still=sorted(
            (found for experiment in dynamic for found in _still_misread(experiment, last)),
            key=lambda found: (found.label, found.answer),
        ),
        models=[read_json(experiment.round_folder("dynamic", last) / "model.json") for experiment in dynamic],
    )


def _still_misread(experiment: Experiment, last: int) -> list[Misread]:
    images, labels = experiment.suites.pictures[HELD_OUT]
    answers = experiment.answers_on_held_out("dynamic", range(max(1, last - LATE_MODELS + 1), last + 1))
    places = np.flatnonzero((answers != labels).all(axis=0))
    return [Misread(images[place], int(labels[place]), int(answers[-1, place])) for place in places]
