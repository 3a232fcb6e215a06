"""What is compared: each arm is a way to collect and a way to train, and the rest is the same for all."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from bench.crowd import Eyes, Habits
from models_zoo.config import FIRST, NEXT, Config
from rounds.rules import NON_FOOLING_NONE, NON_FOOLING_VERIFIED

DYNAMIC, ORDINARY, STATIC, SAME = "dynamic", "ordinary", "static", "same"
"""Where a round's examples come from: drawings that fool the newest model; drawings for no model at all; drawings that
fool the first model; the very examples of the dynamic arm."""

FEWER_ROUNDS = 8
"""How long the arms are that answer the smaller questions."""


@dataclass(frozen=True)
class Arm:
    """One way through all rounds."""

    title: str
    """As tables and charts name it."""
    source: str = DYNAMIC
    config: Config = NEXT
    """How each next model is trained; seeds and threads are set by the run."""
    habits: Habits = field(default_factory=Habits)
    eyes: Eyes = field(default_factory=Eyes)
    validators: int = 10
    """None at all: every drawing is taken at its word."""
    non_fooling: str = NON_FOOLING_NONE
    """Whether verified drawings that fooled nobody are trained on too. Not where sizes must be equal."""
    rounds: int = 1000
    """At most so many."""
    only_after: tuple[int, ...] = ()
    """Train after these rounds only; for models that start from scratch and need no parent."""

    def to_json(self) -> dict[str, Any]:
        """What decides its results, so without its title and length."""
        value = {**asdict(self), "config": self.config.to_json()}
        return {name: value[name] for name in value if name not in ("title", "rounds", "only_after")}


def _small(title: str, **more: object) -> Arm:
    return Arm(title, rounds=FEWER_ROUNDS, **more)  # type: ignore[arg-type]


MAIN = {
    "dynamic": Arm("dynamic: fool the newest model"),
    "ordinary": Arm("ordinary: no model in the loop", source=ORDINARY),
    "static": Arm("static: fool the first model", source=STATIC),
}
NOISE = {
    "clean": _small(
        "nobody errs", habits=Habits(wrong_digit=0, scrawl=0), eyes=Eyes(errors=0, unreadable=0), validators=2
    ),
    "noisy": _small(
        "five times the mistakes", habits=Habits(wrong_digit=0.05, scrawl=0.025), eyes=Eyes(errors=0.15, unreadable=0.5)
    ),
    "unchecked": _small("nobody validates", validators=0),
}
TRAINING = {
    "cold": _small("from scratch, same budget", source=SAME, config=replace(NEXT, warm_start=False, lr=FIRST.lr)),
    "scratch": Arm(
        "from scratch, the first model's budget",
        source=SAME,
        config=replace(FIRST, collected_weight=NEXT.collected_weight),
        only_after=(FEWER_ROUNDS, 20),
    ),
    **{
        f"weight-{weight}": _small(
            f"each collected example {weight} × an epoch", source=SAME, config=replace(NEXT, collected_weight=weight)
        )
        for weight in (1, 4, 16, 64)
        if weight != NEXT.collected_weight
    },
}
NON_FOOLING = {"sampled": _small("sampled non-fooling drawings as well", non_fooling=NON_FOOLING_VERIFIED)}
ARMS = MAIN | NOISE | TRAINING | NON_FOOLING
