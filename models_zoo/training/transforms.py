"""Random changes to pictures that leave their label true; batched on tensors, on whatever device they are."""

import math

import torch

from models_zoo.data.geometry import resample
from models_zoo.training.augment import Augment

# An MNIST digit fills 20 of the 28 pixels.
DIGIT_SHARE = 20 / 28


def augmented(images: torch.Tensor, augment: Augment, random: torch.Generator) -> torch.Tensor:
    """A batch with its first `augment.share` changed (batches are shuffled, so the first are any).

    Args:
        images: float32 [n, channels, height, width] in 0 to 1; what comes in from outside is 0.
        augment: how they are changed.
        random: a generator on the images' device; the same state gives the same pictures.

    Returns:
        float32 of the images' shape, in 0 to 1; `images` itself where nothing is changed.
    """
    count = round(augment.share * len(images))
    if not count:
        return images
    changed = _move(images[:count], augment, random)
    if augment.jitter:
        changed = _jitter(changed, augment.jitter, random)
    noisy = round(augment.noise_share * count)
    if noisy:
        changed = torch.cat([_add_noise(changed[:noisy], augment, random), changed[noisy:]])
    return torch.cat([changed, images[count:]])


def _move(images: torch.Tensor, augment: Augment, random: torch.Generator) -> torch.Tensor:
    n, _, height, width = images.shape
    displacements = None
    if augment.elastic:
        displacements = augment.elastic * torch.randn(n, 2, 5, 5, generator=random, device=random.device)
    return resample(images, _affine(n, height, width, augment, random), displacements)


def _affine(count: int, height: int, width: int, augment: Augment, random: torch.Generator) -> torch.Tensor:
    """Random maps from result to source coordinates (-1 to 1), float32 [count, 2, 3]."""
    size = _uniform(random, count, math.log(augment.smallest), math.log(augment.largest)).exp()
    stretch = _uniform(random, count, -augment.stretch, augment.stretch).exp()
    angle = _uniform(random, count, -augment.rotation, augment.rotation).deg2rad()
    slant = _uniform(random, count, -augment.shear, augment.shear)
    room = augment.shift * (1 - DIGIT_SHARE * size).clamp(min=0)
    shift = torch.stack([_uniform(random, count, -1, 1) * room, _uniform(random, count, -1, 1) * room], dim=1)
    if augment.crop:
        pixels = torch.randint(-augment.crop, augment.crop + 1, (count, 2), generator=random, device=random.device)
        shift = shift + pixels * torch.tensor([2 / width, 2 / height], device=random.device)

    cos, sin = angle.cos(), angle.sin()
    across = torch.stack([cos, sin + slant], dim=1) / (size * stretch)[:, None]
    down = torch.stack([-sin, cos], dim=1) / (size / stretch)[:, None]
    linear = torch.stack([across, down], dim=1)
    maps = torch.cat([linear, -linear @ shift[:, :, None]], dim=2)
    if augment.flip:
        mirror = torch.where(_uniform(random, count, 0, 1) < 0.5, -1.0, 1.0)
        maps = torch.cat([maps[:, :1] * mirror[:, None, None], maps[:, 1:]], dim=1)
    return maps


def _jitter(images: torch.Tensor, limit: float, random: torch.Generator) -> torch.Tensor:
    n, channels = images.shape[:2]

    def factor(per_picture: int) -> torch.Tensor:
        return 1 + _uniform(random, (n, per_picture, 1, 1), -limit, limit)

    images = images * factor(1)
    if channels > 1:
        images = images * factor(channels)
    mean = images.mean(dim=(1, 2, 3), keepdim=True)
    return ((images - mean) * factor(1) + mean).clamp(0, 1)


def _add_noise(images: torch.Tensor, augment: Augment, random: torch.Generator) -> torch.Tensor:
    one_each = (len(images), 1, 1, 1)
    background = _uniform(random, one_each, 0, augment.background)
    contrast = (_uniform(random, one_each, 0, 1) - background).clamp(min=0.2)
    images = background + contrast * images
    if augment.poisson:
        variance = _uniform(random, one_each, 1e-6, augment.poisson)
        images = torch.poisson(images / variance, generator=random) * variance
    if augment.gaussian:
        noise = torch.randn(images.shape, generator=random, device=random.device)
        images = images + noise * _uniform(random, one_each, 0, augment.gaussian)
    if augment.salt_and_pepper:
        amount = _uniform(random, one_each, 0, augment.salt_and_pepper)
        chance = torch.rand(images.shape, generator=random, device=random.device)
        images = images.masked_fill(chance < amount / 2, 0).masked_fill(chance > 1 - amount / 2, 1)
    return images.clamp(0, 1)


def _uniform(random: torch.Generator, shape: int | tuple[int, ...], low: float, high: float) -> torch.Tensor:
    """float32 of this shape, uniform between the two, on the generator's device."""
    return torch.rand(shape, generator=random, device=random.device) * (high - low) + low
