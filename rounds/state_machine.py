"""The states of a round and the moves between them, pure. Services, pages, API and admin site all follow this table."""

from dataclasses import dataclass

DRAFT, OPEN, VALIDATING, TRAINING, REVIEWING, DONE = STATES = (
    "draft",
    "open",
    "validating",
    "training",
    "reviewing",
    "done",
)


@dataclass(frozen=True)
class Move:
    """One way from a state to another. `sources` are the states in which the move is legal."""

    verb: str
    sources: tuple[str, ...]
    target: str
    by_admin: bool = True
    """False where only the site itself makes the move."""
    default_reason: str = ""
    """Recorded when an admin gives no other."""


#: By verb. Where several moves are legal, the usual one comes first.
MOVES = {
    move.verb: move
    for move in (
        Move("open", (DRAFT,), OPEN, default_reason="opened by an admin"),
        Move("close", (OPEN,), VALIDATING, default_reason="closed by an admin"),
        Move("accept", (REVIEWING,), DONE, default_reason="model accepted by an admin"),
        # From reviewing: an admin wants the model trained again, with another recipe.
        Move("train", (VALIDATING, REVIEWING), TRAINING, default_reason="training started by an admin"),
        # From validating: without a training, where nothing was verified, say.
        Move("keep", (VALIDATING, REVIEWING), DONE, default_reason="old adversary kept by an admin"),
        Move("review", (TRAINING,), REVIEWING, by_admin=False),
        Move("return", (TRAINING,), VALIDATING, by_admin=False),
    )
}


def admin_moves(state: str) -> list[Move]:
    """What an admin may do with a round in `state`, the usual move first."""
    return [move for move in MOVES.values() if move.by_admin and state in move.sources]


def targets_from(state: str) -> set[str]:
    """The states that a round in `state` can move to, by an admin or by the site itself."""
    return {move.target for move in MOVES.values() if state in move.sources}


def targets_in_words(state: str) -> str:
    return " or ".join(sorted(targets_from(state))) or "nothing: it is final"
