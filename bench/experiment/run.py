"""One arm of the experiment, round after round; every finished round is stored, so a killed run resumes where it was.

<folder>/settings.json                     the settings; other settings need another folder
<folder>/seed-0/crowd.json                 a digest of the drawings that models are measured on
<folder>/seed-0/first/                     the first adversary, and result.json with its scores
<folder>/seed-0/dynamic/round-01/          collected.npz, collected.json, the model, result.json (written last)
"""

import hashlib
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self

import numpy as np
from torch import nn

from bench.experiment.arms import ARMS, COPIED, EVERYTHING, ORDINARY, SAME_ORDINARY, STATIC, Arm
from bench.experiment.collect import Collected, collect_everything, collect_fooling, collect_ordinary
from bench.experiment.measure import BASE_DEV, HELD_OUT, CorrectOfAll, EvaluationSets, count_right, evaluation_sets
from crowd import Crowd, Handwriting, make_crowd
from crowd.annotators import Memory
from models_zoo.data.base_data import BaseData
from models_zoo.data.run_data import LabelledImages
from models_zoo.files import read_json, write_array, write_json
from models_zoo.networks.checkpoints import load_model
from models_zoo.training.config import FIRST, Config
from models_zoo.training.fit import fit
from rounds import rules
from stats.scores import Score

RESULT, COLLECTED = "result.json", "collected.json"
MAX_ATTEMPTS = 40_000
"""Attempts after which a round closes with what it has."""
NO_MODEL_TO_FOOL = (ORDINARY, SAME_ORDINARY, EVERYTHING)
"""Sources whose drawings are made without a model to fool."""


class OtherSettings(ValueError):
    """The folder holds another experiment, or lacks what this one builds upon."""


class NothingCollected(ValueError):
    """A round ended without one verified drawing, so there is nothing to train on."""


@dataclass(frozen=True)
class Settings:
    """What all arms and seeds share."""

    rounds: int = 20
    per_round: int = 200
    """Verified examples that close a round."""
    annotators: int = 40
    first: Config = FIRST
    """How the first adversary is trained."""
    changes: dict[str, Any] = field(default_factory=dict)
    """Fields of every arm's config to replace, to make the experiment smaller."""
    threads: int = 0
    """CPU threads of a training; 0 for all."""

    def to_json(self) -> dict[str, Any]:
        """Without the number of rounds: more of them continue the same experiment."""
        return {
            "per_round": self.per_round,
            "annotators": self.annotators,
            "first": self.first.to_json(),
            "changes": self.changes,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The settings that `to_json` gave."""
        return cls(**{**value, "first": Config.from_json(value["first"])})


@dataclass(frozen=True)
class Experiment:
    """All arms of one seed."""

    folder: Path
    settings: Settings
    seed: int
    base: BaseData
    handwriting: Handwriting
    log: Callable[[str], None] = print

    def run(self, name: str) -> None:
        """Play all rounds of an arm that are not stored yet."""
        arm, crowd = ARMS[name], self.crowd(ARMS[name])
        _check_settings(self.folder / "settings.json", self.settings.to_json())
        _check_settings(self._seed_folder / "crowd.json", {"held_out_sha256": self._held_out_digest()})
        _check_settings(self._seed_folder / name / "arm.json", arm.to_json())
        self._train_first()
        for number in range(1, min(self.settings.rounds, arm.rounds) + 1):
            if not (self.round_folder(name, number) / RESULT).exists():
                self._play_round(name, arm, crowd, number)

    def round_folder(self, name: str, number: int) -> Path:
        return self._seed_folder / name / f"round-{number:02}"

    def model_after(self, name: str, number: int) -> Path:
        """An arm's model after a round; after round 0 it is the first adversary."""
        return self.round_folder(name, number) if number else self._seed_folder / "first"

    def finished(self, name: str) -> list[int]:
        """The stored rounds of an arm."""
        folders = (self._seed_folder / name).glob(f"round-*/{RESULT}")
        return sorted(int(path.parent.name.removeprefix("round-")) for path in folders)

    def crowd(self, arm: Arm) -> Crowd:
        return make_crowd(
            self.handwriting,
            annotators=self.settings.annotators,
            validators=arm.validators,
            seed=self.seed,
            habits=arm.habits,
            reading_errors=arm.reading_errors,
        )

    def split(self, name: str, number: int) -> dict[str, LabelledImages]:
        """A round's examples as `train`, `dev` and `test`: uint8 [n, 28, 28] and int64 [n] each.

        As on the site, annotators and not drawings are assigned. Dev and test hold what fooled only, where there was
        anything to fool.
        """
        images, labels, annotators, fooled = self._collected(name, number)
        sides = self.sides[annotators]
        measured = fooled | (ARMS[name].source in NO_MODEL_TO_FOOL)
        chosen = {"train": sides == "train", "dev": (sides == "dev") & measured, "test": (sides == "test") & measured}
        return {side: (images[of_side], labels[of_side]) for side, of_side in chosen.items()}

    def test_split(self, name: str, number: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The test split of a round that was drawn to fool, and who drew each drawing: uint8 [n, 28, 28], int64 [n],
        int64 [n]."""
        images, labels, annotators, fooled = self._collected(name, number)
        chosen = (self.sides[annotators] == "test") & fooled
        return images[chosen], labels[chosen], annotators[chosen]

    @cached_property
    def evaluation_sets(self) -> EvaluationSets:
        return evaluation_sets(self.crowd(ARMS["dynamic"]), self.base, seed=self.seed)

    @cached_property
    def sides(self) -> np.ndarray:
        """For each annotator `train`, `dev` or `test`, in all arms."""
        return annotator_sides(self.settings.annotators, self.seed)

    @property
    def _seed_folder(self) -> Path:
        return self.folder / f"seed-{self.seed}"

    def _collected(self, name: str, number: int) -> tuple[np.ndarray, ...]:
        """LabelledImages, labels, who drew them, and whether they fooled."""
        with np.load(self.round_folder(name, number) / "collected.npz", allow_pickle=False) as stored:
            return tuple(stored[key] for key in ("images", "labels", "annotators", "fooled"))

    def _held_out_digest(self) -> str:
        """SHA-256 of the held-out drawings: another crowd, or another way to draw, is another experiment."""
        return hashlib.sha256(self.evaluation_sets.pictures[HELD_OUT][0].tobytes()).hexdigest()

    def _train_first(self) -> None:
        folder = self.model_after("dynamic", 0)
        if (folder / RESULT).exists():
            return
        config = replace(self.settings.first, seed=self.seed, threads=self.settings.threads)
        started = time.monotonic()
        fitted = fit(folder, config, base=self.base)
        result = self.evaluation_sets.measure(fitted.model)
        write_json(folder / RESULT, result | {"train_seconds": time.monotonic() - started})
        self.log(f"seed {self.seed}: the first adversary, {_errors(result)}")

    def _play_round(self, name: str, arm: Arm, crowd: Crowd, number: int) -> None:
        folder = self.round_folder(name, number)
        started = time.monotonic()
        if not (folder / COLLECTED).exists():
            self._collect(name, arm, crowd, number)
        result: dict[str, Any] = read_json(folder / COLLECTED)
        result.pop("memories", None)
        if not arm.only_after or number in arm.only_after:
            result |= self._train_next(name, arm, number)
        write_json(folder / RESULT, result | {"seconds": time.monotonic() - started})
        self.log(f"seed {self.seed}, {name}, round {number}: {_fooled(result['counts'])}{_errors(result)}")

    def _collect(self, name: str, arm: Arm, crowd: Crowd, number: int) -> None:
        """The round's examples, into its folder; `collected.json` comes last."""
        folder = self.round_folder(name, number)
        folder.mkdir(parents=True, exist_ok=True)
        if arm.source in COPIED:
            self._copy_collected(name, COPIED[arm.source], number)
            return
        started = time.monotonic()
        self._restore_memories(name, crowd, number)
        site_rules = rules.Rules(target_verified=self.settings.per_round, non_fooling=arm.non_fooling)
        seed = [self.seed, 6, number]
        if arm.source == ORDINARY:
            collected = collect_ordinary(crowd, site_rules, seed=seed)
        elif arm.source == EVERYTHING:
            collected = collect_everything(crowd, seed=seed)
        else:
            adversary = load_model(self.model_after(name, 0 if arm.source == STATIC else number - 1))
            collected = collect_fooling(crowd, adversary, site_rules, seed=seed, max_attempts=MAX_ATTEMPTS)
        _store(folder, collected, crowd, arm, time.monotonic() - started)

    def _copy_collected(self, name: str, source: str, number: int) -> None:
        """The round's examples from another arm's folder."""
        original, folder = self.round_folder(source, number), self.round_folder(name, number)
        if not (original / COLLECTED).exists():
            raise OtherSettings(f"{name} trains on what {source} collected: run that arm first.")
        shutil.copyfile(original / "collected.npz", folder / "collected.npz")
        write_json(folder / COLLECTED, {"counts": {}})

    def _restore_memories(self, name: str, crowd: Crowd, number: int) -> None:
        """Every annotator as at the end of the round before."""
        if number > 1:
            memories = read_json(self.round_folder(name, number - 1) / COLLECTED)["memories"]
            for annotator, memory in zip(crowd.annotators, memories, strict=True):
                annotator.memory = Memory.from_json(memory)
        crowd.start_round(number)

    def _train_next(self, name: str, arm: Arm, number: int) -> dict[str, Any]:
        """Train as the site does, on everything collected so far, and measure."""
        folder = self.round_folder(name, number)
        parent = self.model_after(name, 0 if arm.only_after else number - 1)
        parts = [self.split(name, earlier) for earlier in range(1, number + 1)]
        dev = _write_data(folder / "data", parts)
        if arm.config.warm_start and not (folder / "parent").exists():
            # Relative, so that the folder can be moved to a machine with a GPU and go on there.
            (folder / "parent").symlink_to(Path(os.path.relpath(parent, folder)))
        seed = 1000 * (self.seed + 1) + number
        config = replace(arm.config, **self.settings.changes, seed=seed, threads=self.settings.threads)
        started = time.monotonic()
        fitted = fit(folder, config, base=self.base)
        trained = time.monotonic()
        measured = self.evaluation_sets.measure(fitted.model)
        base_dev = measured["scores"][BASE_DEV]
        return {
            **measured,
            "collected": {side: sum(len(part[side][1]) for part in parts) for side in parts[0]},
            "gate": self._gate(fitted.model, parent, base_dev, dev) if arm.config.warm_start else None,
            "train_seconds": trained - started,
            "train_cpu_seconds": sum(epoch["cpu_seconds"] for epoch in fitted.epochs),
            "measure_seconds": time.monotonic() - trained,
        }

    def _gate(self, model: nn.Module, parent: Path, base_dev: CorrectOfAll, dev: LabelledImages) -> bool:
        """Whether the site would have opened the next round by itself. The experiment goes on in any case."""
        parent_base_dev = read_json(parent / RESULT)["scores"][BASE_DEV]
        return rules.gate(
            base_dev=Score(*base_dev),
            parent_base_dev=Score(*parent_base_dev),
            adversarial_dev=Score(*count_right(model, dev)),
            parent_adversarial_dev=Score(*count_right(load_model(parent), dev)),
            rules=rules.Rules(),
        ).passed


def annotator_sides(annotators: int, seed: int) -> np.ndarray:
    """For each annotator `train`, `dev` or `test`: a tenth of them each to dev and test, str [annotators]."""
    tenth = max(1, annotators // 10)
    sides = np.array(["test"] * tenth + ["dev"] * tenth + ["train"] * (annotators - 2 * tenth))
    return np.random.default_rng([seed, 5]).permutation(sides)


def _check_settings(path: Path, settings: dict[str, Any]) -> None:
    """Write the settings of a new folder; raise OtherSettings where the folder has others."""
    if not path.exists():
        write_json(path, settings)
    if read_json(path) != settings:
        raise OtherSettings(f"{path} says that other settings were used there: use another --folder.")


def _write_data(folder: Path, parts: Sequence[dict[str, LabelledImages]]) -> LabelledImages:
    """The splits of several rounds together, as `fit` reads them. Returns the dev split."""
    together = {side: _joined([part[side] for part in parts]) for side in ("train", "dev")}
    for side, (images, labels) in together.items():
        write_array(folder / f"{side}_images.npy", images)
        write_array(folder / f"{side}_labels.npy", labels)
    return together["dev"]


def _joined(parts: Sequence[LabelledImages]) -> LabelledImages:
    return np.concatenate([images for images, _ in parts]), np.concatenate([labels for _, labels in parts])


def _store(folder: Path, collected: Collected, crowd: Crowd, arm: Arm, seconds: float) -> None:
    """Write what a round collected: pictures as arrays, the rest as JSON."""
    examples = [
        example
        for example in collected.examples
        if example.fooled or arm.source in NO_MODEL_TO_FOOL or arm.non_fooling != rules.NON_FOOLING_NONE
    ]
    if not examples:
        raise NothingCollected(
            f"{folder}: {collected.counts['attempts']:,} attempts and not one verified drawing. Use a smaller "
            "--per-round, or a weaker first adversary."
        )
    drawings = [example.drawing for example in examples]
    np.savez_compressed(
        folder / "collected.npz",
        images=np.stack([drawing.to_28x28() for drawing in drawings]),
        labels=np.array([drawing.claimed for drawing in drawings], dtype=np.int64),
        truths=np.array([-1 if drawing.truth is None else drawing.truth for drawing in drawings], dtype=np.int64),
        trajectories=np.array([drawing.trajectory for drawing in drawings], dtype=np.int64),
        annotators=np.array([example.annotator for example in examples], dtype=np.int64),
        fooled=np.array([example.fooled for example in examples], dtype=bool),
    )
    write_json(folder / COLLECTED, {
        "counts": dict(collected.counts),
        "by_annotator": [collected.by_annotator.get(annotator.number, [0, 0, 0]) for annotator in crowd.annotators],
        "memories": [annotator.memory.to_json() for annotator in crowd.annotators],
        "collect_seconds": seconds,
    })  # fmt: skip


def _fooled(counts: dict[str, int]) -> str:
    return f"{counts['fooled']} of {counts['attempts']} fooled, " if counts.get("fooled") else ""


def _errors(result: dict[str, Any]) -> str:
    if "scores" not in result:
        return "no training"
    return "errors " + ", ".join(
        f"{name} {100 * (1 - right / n):.2f} %" for name, (right, n) in result["scores"].items()
    )
