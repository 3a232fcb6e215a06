"""The crowd at a site: what its people do there, one turn at a time."""

from dataclasses import dataclass, field
from typing import Any, Protocol

from crowd.annotators import SimulatedAnnotator
from crowd.client import Client, Problem
from crowd.drawings import SimulatedDrawing
from crowd.known import Known, name_of
from crowd.report import UNREADABLE, Vote
from crowd.validators import SimulatedValidator

Json = dict[str, Any]

#: The round or the prompt has changed since the annotator looked; the next turn begins afresh.
MOVED_ON = frozenset({"no_open_round", "round_closed", "prompt_finished", "prompt_changed", "busy"})


@dataclass(frozen=True)
class Stage:
    """What there is to do right now, as the admin last saw it."""

    round: int = 0
    """Id of the round."""
    number: int = 0
    draw: bool = False
    validate: bool = False


class Person(Protocol):
    def turn(self, stage: Stage) -> bool:
        """Does one thing at the site; False when there was nothing to do."""


@dataclass
class Drawer:
    """An annotator at the site."""

    annotator: SimulatedAnnotator
    client: Client
    task: str
    known: Known
    number: int = 0

    def turn(self, stage: Stage) -> bool:
        """One prompt, until the adversary is fooled, the tries are used up or the annotator gives up."""
        if not stage.draw:
            return False
        if self.number != stage.number:
            self.annotator.start_round(stage.number)
            self.number = stage.number
        try:
            prompt = self.client.ask_prompt(self.task)
            if prompt["round"] != stage.round:
                return False  # the next round has opened meanwhile
            self._draw(prompt)
        except Problem as problem:
            if problem.code in MOVED_ON:
                return False
            raise
        return True

    def _draw(self, prompt: Json) -> None:
        self.annotator.start_prompt(prompt["label"])
        finished = False
        while not finished:
            drawing = self.annotator.draw()
            verdict = self.client.send_drawing(prompt["id"], self.known.remember(drawing))
            self.annotator.record_verdict(drawing, fooled=verdict["fooled"])
            finished = verdict["prompt_finished"]
            if not finished and self.annotator.gives_up:
                self.client.give_up(prompt["id"])
                finished = True


@dataclass
class Checker:
    """A validator at the site."""

    name: str
    validator: SimulatedValidator
    client: Client
    task: str
    known: Known
    number: int = 0
    votes: list[Vote] = field(default_factory=list)
    is_held_up: bool = False
    """Whether a stranger's drawing lies on their desk: the site hands out no other until people have settled it, or its
    lease has ended and somebody else has it."""

    def turn(self, stage: Stage) -> bool:
        """One drawing, if one waits. A stranger's is left alone: what it shows is not known here."""
        if not stage.validate:
            return False
        if self.number != stage.number:
            self.validator.start_round(stage.number)
            self.number = stage.number
        handed = self.client.next_validation(self.task)
        picture = self._picture(handed["example"]) if handed else None
        drawing = self.known.get(name_of(picture)) if picture else None
        self.is_held_up = picture is not None and drawing is None
        if handed is None or drawing is None:
            return False
        self._answer(handed["example"], drawing)
        return True

    def _picture(self, example: int) -> bytes | None:
        """None for one that was settled or handed to somebody else since."""
        try:
            return self.client.image(example)
        except Problem as problem:
            if problem.status == 404:
                return None
            raise

    def _answer(self, example: int, drawing: SimulatedDrawing) -> None:
        answer = self.validator.answer(drawing)
        if self.client.answer(example, answer):
            truth = UNREADABLE if drawing.truth is None else str(drawing.truth)
            self.votes.append(Vote(self.name, self.validator.is_careless, answer, truth))
