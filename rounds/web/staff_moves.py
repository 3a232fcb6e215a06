"""The moves that an admin can make from a page: which there are, what each is called, and the service it calls."""

import json
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.http import QueryDict

from rounds import selectors, services
from rounds.errors import ErrorKind
from rounds.models import Round
from rounds.state_machine import admin_moves


@dataclass(frozen=True)
class OfferedMove:
    """A move of `rounds.state_machine` as a page shows it."""

    verb: str
    label: str
    """On the button."""
    description: str
    """What it does, in one sentence."""


OFFERED = {
    offered.verb: offered
    for offered in (
        OfferedMove("open", "Open this round", "People can draw against its adversary."),
        OfferedMove("close", "Close this round", "No more tries; what waits for validators can still be validated."),
        OfferedMove("accept", "Accept the new model", "It becomes the adversary of the next round, which opens."),
        OfferedMove("train", "Train the next model", "Freezes what is verified and trains on it."),
        OfferedMove("keep", "Keep the old adversary", "The next round opens against the same model."),
    )
}
TRAIN_AGAIN = OfferedMove("train", "Train again", "With another recipe, from the same parent.")
SERVICES = {
    "open": services.open_round,
    "close": services.close_round,
    "accept": services.accept_model,
    "keep": services.keep_adversary,
}


def offered_moves(round: Round) -> list[OfferedMove]:
    """What an admin may do now, the usual next step first."""
    offered = OFFERED | ({"train": TRAIN_AGAIN} if round.status == Round.Status.REVIEWING else {})
    return [offered[move.verb] for move in admin_moves(round.status)]


def offered_move(round: Round, verb: str) -> OfferedMove | None:
    return next((offered for offered in offered_moves(round) if offered.verb == verb), None)


def usual_move(round: Round, counts: selectors.Counts) -> OfferedMove | None:
    """The move that the page highlights.

    None where an admin has to choose: after a gate that was not passed, or with nothing to train on.
    """
    if round.status == Round.Status.REVIEWING or (round.status == Round.Status.VALIDATING and not counts["verified"]):
        return None
    return next(iter(offered_moves(round)), None)


def make_move(round: Round, verb: str, by: User, form: QueryDict) -> Round:
    """Calls the service with what the form has, `why` and `recipe`; returns the round to show next. Raises Refused."""
    why = form.get("why", "").strip()
    if verb == "train":
        services.start_training(round=round, by=by, why=why, recipe=read_recipe(form.get("recipe", "{}")))
        return round
    return SERVICES[verb](round=round, by=by, why=why)


def consequences(round: Round) -> dict[str, Any]:
    """The numbers that a confirmation shows."""
    counts = selectors.counts(round)
    return {
        "counts": counts,
        "unvalidated": counts["pending"] + counts["sampled_pending"],
        "disputed": len(selectors.disputed(round)),
        "open_prompts": selectors.open_prompts(round),
        "run": selectors.latest_run(round),
    }


def read_recipe(text: str) -> dict[str, Any]:
    """The changes to the default recipe that somebody typed. Raises Invalid with where it goes wrong."""
    try:
        recipe = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        raise ErrorKind.RECIPE_NOT_JSON.error(reason=error.msg, line=error.lineno, column=error.colno) from error
    if not isinstance(recipe, dict):
        raise ErrorKind.RECIPE_NOT_OBJECT.error()
    return recipe
