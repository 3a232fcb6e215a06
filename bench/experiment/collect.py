"""One round of collection, in process: the crowd draws, the adversary answers, validators settle, as on the site.

The verification rules are the site's own (`rounds.rules`), and drawings are scaled as the site scales them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from torch import nn

from bench.experiment.measure import predictions
from crowd import Crowd, SimulatedAnnotator, SimulatedDrawing
from crowd.drawings import draw_digit
from rounds.rules import REJECTED, VERIFIED, Rules, settle

STYLES = 3
"""How often `collect_everything` draws each trajectory."""
LABELS = [str(label) for label in range(10)]


@dataclass(frozen=True)
class CollectedDrawing:
    """One settled drawing and its author."""

    drawing: SimulatedDrawing
    annotator: int
    fooled: bool


@dataclass
class Collected:
    """The examples that a round collected, and counts of what happened in it."""

    examples: list[CollectedDrawing] = field(default_factory=list)
    """Verified ones: those that fooled, and those of the others that were sampled for validation."""
    counts: Counter[str] = field(default_factory=Counter)
    """`attempts`, `fooled`, `fooled_rightly` (the drawing is what it claims), `verified`, `rejected`, `prompts`,
    `given_up`, `votes`; against the truth `verified_wrongly` and `rejected_wrongly`; for drawings that did not fool
    `sampled`, `sampled_verified` and so on."""

    by_annotator: dict[int, list[int]] = field(default_factory=dict)
    """Annotator → attempts, fooled and verified fooling ones, for intervals that resample annotators."""

    @property
    def fooling(self) -> int:
        """Verified fooling examples."""
        return self.counts["verified"]


def collect_fooling(crowd: Crowd, model: nn.Module, rules: Rules, *, seed: list[int], max_attempts: int) -> Collected:
    """A round with a model in the loop, until `rules.target_verified` fooling examples are verified.

    All annotators draw at once, and learn of the verdicts before they draw again. After `max_attempts` the round closes
    with what it has, as by a deadline.
    """
    random = np.random.default_rng(seed)
    collected, prompts, busy = Collected(), _balanced(random), set[int]()
    while collected.fooling < (rules.target_verified or 0) and collected.counts["attempts"] < max_attempts:
        drawings = []
        for number, annotator in enumerate(crowd.annotators):
            if number not in busy:
                annotator.start_prompt(next(prompts))
                busy.add(number)
                collected.counts["prompts"] += 1
            drawings.append(annotator.draw())
        predicted = predictions(model, np.stack([drawing.to_28x28() for drawing in drawings]))
        for number, drawing in enumerate(drawings):
            if collected.fooling == rules.target_verified:
                break
            fooled = bool(predicted[number] != drawing.claimed)
            if _submit(crowd, crowd.annotators[number], drawing, fooled, rules, random, collected):
                busy.discard(number)
    return collected


def collect_ordinary(crowd: Crowd, rules: Rules, *, seed: list[int]) -> Collected:
    """A round without a model: everybody draws each prompt once, in their usual way, until enough are verified.

    Every drawing is validated; the examples count as `fooled` nowhere.
    """
    random = np.random.default_rng(seed)
    collected, prompts = Collected(), _balanced(random)
    while len(collected.examples) < (rules.target_verified or 0):
        number = collected.counts["prompts"] % len(crowd.annotators)
        crowd.annotators[number].start_prompt(next(prompts))
        drawing = crowd.annotators[number].draw()
        collected.counts.update(prompts=1, attempts=1)
        _validate(crowd, CollectedDrawing(drawing, number, fooled=False), rules, random, collected)
    return collected


def collect_everything(crowd: Crowd, *, seed: list[int]) -> Collected:
    """Every trajectory of every annotator, `STYLES` times in their usual way, with its true label: all that could be
    collected without a model."""
    random = np.random.default_rng(seed)
    collected = Collected()
    for number, annotator in enumerate(crowd.annotators):
        for label, members in enumerate(annotator.writer.trajectory_ids):
            for trajectory in np.repeat(members, STYLES):
                style = annotator.writer.usual_style(random)
                drawing = draw_digit(crowd.handwriting, int(trajectory), style, claimed=label)
                collected.examples.append(CollectedDrawing(drawing, number, fooled=False))
    collected.counts["attempts"] = len(collected.examples)
    return collected


def _submit(
    crowd: Crowd,
    annotator: SimulatedAnnotator,
    drawing: SimulatedDrawing,
    fooled: bool,
    rules: Rules,
    random: np.random.Generator,
    collected: Collected,
) -> bool:
    """Count a try, validate it where the rules require it, show its author the verdict; whether the prompt is over."""
    verified_before = collected.fooling
    collected.counts.update(attempts=1, fooled=fooled, fooled_rightly=fooled and drawing.is_right)
    if fooled or random.random() < rules.sample_rate:
        _validate(crowd, CollectedDrawing(drawing, annotator.number, fooled), rules, random, collected)
    counts = collected.by_annotator.setdefault(annotator.number, [0, 0, 0])
    for index, increment in enumerate([1, fooled, collected.fooling - verified_before]):
        counts[index] += increment
    annotator.record_verdict(drawing, fooled=fooled)
    collected.counts["given_up"] += not fooled and annotator.gives_up
    return fooled or annotator.gives_up


def _validate(
    crowd: Crowd, example: CollectedDrawing, rules: Rules, random: np.random.Generator, collected: Collected
) -> None:
    """Collect answers one by one until the rules settle the example; it joins the collected ones if it is verified."""
    claimed, answers = str(example.drawing.claimed), list[str]()
    outcome = settle(answers, claimed, rules)
    for number in random.permutation(len(crowd.validators)):
        if outcome.settled:
            break
        answers.append(crowd.validators[number].answer(example.drawing))
        outcome = settle(answers, claimed, rules)
    # Without validators every claim is believed.
    is_verified = outcome.verification == VERIFIED or not crowd.validators
    kind = "" if example.fooled else "sampled_"
    collected.counts.update({
        "votes": len(answers),
        "sampled": not example.fooled,
        f"{kind}verified": is_verified,
        f"{kind}rejected": outcome.verification == REJECTED,
        f"{kind}verified_wrongly": is_verified and not example.drawing.is_right,
        f"{kind}rejected_wrongly": outcome.verification == REJECTED and example.drawing.is_right,
    })  # fmt: skip
    if is_verified:
        collected.examples.append(example)


def _balanced(random: np.random.Generator) -> Iterator[str]:
    """All ten labels in a random order, again and again: `label_assignment = balanced`."""
    while True:
        yield from random.permutation(LABELS).tolist()
