"""What is compared: each arm is a way to collect and a way to train, and the rest is the same for all."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from crowd import Eyes, Habits
from models_zoo.training.config import FIRST, NEXT, Config
from rounds.rules import NON_FOOLING_NONE, NON_FOOLING_VERIFIED

DYNAMIC, ORDINARY, STATIC = "dynamic", "ordinary", "static"
"""Where a round's examples come from: drawings that fool the newest model; drawings for no model at all; drawings that
fool the first model."""
SAME, SAME_ORDINARY = "same", "same as ordinary"
EVERYTHING = "everything"
"""Or every ordinary drawing there is to be had: see `collect_everything`."""
COPIED = {SAME: "dynamic", SAME_ORDINARY: "ordinary"}
"""Or they are the very examples of another arm."""

PLAYED = NEXT
"""What the arms of many rounds are trained by: the site's default."""
ONCE = replace(PLAYED, parent_share=0.0)
"""The same without averaging, for trainings that stand alone."""
LONGER = replace(ONCE, epochs=2)
LONGEST = replace(ONCE, epochs=5)
THOROUGH = replace(ONCE, epochs=25, base_replay=30_000, collected_weight=4.0, collected_share=0.5, lr=0.1)
"""About as many pictures as twenty rounds show, half of them collected ones."""
HALF = replace(ONCE, epochs=2, base_replay=30_000)
ONCE_AFTER = 8
"""After so many rounds of the dynamic arm its examples are trained on in other ways, once each."""
LATE = 20
"""After so many rounds, what `LONGEST` makes of dynamic and of ordinary examples."""
NOISY_ROUNDS = 4
"""How long the arms are in which people err more or less."""


@dataclass(frozen=True)
class Arm:
    """One way through all rounds."""

    title: str
    """As tables and charts name it."""
    source: str = DYNAMIC
    config: Config = PLAYED
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
    """Train once after each of these rounds, on all that was collected; a warm start is from the first adversary."""

    def to_json(self) -> dict[str, Any]:
        """What decides its results, so without its title and length."""
        value = {**asdict(self), "config": self.config.to_json()}
        return {name: value[name] for name in value if name not in ("title", "rounds", "only_after")}


MAIN = {
    "dynamic": Arm("dynamic: fool the newest model"),
    "ordinary": Arm("ordinary: no model in the loop", source=ORDINARY),
    "static": Arm("static: fool the first model", source=STATIC),
}
NOISE = {
    "clean": Arm(
        "nobody errs",
        habits=Habits(wrong_digit=0, scrawl=0),
        eyes=Eyes(errors=0, unreadable=0),
        validators=2,
        rounds=NOISY_ROUNDS,
    ),
    "noisy": Arm(
        "five times the mistakes",
        habits=Habits(wrong_digit=0.05, scrawl=0.025),
        eyes=Eyes(errors=0.15, unreadable=0.5),
        rounds=NOISY_ROUNDS,
    ),
    "unchecked": Arm("nobody validates", validators=0, rounds=NOISY_ROUNDS),
}
SAMPLED = {
    "sampled": Arm("non-fooling drawings as well", non_fooling=NON_FOOLING_VERIFIED, rounds=ONCE_AFTER),
}


def _once(title: str, config: Config, *, source: str = SAME, after: tuple[int, ...] = (ONCE_AFTER,)) -> Arm:
    """Another way to train on what another arm collected."""
    return Arm(title, source=source, config=config, rounds=max(after), only_after=after)


TRAINING = {
    **{
        f"weight-{weight}": _once(
            f"warm start, {weight} ×", replace(ONCE, collected_weight=float(weight), collected_share=1.0)
        )
        for weight in (1, 4, 16, 64)
    },
    "once": _once("warm start, 1 epoch", ONCE),
    "longer": _once(f"warm start, {LONGER.epochs} epochs", LONGER),
    "longest": _once(f"warm start, {LONGEST.epochs} epochs", LONGEST, after=(ONCE_AFTER, LATE)),
    "replayed": _once("warm start, 2 epochs, each with half of the base digits", HALF),
    "cold": _once("from scratch", replace(ONCE, warm_start=False, lr=FIRST.lr)),
    "scratch": _once(
        f"from scratch, {FIRST.epochs} epochs", replace(ONCE, warm_start=False, lr=FIRST.lr, epochs=FIRST.epochs)
    ),
}
CONTROL = {"longest-on-ordinary": _once("the same on ordinary examples", LONGEST, source=SAME_ORDINARY, after=(LATE,))}
EXHAUSTIVE = {
    EVERYTHING: Arm(
        "every trajectory, drawn as usual",
        source=EVERYTHING,
        config=THOROUGH,
        habits=Habits(wrong_digit=0, scrawl=0),
        rounds=1,
    )
}
ARMS = MAIN | NOISE | SAMPLED | TRAINING | CONTROL | EXHAUSTIVE
