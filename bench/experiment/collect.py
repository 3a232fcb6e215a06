"""One round of collection, in process: the crowd draws, the adversary answers, validators settle, as on the site.

The verification rules are the site's own (`rounds.rules`), and drawings are read as the site reads them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from torch import nn

from crowd import Crowd, SimulatedAnnotator, SimulatedDrawing
from crowd.drawings import draw_digit
from models_zoo.networks.predict import probabilities
from rounds.rules import REJECTED, VERIFIED, Rules, settle

STYLES = 3
"""How often each trajectory is drawn where all of them are."""
LABELS = [str(label) for label in range(10)]


@dataclass(frozen=True)
class Example:
    """One settled drawing and whose it is."""

    drawing: SimulatedDrawing
    annotator: int
    fooled: bool


@dataclass
class Collected:
    """What a round brought, and what it took."""

    examples: list[Example] = field(default_factory=list)
    """Verified ones: those that fooled, and those of the others that were sampled for validation."""
    counts: Counter[str] = field(default_factory=Counter)
    """`attempts`, `fooled`, `fooled_rightly` (drawn as asked), `verified`, `rejected`, `prompts`, `given_up`, `votes`;
    against the truth `verified_wrongly` and `rejected_wrongly`; the same of those that fooled nobody as `sampled`,
    `sampled_verified` and so on."""

    by_annotator: dict[int, list[int]] = field(default_factory=dict)
    """Annotator → attempts, fooled and verified fooling ones, for intervals that know of hands."""

    @property
    def fooling(self) -> int:
        """Verified fooling examples."""
        return self.counts["verified"]


def collect_fooling(crowd: Crowd, model: nn.Module, rules: Rules, *, seed: list[int], most: int) -> Collected:
    """A round with a model in the loop, until `rules.target_verified` fooling examples are verified.

    Everybody draws at once; what a wave of drawings did to the model is told before the next. After `most` attempts the
    round closes with what it has, as by a deadline.
    """
    random = np.random.default_rng(seed)
    found, prompts, busy = Collected(), _balanced(random), set[int]()
    while found.fooling < (rules.target_verified or 0) and found.counts["attempts"] < most:
        wave = []
        for number, annotator in enumerate(crowd.annotators):
            if number not in busy:
                annotator.start_prompt(next(prompts))
                busy.add(number)
                found.counts["prompts"] += 1
            wave.append(annotator.draw())
        read = probabilities(model, np.stack([drawing.to_28x28() for drawing in wave])).argmax(axis=1)
        for number, drawing in enumerate(wave):
            if found.fooling == rules.target_verified:
                break
            fooled = bool(read[number] != drawing.claimed)
            if _one_try(crowd, crowd.annotators[number], drawing, fooled, rules, random, found):
                busy.discard(number)
    return found


def collect_ordinary(crowd: Crowd, rules: Rules, *, seed: list[int]) -> Collected:
    """A round without a model: everybody draws what is asked once, in their usual way, until enough are verified.

    Every drawing is validated; the examples count as `fooled` nowhere.
    """
    random = np.random.default_rng(seed)
    found, prompts = Collected(), _balanced(random)
    while len(found.examples) < (rules.target_verified or 0):
        number = found.counts["prompts"] % len(crowd.annotators)
        crowd.annotators[number].start_prompt(next(prompts))
        drawing = crowd.annotators[number].draw()
        found.counts.update(prompts=1, attempts=1)
        _validate(crowd, Example(drawing, number, fooled=False), rules, random, found)
    return found


def collect_everything(crowd: Crowd, *, seed: list[int]) -> Collected:
    """Every trajectory of every annotator, `STYLES` times in their usual way, with its true label: what could be
    collected without a model if there were no end to it."""
    random = np.random.default_rng(seed)
    found = Collected()
    for number, annotator in enumerate(crowd.annotators):
        for label, ids in enumerate(annotator.hand.trajectory_ids):
            for trajectory in np.repeat(ids, STYLES):
                style = annotator.hand.usual_style(random)
                drawing = draw_digit(crowd.handwriting, int(trajectory), style, claimed=label)
                found.examples.append(Example(drawing, number, fooled=False))
    found.counts["attempts"] = len(found.examples)
    return found


def _one_try(
    crowd: Crowd,
    annotator: SimulatedAnnotator,
    drawing: SimulatedDrawing,
    fooled: bool,
    rules: Rules,
    random: np.random.Generator,
    found: Collected,
) -> bool:
    """Count it, send it to validation if it is to go there, tell its author; whether the prompt is over."""
    verified_before = found.fooling
    found.counts.update(attempts=1, fooled=fooled, fooled_rightly=fooled and drawing.is_right)
    if fooled or random.random() < rules.sample_rate:
        _validate(crowd, Example(drawing, annotator.number, fooled), rules, random, found)
    theirs = found.by_annotator.setdefault(annotator.number, [0, 0, 0])
    for place, one in enumerate([1, fooled, found.fooling - verified_before]):
        theirs[place] += one
    annotator.record_verdict(drawing, fooled=fooled)
    found.counts["given_up"] += not fooled and annotator.gives_up
    return fooled or annotator.gives_up


def _validate(crowd: Crowd, example: Example, rules: Rules, random: np.random.Generator, found: Collected) -> None:
    """Ask validators one by one until the rules settle it; keep it if it is verified."""
    claimed, answers = str(example.drawing.claimed), list[str]()
    outcome = settle(answers, claimed, rules)
    for number in random.permutation(len(crowd.validators)):
        if outcome.settled:
            break
        answers.append(crowd.validators[number].answer(example.drawing))
        outcome = settle(answers, claimed, rules)
    # Without validators everything is taken at its word.
    is_verified = outcome.verification == VERIFIED or not crowd.validators
    kind = "" if example.fooled else "sampled_"
    found.counts.update({
        "votes": len(answers),
        "sampled": not example.fooled,
        f"{kind}verified": is_verified,
        f"{kind}rejected": outcome.verification == REJECTED,
        f"{kind}verified_wrongly": is_verified and not example.drawing.is_right,
        f"{kind}rejected_wrongly": outcome.verification == REJECTED and example.drawing.is_right,
    })  # fmt: skip
    if is_verified:
        found.examples.append(example)


def _balanced(random: np.random.Generator) -> Iterator[str]:
    """Labels in rounds of all ten, each round in another order: `label_assignment = balanced`."""
    while True:
        yield from random.permutation(LABELS).tolist()
