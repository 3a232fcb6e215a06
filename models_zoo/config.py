"""Everything that decides how a model is trained, in one value that is stored beside its weights."""

from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any, Self, TypeVar, get_type_hints

from models_zoo.architectures import ARCHITECTURES
from models_zoo.augment import Augment
from models_zoo.recipes import RECIPES, Recipe, Standard

Part = TypeVar("Part")
NUMBERS_AND_WORDS = (bool, int, float | int, int | None, str)


class ConfigError(ValueError):
    """A config that makes no sense. The message is one sentence that names the field."""


@dataclass(frozen=True)
class Config:
    """How to train one model. Same config, data, parent and thread count: the same weights."""

    architecture: str = "digit_cnn"
    """A name in `architectures.ARCHITECTURES`."""
    pretrained: str = ""
    """Where networks for photographs get their first weights: empty for none, `torchvision` or a file's path."""
    classes: int = 10
    """Number of labels; a training set's labels are 0 to classes - 1."""
    recipe: Recipe = field(default_factory=Standard)
    """What one step minimises: see `recipes`."""
    augment: Augment | None = None
    """How pictures are moved about before the recipe sees them; None shows them as they are."""
    seed: int = 0
    """Decides first weights, order, augmentation, dropout and attacks."""
    epochs: int = 8
    """Number of passes; early stopping may end sooner."""
    batch_size: int = 256
    """Pictures per step. What is left over at an epoch's end, a random rest smaller than a batch, is skipped."""
    optimiser: str = "sgd"
    """`sgd` or `adamw`."""
    lr: float = 0.2
    """Highest learning rate."""
    momentum: float = 0.9
    """Momentum of `sgd`, first beta of `adamw`."""
    nesterov: bool = True
    """Whether `sgd` looks ahead along its momentum."""
    weight_decay: float = 5e-4
    """Weight decay: added to the gradient by `sgd`, decoupled in `adamw`."""
    schedule: str = "one_cycle"
    """`one_cycle` (up for a fifth of the steps, then down along a cosine), `plateau` (a tenth of the rate after two
    epochs without a better dev accuracy) or `constant`."""
    base_replay: int | None = None
    """Base pictures shown per epoch, drawn anew each time: None for all of them, 0 for none."""
    collected_weight: float = 4.0
    """How many times an epoch shows each collected picture, where it shows a base picture at most once. A fraction
    is the share of the collected pictures that are shown once more."""
    collected_share: float = 1.0
    """Most that collected pictures may be of an epoch, 0 to 1: once their weight asks for more, each is shown less
    often. It keeps later rounds, which have collected much, from crowding out the base set. 1 sets no limit."""
    warm_start: bool = False
    """Start from the parent's weights (in the folder `parent`) rather than from random ones."""
    parent_share: float = 0.0
    """After a warm start, share of the parent's weights in the finished ones, 0 to less than 1; the rest is what this
    training came to. The next training goes on from there, not from the mixture. So the weights that are used are a
    moving average over rounds, which errs less than the newest alone and forgets less (Polyak and Juditsky 1992,
    Izmailov et al. 2018). Dev scores of epochs are from before the averaging."""
    label_smoothing: float = 0.0
    """Share of each target spread over all classes, 0 to 1."""
    patience: int = 0
    """Early stopping: end after so many epochs without a better dev accuracy and keep the best epoch's weights.
    0 runs all epochs and keeps the last one's."""
    threads: int = 0
    """CPU threads for torch; 0 for every core that this process may use. Weights depend on it in the last bits."""
    device: str = "auto"
    """`auto` (a GPU if there is one), `cpu`, `cuda` or another name that torch knows."""

    def __post_init__(self) -> None:
        _require(self.architecture in ARCHITECTURES, "architecture", f"one of {', '.join(ARCHITECTURES)}")
        _require(isinstance(self.recipe, Recipe), "recipe", f"one of {', '.join(RECIPES)}")
        _require(isinstance(self.augment, Augment | None), "augment", "an object of fields and values, or nothing")
        _require(self.optimiser in ("sgd", "adamw"), "optimiser", "sgd or adamw")
        _require(self.schedule in ("one_cycle", "plateau", "constant"), "schedule", "one_cycle, plateau or constant")
        for name in ("classes", "epochs", "batch_size", "lr"):
            _require(getattr(self, name) > 0, name, "more than 0")
        for name in ("weight_decay", "collected_weight", "patience", "threads"):
            _require(getattr(self, name) >= 0, name, "0 or more")
        for name in ("momentum", "label_smoothing", "parent_share"):
            _require(0 <= getattr(self, name) < 1, name, "at least 0 and less than 1")
        _require(0 <= self.collected_share <= 1, "collected_share", "0 to 1")
        _require(self.base_replay is None or self.base_replay >= 0, "base_replay", "a number or None for all")

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
            _require(name in RECIPES, "recipe", f"one of {', '.join(RECIPES)}")
            given["recipe"] = _make(RECIPES[name], recipe, f"recipe {name}")
        if isinstance(given.get("augment"), dict):
            given["augment"] = _make(Augment, given["augment"], "augment")
        return cls(**given)


def _require(true: bool, name: str, what: str) -> None:
    if not true:
        raise ConfigError(f"The config's {name} must be {what}.")


def _make(kind: type[Part], value: dict[str, Any], title: str) -> Part:
    try:
        return kind(**_known_fields(kind, value, title))
    except ConfigError:
        raise
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _known_fields(kind: type, value: dict[str, Any], title: str) -> dict[str, Any]:
    """The same fields, once it is sure that they are the dataclass's and of its types."""
    if not isinstance(value, dict):
        raise ConfigError(f"The {title} must be an object of fields and values.")
    types = get_type_hints(kind)
    known = [known_field.name for known_field in fields(kind)]
    for name, given in value.items():
        if name not in known:
            raise ConfigError(f"The {title} has no field {name}: it has {', '.join(known) or 'none'}.")
        wanted = {float: float | int}.get(types[name], types[name])
        if wanted in NUMBERS_AND_WORDS and (
            isinstance(given, bool) != (wanted is bool) or not isinstance(given, wanted)
        ):
            raise ConfigError(f"The {title}'s {name} must be of type {getattr(wanted, '__name__', wanted)}.")
    return dict(value)


FIRST = Config(augment=Augment(), epochs=5)
"""The first adversary of a digits task: from scratch on MNIST, moved about as people draw."""

NEXT = replace(FIRST, warm_start=True, epochs=1, lr=0.05, collected_weight=16.0, collected_share=0.4)
"""The next adversary: from its parent's weights, once over all base digits, with what was collected among them."""
