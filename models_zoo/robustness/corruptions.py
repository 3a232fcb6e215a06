"""The corruptions of MNIST-C, and Gaussian noise, batched on tensors.

After Mu and Gilmer 2019, "MNIST-C: a robustness benchmark for computer vision": the kinds are theirs, and so are the
numbers that make five severities of each. The code is ours, and pictures differ:

- `fog` is patchy where theirs is a nearly even haze. Theirs is a 28 x 28 piece of a 256 x 256 fractal, scaled to 0 to 1
  before it was cut out, so that a piece varies little; ours is scaled to 0 to 1 within each picture. It is a sum of
  octaves of smooth noise besides, not a diamond-square fractal.
- `shear` moves rows sideways and leaves their distances as they are. Theirs goes through an affine map whose shear also
  scales the rows, so that their digits change in height with the severity.
- `glass_blur` draws pixels from their neighbourhood instead of swapping them one after the other.
- `motion_blur` has sixteen directions.

The published set fixes one severity of each; accuracies on these are to be compared with each other, not with those.

Each takes float32 [n, height, width] in 0 to 1 (ink is 1), a severity from 1 to 5 (or just 1), and a generator, and
gives float32 of the same shape, which `corrupt` clips to 0 to 1.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from models_zoo.data.geometry import affine_maps, resample, rotation, translation
from models_zoo.limits import ConfigError

Corruption = Callable[[torch.Tensor, int, torch.Generator], torch.Tensor]


def corrupt(images: np.ndarray, name: str, severity: int, *, seed: int = 0) -> np.ndarray:
    """Corrupt pictures, always in the same way for the same seed.

    In colour, noise is drawn for each channel and fog is grey; all else is done to one channel after the other with the
    same draws.

    Args:
        images: uint8 [n, height, width], ink bright on black, or [n, height, width, 3]; of any size, as high as wide.
            Lengths are in pixels whatever the size, so a larger picture is moved and blurred by less of itself.
        name: one of `suitable(images)`.
        severity: 1 to `severities(name)`.

    Returns:
        uint8 of the images' shape.

    Raises:
        ConfigError: there is no such corruption.
        ValueError: it has no such severity.
    """
    if not 1 <= severity <= severities(name):
        raise ValueError(f"{name} has severities 1 to {severities(name)}, not {severity}.")

    def corrupted(pictures: torch.Tensor) -> torch.Tensor:
        return CORRUPTIONS[name](pictures, severity, torch.Generator().manual_seed(seed))

    pictures = torch.tensor(images).float() / 255
    if pictures.ndim == 4 and name not in ON_ALL_CHANNELS:
        result = torch.stack([corrupted(channel) for channel in pictures.unbind(dim=3)], dim=3)
    else:
        result = corrupted(pictures)
    return (result.clamp(0, 1) * 255).round().byte().numpy()


def suitable(images: np.ndarray) -> list[str]:
    """The corruptions that make sense for these pictures: all for digits, those with severities for photographs.

    Those without severities in MNIST-C are made of strokes (stripes, lines, outlines), as found in bad handwriting.
    """
    return [name for name in CORRUPTIONS if images.ndim == 3 or name not in WITHOUT_SEVERITIES]


def severities(name: str) -> int:
    """How many severities a corruption has: 5, or 1 where MNIST-C has no severities.

    Raises:
        ConfigError: there is no such corruption.
    """
    if name not in CORRUPTIONS:
        raise ConfigError(f"There is no corruption {name!r}: choose of {', '.join(CORRUPTIONS)}.")
    return 1 if name in WITHOUT_SEVERITIES else 5


def gaussian_noise(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    deviation = [0.08, 0.12, 0.18, 0.26, 0.38][severity - 1]
    return images + deviation * torch.randn(images.shape, generator=random)


def shot_noise(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    photons = [60, 25, 12, 5, 3][severity - 1]
    return torch.poisson(images * photons, generator=random) / photons


def impulse_noise(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    amount = [0.03, 0.06, 0.09, 0.17, 0.27][severity - 1]
    chance = torch.rand(images.shape, generator=random)
    return images.masked_fill(chance < amount / 2, 0).masked_fill(chance > 1 - amount / 2, 1)


def glass_blur(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    sigma, reach, times = [(0.7, 1, 2), (0.9, 2, 1), (1, 2, 3), (1.1, 3, 2), (1.5, 4, 2)][severity - 1]
    images = blur(images, sigma)
    n, height, width = images.shape
    for _ in range(times):
        moves = torch.randint(-reach, reach, (2, n, height, width), generator=random)
        moves = moves * (torch.rand(n, height, width, generator=random) < 0.5)
        rows = (torch.arange(height)[None, :, None] + moves[0]).clamp(0, height - 1)
        columns = (torch.arange(width)[None, None, :] + moves[1]).clamp(0, width - 1)
        images = images.flatten(1).gather(1, (rows * width + columns).flatten(1)).view_as(images)
    return blur(images, sigma)


def motion_blur(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    radius, sigma = [(10, 3), (15, 5), (15, 8), (15, 12), (20, 15)][severity - 1]
    directions = torch.randint(0, 16, (len(images),), generator=random)
    weights = torch.exp(-0.5 * (torch.arange(2 * radius + 1) / sigma) ** 2)
    weights /= weights.sum()
    blurred = torch.empty_like(images)
    for direction in range(16):
        angle = math.radians(-45 + 90 * direction / 15)
        chosen = directions == direction
        sharp = images[chosen]
        blurred[chosen] = sum(
            weight * _shifted(sharp, round(length * math.sin(angle)), round(length * math.cos(angle)))
            for length, weight in enumerate(weights)
        )
    return blurred


def shear(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    """Rows move by `amount` of their distance from the middle row, to the left or to the right; none changes height."""
    amount = [0.2, 0.4, 0.6, 0.8, 1.0][severity - 1] * _random_signs(len(images), random)
    one, zero = torch.ones_like(amount), torch.zeros_like(amount)
    return _resampled(images, affine_maps([[one, amount, zero], [zero, one, zero]]))


def scale(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    factor = torch.full((len(images),), [0.9, 0.8, 0.7, 0.6, 0.5][severity - 1])
    zero = torch.zeros_like(factor)
    return _resampled(images, affine_maps([[1 / factor, zero, zero], [zero, 1 / factor, zero]]))


def rotate(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    return _resampled(images, rotation([0.2, 0.4, 0.6, 0.8, 1.0][severity - 1] * _random_signs(len(images), random)))


def translate(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    across, down = severity * _random_signs(len(images), random), severity * _random_signs(len(images), random)
    return _resampled(images, translation(across, down, size=images.shape[-1]))


def brightness(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    return images + [0.1, 0.2, 0.3, 0.4, 0.5][severity - 1]


def stripe(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    quarter = images.shape[-1] // 4
    striped = 1 - images
    striped[:, :, quarter:-quarter] = images[:, :, quarter:-quarter]
    return striped


def fog(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    """Every picture has a clear and a dense part, unlike in MNIST-C, whose fog is nearly even."""
    density, decay = [(1.5, 2.0), (2.0, 2.0), (2.5, 1.7), (2.5, 1.5), (3.0, 1.4)][severity - 1]
    brightest = images.flatten(1).amax(dim=1).view(-1, *[1] * (images.ndim - 1))
    clouds = (
        _octave_noise(images, decay, random)
        if images.ndim == 3
        else _octave_noise(images[..., 0], decay, random)[..., None]
    )
    return (images + density * clouds) * brightest / (brightest + density)


def spatter(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    mean, deviation, sigma, threshold, drop = [
        (0.65, 0.3, 4, 0.69, 0.6),
        (0.65, 0.3, 3, 0.68, 0.6),
        (0.65, 0.3, 2, 0.68, 0.5),
        (0.65, 0.3, 1, 0.65, 1.5),
        (0.67, 0.4, 1, 0.65, 1.5),
    ][severity - 1]
    liquid = blur(mean + deviation * torch.randn(images.shape, generator=random), sigma)
    mud = blur((liquid > threshold).float(), drop)
    mud = mud.masked_fill(mud < 0.8, 0)
    return images * (1 - mud) + mud * 63 / 255


def dotted_line(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    n, width = len(images), images.shape[-1]
    start, end = torch.randint(0, width - 1, (2, n), generator=random).float()
    line = _line(images, torch.zeros(n), start, torch.full((n,), width - 1.0), end)
    gaps = torch.arange(width) // 2 % 2 == 0
    return images + line.masked_fill(gaps, 0)


def zigzag(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    length = width = 2.0
    left, right = 2.0, images.shape[-1] - 3.0
    start = torch.randint(0, images.shape[-1] - 1, (len(images),), generator=random).float()
    slope = torch.randint(-5, 5, (len(images),), generator=random) / (right - left)
    angle = slope.atan()
    straight = (right - left) / angle.cos()
    turns = int((right - left - length) // (2 * length)) + 1
    corners = torch.tensor([0.0] + [(2 * i + 1) * length for i in range(turns)])
    sides = torch.tensor([0.0] + [(-1) ** i * width for i in range(turns)] + [0.0])
    along = torch.cat([corners[:, None].expand(-1, len(images)), straight[None]])
    aside = sides[:, None].expand_as(along)
    columns = left + angle.cos() * along - angle.sin() * aside
    rows = start + angle.sin() * along + angle.cos() * aside
    for i in range(len(columns) - 1):
        images = (images + _line(images, columns[i], rows[i], columns[i + 1], rows[i + 1])).clamp(max=1)
    return images


def canny_edges(images: torch.Tensor, severity: int, random: torch.Generator) -> torch.Tensor:
    """Canny 1986, with the usual smoothing (sigma 1) and thresholds (0.1 and 0.2 of the largest grey level)."""
    smooth = F.pad(blur(images, 1.0).unsqueeze(1), (1, 1, 1, 1), mode="replicate")
    sobel = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
    across = F.conv2d(smooth, sobel[None, None]).squeeze(1)
    down = F.conv2d(smooth, sobel.T[None, None]).squeeze(1)
    strength = (across**2 + down**2).sqrt()
    edge = _local_maxima(strength, down.atan2(across))
    strong, weak = edge & (strength >= 0.2), edge & (strength >= 0.1)
    while True:
        grown = weak & (F.max_pool2d(strong.float().unsqueeze(1), 3, stride=1, padding=1).squeeze(1) > 0)
        if torch.equal(grown, strong):
            return strong.float()
        strong = grown


CORRUPTIONS: dict[str, Corruption] = {
    "gaussian_noise": gaussian_noise,
    "shot_noise": shot_noise,
    "impulse_noise": impulse_noise,
    "glass_blur": glass_blur,
    "motion_blur": motion_blur,
    "shear": shear,
    "scale": scale,
    "rotate": rotate,
    "brightness": brightness,
    "translate": translate,
    "stripe": stripe,
    "fog": fog,
    "spatter": spatter,
    "dotted_line": dotted_line,
    "zigzag": zigzag,
    "canny_edges": canny_edges,
}
ON_ALL_CHANNELS = {"gaussian_noise", "shot_noise", "impulse_noise", "fog"}
"""These are given all channels at once; the others are applied to each channel with the same draws."""
WITHOUT_SEVERITIES = {"stripe", "dotted_line", "zigzag", "canny_edges"}


def blur(images: torch.Tensor, sigma: float) -> torch.Tensor:
    """Gaussian blur with standard deviation `sigma` in pixels, edges repeated."""
    reach = min(math.ceil(4 * sigma), min(images.shape[-2:]) - 1)
    weights = torch.exp(-0.5 * (torch.arange(-reach, reach + 1) / sigma) ** 2)
    weights /= weights.sum()
    padded = F.pad(images.unsqueeze(1), (reach,) * 4, mode="replicate")
    rows = F.conv2d(padded, weights.view(1, 1, 1, -1))
    return F.conv2d(rows, weights.view(1, 1, -1, 1)).squeeze(1)


def _resampled(images: torch.Tensor, maps: torch.Tensor) -> torch.Tensor:
    """Pictures [n, height, width] changed by affine maps [n, 2, 3]."""
    return resample(images.unsqueeze(1), maps).squeeze(1)


def _random_signs(count: int, random: torch.Generator) -> torch.Tensor:
    return torch.randint(0, 2, (count,), generator=random) * 2.0 - 1


def _shifted(images: torch.Tensor, down: int, across: int) -> torch.Tensor:
    """The same pictures moved by whole pixels; 0 comes in from outside."""
    height, width = images.shape[1:]
    down, across = max(-height, min(height, down)), max(-width, min(width, across))
    return F.pad(images, (across, -across, down, -down))


def _octave_noise(images: torch.Tensor, decay: float, random: torch.Generator) -> torch.Tensor:
    """Smooth noise in 0 to 1: five octaves, each finer and `decay` times weaker than the one before."""
    n, height, width = images.shape
    total = torch.zeros(n, 1, height, width)
    for octave in range(5):
        coarse = torch.rand(n, 1, 2**octave + 1, 2**octave + 1, generator=random)
        total += F.interpolate(coarse, (height, width), mode="bilinear", align_corners=True) / decay**octave
    low, high = total.amin(dim=(2, 3), keepdim=True), total.amax(dim=(2, 3), keepdim=True)
    return ((total - low) / (high - low)).squeeze(1)


def _line(
    images: torch.Tensor, left: torch.Tensor, start: torch.Tensor, right: torch.Tensor, end: torch.Tensor
) -> torch.Tensor:
    """Ink [n, height, width] of a line from (left, start) to (right, end), which fades with the distance above and
    below it as log(1 - distance / 2.3) + 1. Ends are in pixels, float32 [n]."""
    height, width = images.shape[1:]
    columns = torch.arange(width).view(1, 1, -1)
    slope = (end - start) / (right - left)
    line = start.view(-1, 1, 1) + slope.view(-1, 1, 1) * (columns - left.view(-1, 1, 1))
    distance = (torch.arange(height).view(1, -1, 1) - line).abs().clamp(max=2.3 - 1e-6)
    ink = (torch.log(1 - distance / 2.3) + 1).clamp(min=0)
    outside = (columns < left.floor().view(-1, 1, 1)) | (columns >= right.ceil().view(-1, 1, 1))
    return ink.masked_fill(outside, 0)


def _local_maxima(strength: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    """Canny's non-maximum suppression: where an edge is at least as strong as its two neighbours across it, bool [n,
    height, width]."""
    height, width = strength.shape[1:]
    padded = F.pad(strength, (1, 1, 1, 1))
    sector = (direction / (math.pi / 4)).round().long() % 4
    maxima = torch.zeros_like(strength, dtype=torch.bool)
    for number, (down, across) in enumerate([(0, 1), (1, 1), (1, 0), (1, -1)]):
        ahead = padded[:, 1 + down : 1 + down + height, 1 + across : 1 + across + width]
        behind = padded[:, 1 - down : 1 - down + height, 1 - across : 1 - across + width]
        maxima |= (sector == number) & (strength >= ahead) & (strength >= behind)
    return maxima
