"""The moves that an admin can make from a page: which there are, what each would do, and the service it calls."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import User
from django.http import QueryDict

from rounds import selectors, services
from rounds.errors import Invalid
from rounds.models import Round

Status = Round.Status


@dataclass(frozen=True)
class Move:
    verb: str
    """In the address, and the name of the template of its consequences."""
    label: str
    """On the button."""
    what: str
    """In one sentence."""
    do: Callable[[Round, User, QueryDict], Round]
    """Calls the service; returns the round to look at next. Raises Refused."""


def legal_moves(round: Round) -> list[Move]:
    """What an admin may do now, the usual next step first."""
    return [MOVES[verb] for verb in LEGAL[Status(round.status)]]


def usual_move(round: Round, counts: selectors.Counts) -> Move | None:
    """The one of them that is made without a second thought.

    None where an admin has to weigh them up: after a gate that was not passed, or with nothing to train on.
    """
    if round.status == Status.REVIEWING or (round.status == Status.VALIDATING and not counts["verified"]):
        return None
    return next(iter(legal_moves(round)), None)


def consequences(round: Round) -> dict[str, Any]:
    """The numbers that a confirmation shows."""
    tally = selectors.counts(round)
    return {
        "counts": tally,
        "unvalidated": tally["pending"] + tally["sampled_pending"],
        "disputed": len(selectors.disputed(round)),
        "open_prompts": selectors.open_prompts(round),
        "run": selectors.latest_run(round),
    }


def _why(form: QueryDict, otherwise: str) -> str:
    return form.get("why", "").strip() or otherwise


def _open(round: Round, by: User, form: QueryDict) -> Round:
    return services.open_round(round=round, by=by, why=_why(form, "opened by an admin"))


def _close(round: Round, by: User, form: QueryDict) -> Round:
    return services.close_round(round=round, by=by, why=_why(form, "closed by an admin"))


def _train(round: Round, by: User, form: QueryDict) -> Round:
    recipe = read_recipe(form.get("recipe", "{}"))
    services.start_training(round=round, by=by, recipe=recipe, why=_why(form, "training started by an admin"))
    return round


def _accept(round: Round, by: User, form: QueryDict) -> Round:
    return services.accept_model(round=round, by=by, why=_why(form, "model accepted by an admin"))


def _keep(round: Round, by: User, form: QueryDict) -> Round:
    return services.keep_adversary(round=round, by=by, why=_why(form, "old adversary kept by an admin"))


def read_recipe(text: str) -> dict[str, Any]:
    """The changes to the default recipe that somebody typed. Raises Invalid with where it goes wrong."""
    try:
        recipe = json.loads(text or "{}")
    except json.JSONDecodeError as error:
        raise Invalid(f"The recipe is no JSON: {error.msg} in line {error.lineno}, column {error.colno}.") from error
    if not isinstance(recipe, dict):
        raise Invalid('The recipe has to be an object, e.g. {"epochs": 2}, or {} for the default.')
    return recipe


MOVES = {
    move.verb: move
    for move in (
        Move("open", "Open this round", "People can draw against its adversary.", _open),
        Move("close", "Close this round", "No more tries; what waits can still be validated.", _close),
        Move("train", "Train the next model", "Freezes what is verified and trains on it.", _train),
        Move("retrain", "Train again", "With another recipe, from the same parent.", _train),
        Move("accept", "Accept the new model", "It becomes the adversary of the next round, which opens.", _accept),
        Move("keep", "Keep the old adversary", "The next round opens against the same model.", _keep),
    )
}
LEGAL: dict[str, list[str]] = {
    Status.DRAFT: ["open"],
    Status.OPEN: ["close"],
    Status.VALIDATING: ["train", "keep"],
    Status.TRAINING: [],
    Status.REVIEWING: ["accept", "retrain", "keep"],
    Status.DONE: [],
}
