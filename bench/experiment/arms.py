"""What is compared: each arm is a way to collect and a way to train, and the rest is the same for all."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from crowd import Eyes, Habits
from models_zoo.training.config import FIRST, NEXT, Config
from rounds.rules import NON_FOOLING_NONE, NON_FOOLING_VERIFIED

DYNAMIC, ORDINARY, STATIC = "dynamic", "ordinary", "static"
"""Where a round's examples come from: drawings that fool the newest model; drawings made without a model; drawings that
fool the first model."""
SAME, SAME_ORDINARY = "same", "same as ordinary"
EVERYTHING = "everything"
"""Or all drawings that can be made without a model: see `collect_everything`."""
COPIED = {SAME: "dynamic", SAME_ORDINARY: "ordinary"}
"""Or they are copied from another arm."""

PLAYED = NEXT
"""The recipe of the arms that train after every round: the site's default."""
ONCE = replace(PLAYED, parent_share=0.0)
"""The same without averaging with the parent, for single trainings."""
LONGER = replace(ONCE, epochs=2)
LONGEST = replace(ONCE, epochs=5)
THOROUGH = replace(ONCE, epochs=25, base_replay=30_000, collected_weight=4.0, collected_share=0.5, lr=0.1)
"""About as many pictures as twenty rounds of training show, half of them collected ones."""
HALF = replace(ONCE, epochs=2, base_replay=30_000)
ONCE_AFTER = 8
"""After so many rounds of the dynamic arm, its examples are trained on once by each of the other recipes."""
LATE = 20
"""After so many rounds, `LONGEST` is trained on the dynamic and on the ordinary examples."""
NOISY_ROUNDS = 4
"""Rounds of the arms in which people make more or fewer mistakes."""


@dataclass(frozen=True)
class Arm:
    """One way to collect and to train, over all rounds."""

    title: str
    """Its name in tables and charts."""
    source: str = DYNAMIC
    config: Config = PLAYED
    """How each next model is trained; seeds and threads are set by the run."""
    habits: Habits = field(default_factory=Habits)
    eyes: Eyes = field(default_factory=Eyes)
    validators: int = 10
    """Where there are none, every drawing counts as what it claims to be."""
    non_fooling: str = NON_FOOLING_NONE
    """Whether verified drawings that did not fool are trained on too; not in arms that must be of equal size."""
    rounds: int = 1000
    """The most that are played."""
    only_after: tuple[int, ...] = ()
    """Train only after these rounds, on all that was collected; a warm start is from the first adversary. Empty for
    after every round."""

    def to_json(self) -> dict[str, Any]:
        """What its results depend on, so without its title and length."""
        value = {**asdict(self), "config": self.config.to_json()}
        return {name: value[name] for name in value if name not in ("title", "rounds", "only_after")}


MAIN = {
    "dynamic": Arm("dynamic: fool the newest model"),
    "ordinary": Arm("ordinary: no model in the loop", source=ORDINARY),
    "static": Arm("static: fool the first model", source=STATIC),
}
NOISE = {
    "clean": Arm(
        "no mistakes",
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
    "unchecked": Arm("no validation", validators=0, rounds=NOISY_ROUNDS),
}
SAMPLED = {
    "sampled": Arm("non-fooling drawings as well", non_fooling=NON_FOOLING_VERIFIED, rounds=ONCE_AFTER),
}


def _once(title: str, config: Config, *, source: str = SAME, after: tuple[int, ...] = (ONCE_AFTER,)) -> Arm:
    """Another recipe for what another arm collected."""
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
