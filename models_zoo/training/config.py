"""Everything that decides how a model is trained, in one value that is stored beside its weights."""

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Annotated, Any, Self

from models_zoo.limits import (
    ConfigError,
    Limit,
    NonNegativeFloat,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    ZeroToOne,
    check,
    one_of,
)
from models_zoo.networks.catalogue import ARCHITECTURES, FOR_PHOTOGRAPHS
from models_zoo.training.augment import PHOTO_AUGMENT, Augment
from models_zoo.training.recipes import RECIPES, Recipe, Standard

BelowOne = Annotated[float, Limit("at least 0 and less than 1", lambda value: 0 <= value < 1)]
Seed = Annotated[int, Limit("0 to 2**64 - 1", lambda value: 0 <= value < 2**64)]


@dataclass(frozen=True)
class Config:
    """How to train one model. The same config, data, parent and thread count give the same weights."""

    architecture: Annotated[str, one_of(*ARCHITECTURES)] = "digit_cnn"
    """A name in `networks.catalogue.ARCHITECTURES`."""
    pretrained: str = ""
    """Where networks for photographs get their first weights: empty for none, `torchvision` or a file's path."""
    classes: PositiveInt = 10
    """Number of labels; a training set's labels are 0 to classes - 1."""
    recipe: Recipe = field(default_factory=Standard)
    """What one step minimises: see `recipes`."""
    augment: Augment | None = None
    """How pictures are moved about before the recipe sees them; None shows them as they are."""
    seed: Seed = 0
    """Decides first weights, order, augmentation, dropout and attacks."""
    epochs: PositiveInt = 8
    """Number of passes; early stopping may end sooner."""
    batch_size: PositiveInt = 256
    """Pictures per step. What is left over at an epoch's end, a random rest smaller than a batch, is skipped; an epoch
    that is smaller than a batch is one step."""
    optimiser: Annotated[str, one_of("sgd", "adamw")] = "sgd"
    """`sgd` or `adamw`."""
    lr: PositiveFloat = 0.2
    """Highest learning rate."""
    momentum: BelowOne = 0.9
    """Momentum of `sgd`, first beta of `adamw`."""
    nesterov: bool = True
    """Whether `sgd` uses Nesterov momentum."""
    weight_decay: NonNegativeFloat = 5e-4
    """Weight decay: added to the gradient by `sgd`, decoupled in `adamw`."""
    schedule: Annotated[str, one_of("one_cycle", "plateau", "constant")] = "one_cycle"
    """`one_cycle` (up for a fifth of the steps, then down along a cosine), `plateau` (a tenth of the rate after two
    epochs without a better dev accuracy) or `constant`."""
    base_replay: Annotated[int | None, Limit("0 or more, or None for all", lambda value: (value or 0) >= 0)] = None
    """Base pictures shown per epoch, drawn anew each time: None for all of them, 0 for none."""
    collected_weight: NonNegativeFloat = 4.0
    """How many times an epoch shows each collected picture, where it shows a base picture at most once. A fraction
    is the share of the collected pictures that are shown once more."""
    collected_share: ZeroToOne = 1.0
    """Largest share of an epoch that collected pictures may be, 0 to 1: where their weight comes to more, each is shown
    less often. So later rounds, which have collected much, do not crowd out the base set. 1 sets no limit."""
    warm_start: bool = False
    """Start from the parent's weights (in the folder `parent`) rather than from random ones."""
    parent_share: BelowOne = 0.0
    """After a warm start, largest share of the parent in the finished weights, 0 to less than 1; the rest are the
    weights that this training ended with, from which the next one starts. The n-th training of a chain of warm starts
    takes a share of (n - 1) / (n + 3), which makes an average over rounds (polynomial-decay averaging, Shamir and Zhang
    2013): it errs and forgets less than the newest weights alone. Dev scores of epochs are from before the
    averaging."""
    label_smoothing: BelowOne = 0.0
    """Share of each target spread over all classes, 0 to 1."""
    patience: NonNegativeInt = 0
    """Early stopping: end after so many epochs without a better dev accuracy, with the best epoch's weights.
    0 runs all epochs and ends with the last one's."""
    threads: NonNegativeInt = 0
    """CPU threads for torch; 0 for every core that this process may use. Weights depend on it in the last bits."""
    device: str = "auto"
    """`auto` (a GPU if there is one), `cpu`, `cuda`, or another that torch has where it runs, such as `cuda:1`."""

    def __post_init__(self) -> None:
        check(self, "config")
        _require(isinstance(self.recipe, Recipe), "recipe", f"one of {', '.join(RECIPES)}")
        _require(isinstance(self.augment, Augment | None), "augment", "an object of fields and values, or nothing")
        _require(
            not self.pretrained or self.architecture in FOR_PHOTOGRAPHS,
            "pretrained",
            f"empty for {self.architecture}: only {', '.join(FOR_PHOTOGRAPHS)} have such weights",
        )
        _require(
            self.base_replay != 0 or bool(self.collected_weight and self.collected_share),
            "base_replay",
            "more than 0 where collected_weight or collected_share is 0, else an epoch shows no picture",
        )

    def to_json(self) -> dict[str, Any]:
        """JSON-serialisable; the recipe carries its `name`."""
        return {**asdict(self), "recipe": {"name": self.recipe.name, **asdict(self.recipe)}}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Self:
        """The config that `to_json` gave; what is left out has its default.

        Raises:
            ConfigError: a field or recipe that is not known, or a value out of range.
        """
        given = _known_fields(cls, value, "config")
        if isinstance(given.get("recipe"), dict):
            recipe = dict(given["recipe"])
            name = recipe.pop("name", "standard")
            _require(name in list(RECIPES), "recipe", f"one of {', '.join(RECIPES)}")
            given["recipe"] = RECIPES[name](**_known_fields(RECIPES[name], recipe, f"recipe {name}"))
        if isinstance(given.get("augment"), dict):
            given["augment"] = Augment(**_known_fields(Augment, given["augment"], "augment"))
        return cls(**given)


def _require(true: bool, name: str, what: str) -> None:
    if not true:
        raise ConfigError(f"The config's {name} must be {what}.")


def _known_fields(kind: type, value: dict[str, Any], title: str) -> dict[str, Any]:
    """The same fields. Raises ConfigError where one is not the dataclass's."""
    if not isinstance(value, dict):
        raise ConfigError(f"The {title} must be an object of fields and values.")
    known = [known_field.name for known_field in fields(kind)]
    for name in value:
        if name not in known:
            raise ConfigError(f"The {title} has no field {name}: it has {', '.join(known) or 'none'}.")
    return dict(value)


FIRST = Config(augment=Augment(), epochs=5)
"""The first adversary of a digits task: from scratch on MNIST, moved about as people draw."""

NEXT = replace(
    FIRST,
    warm_start=True,
    parent_share=0.8,
    epochs=1,
    lr=0.05,
    collected_weight=32.0,
    collected_share=0.3,
    label_smoothing=0.1,
)
"""The next adversary: from its parent's weights, once over all base digits, with what was collected among them."""


def next_config(changes: dict[str, Any]) -> Config:
    """`NEXT` with `changes`. Raises ConfigError for a field that is not known or a value out of range."""
    return Config.from_json({**NEXT.to_json(), **changes})


PHOTOGRAPHS = Config(
    architecture="resnet18",
    pretrained="torchvision",
    augment=PHOTO_AUGMENT,
    epochs=30,
    batch_size=128,
    lr=0.1,
    base_replay=0,
    collected_weight=1.0,
)
"""A network for colour photographs, from torchvision's weights where they can be fetched, on a folder's own pictures:
there is no base set for them."""
