"""Bots: each acts at a site for one simulated annotator or validator, a step at a time."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from crowd.annotators import SimulatedAnnotator
from crowd.client import PROMPT_OUTDATED, ApiClient, ApiError
from crowd.drawings import SimulatedDrawing
from crowd.ground_truth import GroundTruth, sha256
from crowd.report import ValidatorAnswer
from crowd.validators import SimulatedValidator
from rounds.rules import UNREADABLE

Json = dict[str, Any]


@dataclass(frozen=True)
class CurrentWork:
    """What the bots are to do now."""

    round_id: int = 0
    round_number: int = 0
    draw: bool = False
    validate: bool = False


class Bot(Protocol):
    def step(self, work: CurrentWork) -> bool:
        """Does one thing at the site; False if there was nothing to do."""


@dataclass
class AnnotatorBot:
    annotator: SimulatedAnnotator
    client: ApiClient
    task: str
    ground_truth: GroundTruth
    round_number: int = 0
    """The round that the annotator has started."""

    def step(self, work: CurrentWork) -> bool:
        """Finishes one prompt: until the model is fooled, the site allows no more tries, or the annotator gives up."""
        if not work.draw:
            return False
        if self.round_number != work.round_number:
            self.annotator.start_round(work.round_number)
            self.round_number = work.round_number
        try:
            prompt = self.client.request_prompt(self.task)
            if prompt["round"] != work.round_id:
                return False  # the next round has opened since
            self._finish(prompt)
        except ApiError as error:
            if error.code in PROMPT_OUTDATED:
                return False
            raise
        return True

    def _finish(self, prompt: Json) -> None:
        self.annotator.start_prompt(prompt["label"])
        finished = False
        while not finished:
            drawing = self.annotator.draw()
            verdict = self.client.send_drawing(prompt["id"], self.ground_truth.record(drawing))
            self.annotator.record_verdict(drawing, fooled=verdict["fooled"])
            finished = verdict["prompt_finished"]
            if not finished and self.annotator.gives_up:
                self.client.give_up(prompt["id"])
                finished = True


@dataclass
class ValidatorBot:
    name: str
    validator: SimulatedValidator
    client: ApiClient
    task: str
    ground_truth: GroundTruth
    round_number: int = 0
    """The round that the validator has started."""
    answers: list[ValidatorAnswer] = field(default_factory=list)
    """Those that were counted."""
    is_blocked: bool = False
    """Whether the site has leased an example to this validator that the crowd did not draw. It leases no other one
    until that is settled, or leased to somebody else after its lease ran out."""

    def step(self, work: CurrentWork) -> bool:
        """Validates one example. One that the crowd did not draw is not answered: its ground truth is unknown."""
        if not work.validate:
            return False
        if self.round_number != work.round_number:
            self.validator.start_round(work.round_number)
            self.round_number = work.round_number
        leased = self.client.next_validation(self.task)
        png = self._image(leased["example"]) if leased else None
        drawing = self.ground_truth.get(sha256(png)) if png else None
        self.is_blocked = png is not None and drawing is None
        if leased is None or drawing is None:
            return False
        self._answer(leased["example"], drawing)
        return True

    def _image(self, example_id: int) -> bytes | None:
        """None for an example that was settled, or leased to somebody else, since."""
        try:
            return self.client.image(example_id)
        except ApiError as error:
            if error.status == 404:
                return None
            raise

    def _answer(self, example_id: int, drawing: SimulatedDrawing) -> None:
        answer = self.validator.answer(drawing)
        if self.client.answer(example_id, answer):
            truth = UNREADABLE if drawing.truth is None else str(drawing.truth)
            self.answers.append(ValidatorAnswer(self.name, self.validator.is_careless, answer, truth))
