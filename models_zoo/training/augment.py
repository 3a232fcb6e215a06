"""Random changes to pictures that leave their label true; batched on tensors, on whatever device they are."""

import math
from dataclasses import dataclass

import torch

from models_zoo.data.geometry import resample
from models_zoo.limits import ConfigError, NonNegativeFloat, NonNegativeInt, PositiveFloat, Share, check

# An MNIST digit fills 20 of the 28 pixels.
DIGIT_SHARE = 20 / 28


@dataclass(frozen=True)
class Augment:
    """How training pictures are changed. The defaults suit digits drawn anywhere on a canvas.

    Each changed picture draws its own size, angle and so on, uniformly up to the limits below.
    """

    share: Share = 0.7
    """Share of each batch that is changed at all, 0 to 1; the rest is shown as it is."""
    shift: Share = 1.0
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
    jitter: Share = 0.0
    """Largest change of brightness, contrast and, in colour, of each channel's strength, as a share."""
    noise_share: Share = 0.3
    """Share of the changed pictures that get noise and a grey background as well, 0 to 1."""
    background: Share = 0.5
    """Lightest background of those, 0 (as it is) to 1; up to 0.8 ink keeps at least a fifth of its contrast."""
    gaussian: NonNegativeFloat = 0.3
    """Largest standard deviation of the Gaussian noise of those, in units of the grey scale 0 to 1."""
    poisson: NonNegativeFloat = 0.0
    """Largest shot noise of those: the variance at full brightness, so 0.1 means ten photons."""
    salt_and_pepper: Share = 0.0
    """Largest share of the pixels of those that turn black or white."""

    def __post_init__(self) -> None:
        check(self, "augment")
        if self.largest < self.smallest:
            raise ConfigError("The augment's largest must be at least its smallest.")

    def __call__(self, images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        """Change the first `share` of a batch (batches are shuffled, so the first are any).

        Args:
            images: float32 [n, channels, height, width] in 0 to 1; what comes in from outside is 0.
            random: a generator on the images' device; the same state gives the same pictures.

        Returns:
            A new tensor of the same shape, in 0 to 1.
        """
        count = round(self.share * len(images))
        if not count:
            return images
        changed = self._move(images[:count], random)
        if self.jitter:
            changed = self._jitter(changed, random)
        noisy = round(self.noise_share * count)
        if noisy:
            changed = torch.cat([self._noise(changed[:noisy], random), changed[noisy:]])
        return torch.cat([changed, images[count:]])

    def _move(self, images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        n, _, height, width = images.shape
        bends = None
        if self.elastic:
            bends = self.elastic * torch.randn(n, 2, 5, 5, generator=random, device=random.device)
        return resample(images, self._affine(n, height, width, random), bends)

    def _affine(self, count: int, height: int, width: int, random: torch.Generator) -> torch.Tensor:
        """Random maps from result to source coordinates (-1 to 1), float32 [count, 2, 3]."""
        size = uniform(random, count, math.log(self.smallest), math.log(self.largest)).exp()
        stretch = uniform(random, count, -self.stretch, self.stretch).exp()
        angle = uniform(random, count, -self.rotation, self.rotation).deg2rad()
        slant = uniform(random, count, -self.shear, self.shear)
        room = self.shift * (1 - DIGIT_SHARE * size).clamp(min=0)
        shift = torch.stack([uniform(random, count, -1, 1) * room, uniform(random, count, -1, 1) * room], dim=1)
        if self.crop:
            pixels = torch.randint(-self.crop, self.crop + 1, (count, 2), generator=random, device=random.device)
            shift = shift + pixels * torch.tensor([2 / width, 2 / height], device=random.device)

        cos, sin = angle.cos(), angle.sin()
        across = torch.stack([cos, sin + slant], dim=1) / (size * stretch)[:, None]
        down = torch.stack([-sin, cos], dim=1) / (size / stretch)[:, None]
        linear = torch.stack([across, down], dim=1)
        maps = torch.cat([linear, -linear @ shift[:, :, None]], dim=2)
        if self.flip:
            mirror = torch.where(uniform(random, count, 0, 1) < 0.5, -1.0, 1.0)
            maps = torch.cat([maps[:, :1] * mirror[:, None, None], maps[:, 1:]], dim=1)
        return maps

    def _jitter(self, images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        n, channels = images.shape[:2]

        def factor(per: int) -> torch.Tensor:
            return 1 + uniform(random, (n, per, 1, 1), -self.jitter, self.jitter)

        images = images * factor(1)
        if channels > 1:
            images = images * factor(channels)
        mean = images.mean(dim=(1, 2, 3), keepdim=True)
        return ((images - mean) * factor(1) + mean).clamp(0, 1)

    def _noise(self, images: torch.Tensor, random: torch.Generator) -> torch.Tensor:
        one_each = (len(images), 1, 1, 1)
        background = uniform(random, one_each, 0, self.background)
        contrast = (uniform(random, one_each, 0, 1) - background).clamp(min=0.2)
        images = background + contrast * images
        if self.poisson:
            variance = uniform(random, one_each, 1e-6, self.poisson)
            images = torch.poisson(images / variance, generator=random) * variance
        if self.gaussian:
            noise = torch.randn(images.shape, generator=random, device=random.device)
            images = images + noise * uniform(random, one_each, 0, self.gaussian)
        if self.salt_and_pepper:
            amount = uniform(random, one_each, 0, self.salt_and_pepper)
            chance = torch.rand(images.shape, generator=random, device=random.device)
            images = images.masked_fill(chance < amount / 2, 0).masked_fill(chance > 1 - amount / 2, 1)
        return images.clamp(0, 1)


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


def uniform(random: torch.Generator, shape: int | tuple[int, ...], low: float, high: float) -> torch.Tensor:
    """float32 of this shape, uniform between the two, on the generator's device."""
    return torch.rand(shape, generator=random, device=random.device) * (high - low) + low
