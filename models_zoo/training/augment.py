"""The settings of augmentation: how training pictures are changed at random. `transforms` applies them."""

from dataclasses import dataclass

from models_zoo.limits import ConfigError, NonNegativeFloat, NonNegativeInt, PositiveFloat, ZeroToOne, check


@dataclass(frozen=True)
class Augment:
    """How training pictures are changed. The defaults suit digits drawn anywhere on a canvas.

    Each changed picture draws its own size, angle and so on, uniformly up to the limits below.
    """

    share: ZeroToOne = 0.7
    """Share of each batch that is changed at all, 0 to 1; the rest is shown as it is."""
    shift: ZeroToOne = 1.0
    """How far it is moved, as a share of the room that a digit of its new size has, 0 to 1."""
    smallest: PositiveFloat = 0.6
    """Smallest size, as a factor."""
    largest: PositiveFloat = 1.35
    """Largest size, as a factor; 1.4 makes an MNIST digit fill the picture."""
    rotation: NonNegativeFloat = 20.0
    """Largest turn either way, in degrees."""
    shear: NonNegativeFloat = 0.2
    """Largest slant either way, as horizontal pixels per vertical pixel."""
    stretch: NonNegativeFloat = 0.1
    """Largest change of the width, as the logarithm of its factor; the height changes by the same the other way."""
    elastic: NonNegativeFloat = 0.06
    """Standard deviation of a smooth random warp, where 2 is the width of the picture (Simard et al. 2003)."""
    flip: bool = False
    """Mirror left and right with a chance of a half; never for digits."""
    crop: NonNegativeInt = 0
    """Shift by up to so many whole pixels either way, as cropping from a padded picture does; for photographs."""
    jitter: ZeroToOne = 0.0
    """Largest change of brightness, contrast and, in colour, of each channel's strength, as a share."""
    noise_share: ZeroToOne = 0.3
    """Share of the changed pictures that get noise and a grey background as well, 0 to 1."""
    background: ZeroToOne = 0.5
    """Lightest background of those, 0 (as it is) to 1; up to 0.8 ink keeps at least a fifth of its contrast."""
    gaussian: NonNegativeFloat = 0.3
    """Largest standard deviation of the Gaussian noise of those, in units of the grey scale 0 to 1."""
    poisson: NonNegativeFloat = 0.0
    """Largest shot noise of those: the variance at full brightness, so 0.1 means ten photons."""
    salt_and_pepper: ZeroToOne = 0.0
    """Largest share of the pixels of those that turn black or white."""

    def __post_init__(self) -> None:
        check(self, "augment")
        if self.largest < self.smallest:
            raise ConfigError("The augment's largest must be at least its smallest.")


PHOTO_AUGMENT = Augment(
    share=1.0,
    shift=0.0,
    smallest=0.9,
    largest=1.1,
    rotation=10.0,
    shear=0.1,
    elastic=0.0,
    flip=True,
    crop=4,
    jitter=0.2,
    noise_share=0.0,
)
"""For colour photographs of things that look the same in a mirror."""
