"""What is compared: each arm is a way to collect and a way to train, and the rest is the same for all."""

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from crowd import Habits, ReadingErrors
from models_zoo.training.config import FIRST, NEXT, Config
from rounds.rules import NON_FOOLING_NONE, NON_FOOLING_VERIFIED

DYNAMIC, ORDINARY, STATIC = "dynamic", "ordinary", "static"
"""Where a round's examples come from: drawings that fool the newest model; drawings made without a model; drawings that
fool the first model."""
EVERYTHING = "everything"
"""The source of all drawings that can be made without a model: see `collect_everything`."""
SAME, SAME_ORDINARY = "same", "same as ordinary"
COPIED = {SAME: "dynamic", SAME_ORDINARY: "ordinary"}
"""Sources that are copies of what another arm collected → that arm."""

UNAVERAGED = replace(NEXT, parent_share=0.0)
"""The site's default recipe without averaging with the parent, for single trainings."""
TWO_EPOCHS = replace(UNAVERAGED, epochs=2)
FIVE_EPOCHS = replace(UNAVERAGED, epochs=5)
TWENTY_FIVE_EPOCHS = replace(
    UNAVERAGED, epochs=25, base_replay=30_000, collected_weight=4.0, collected_share=0.5, lr=0.1
)
"""About as many pictures as twenty rounds of training show, half of them collected ones."""
TWO_HALF_EPOCHS = replace(UNAVERAGED, epochs=2, base_replay=30_000)
COMPARED_AFTER = 8
"""After so many rounds of the dynamic arm, each of the other recipes trains one model on its examples."""
COMPARED_LATE = 20
"""After so many rounds, `FIVE_EPOCHS` trains a model on the dynamic and one on the ordinary examples."""
NOISY_ROUNDS = 4
"""Rounds of the arms in which people make more or fewer mistakes."""


@dataclass(frozen=True)
class Arm:
    """One way to collect and to train, over all rounds."""

    title: str
    """Its name in tables and charts."""
    source: str = DYNAMIC
    config: Config = NEXT
    """How each next model is trained; seeds and threads are set by the run."""
    habits: Habits = field(default_factory=Habits)
    reading_errors: ReadingErrors = field(default_factory=ReadingErrors)
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
        value["eyes"] = value.pop("reading_errors")  # as earlier versions named it
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
        reading_errors=ReadingErrors(errors=0, unreadable=0),
        validators=2,
        rounds=NOISY_ROUNDS,
    ),
    "noisy": Arm(
        "five times the mistakes",
        habits=Habits(wrong_digit=0.05, scrawl=0.025),
        reading_errors=ReadingErrors(errors=0.15, unreadable=0.5),
        rounds=NOISY_ROUNDS,
    ),
    "unchecked": Arm("no validation", validators=0, rounds=NOISY_ROUNDS),
}
SAMPLED = {
    "sampled": Arm("non-fooling drawings as well", non_fooling=NON_FOOLING_VERIFIED, rounds=COMPARED_AFTER),
}


def _single_training(
    title: str, config: Config, *, source: str = SAME, after: tuple[int, ...] = (COMPARED_AFTER,)
) -> Arm:
    """One training with another recipe, on what another arm collected."""
    return Arm(title, source=source, config=config, rounds=max(after), only_after=after)


SINGLE_TRAININGS = {
    **{
        f"weight-{weight}": _single_training(
            f"warm start, {weight} ×", replace(UNAVERAGED, collected_weight=float(weight), collected_share=1.0)
        )
        for weight in (1, 4, 16, 64)
    },
    "once": _single_training("warm start, 1 epoch", UNAVERAGED),
    "longer": _single_training(f"warm start, {TWO_EPOCHS.epochs} epochs", TWO_EPOCHS),
    "longest": _single_training(
        f"warm start, {FIVE_EPOCHS.epochs} epochs", FIVE_EPOCHS, after=(COMPARED_AFTER, COMPARED_LATE)
    ),
    "replayed": _single_training("warm start, 2 epochs, each with half of the base digits", TWO_HALF_EPOCHS),
    "cold": _single_training("from scratch", replace(UNAVERAGED, warm_start=False, lr=FIRST.lr)),
    "scratch": _single_training(
        f"from scratch, {FIRST.epochs} epochs", replace(UNAVERAGED, warm_start=False, lr=FIRST.lr, epochs=FIRST.epochs)
    ),
}
CONTROL = {
    "longest-on-ordinary": _single_training(
        "the same on ordinary examples", FIVE_EPOCHS, source=SAME_ORDINARY, after=(COMPARED_LATE,)
    )
}
EXHAUSTIVE = {
    EVERYTHING: Arm(
        "every trajectory, drawn as usual",
        source=EVERYTHING,
        config=TWENTY_FIVE_EPOCHS,
        habits=Habits(wrong_digit=0, scrawl=0),
        rounds=1,
    )
}
ARMS = MAIN | NOISE | SAMPLED | SINGLE_TRAININGS | CONTROL | EXHAUSTIVE
