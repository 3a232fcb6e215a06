"""Turning, shifting and warping pictures, batched.

An affine map is float32 [2, 3], as `theta` of `F.affine_grid`: it takes a place (x, y, 1) of the result, -1 to 1 across
the picture, to the place of the source that is shown there.
"""

from functools import lru_cache

import torch
import torch.nn.functional as F


def resample(images: torch.Tensor, maps: torch.Tensor, displacements: torch.Tensor | None = None) -> torch.Tensor:
    """Pictures changed by affine maps, interpolated linearly; 0 comes in from outside.

    Args:
        images: float32 [n, channels, height, width].
        maps: float32 [n, 2, 3], an affine map for each picture.
        displacements: float32 [n, 2, k, k], how far x and y of the source are moved at each point of a coarse grid
            over the picture (2 is the picture's width), and linearly in between.

    Returns:
        float32 of the images' shape.
    """
    n, _, height, width = images.shape
    basis, coefficients = _places(height, width, images.device), maps
    if displacements is not None:
        basis = torch.cat([basis, _weights(height, width, displacements.shape[-1], images.device)])
        coefficients = torch.cat([maps, displacements.flatten(2)], dim=2)
    # One matrix product for all pictures: batched ones, as in F.affine_grid, took ten times as long as the sampling.
    grid = (coefficients.reshape(2 * n, -1) @ basis).view(n, 2, height, width)
    return F.grid_sample(images, grid.permute(0, 2, 3, 1), align_corners=False)


def rotation(radians: torch.Tensor) -> torch.Tensor:
    """Maps that rotate about the centre: float32 [n, 2, 3] from float32 [n]."""
    cos, sin, zero = radians.cos(), radians.sin(), torch.zeros_like(radians)
    return affine_maps([[cos, -sin, zero], [sin, cos, zero]])


def translation(across: torch.Tensor, down: torch.Tensor, *, size: int) -> torch.Tensor:
    """Maps that move pictures of `size` pixels by so many of them: float32 [n, 2, 3] from float32 [n]."""
    one, zero = torch.ones_like(across), torch.zeros_like(across)
    return affine_maps([[one, zero, -2 * across / size], [zero, one, -2 * down / size]])


def affine_maps(rows: list[list[torch.Tensor]]) -> torch.Tensor:
    """Affine maps, float32 [n, 2, 3], from two rows of three coefficients, each float32 [n]."""
    return torch.stack([torch.stack(row, dim=1) for row in rows], dim=1)


@lru_cache
def _places(height: int, width: int, device: torch.device) -> torch.Tensor:
    """x, y and 1 of every pixel's centre: float32 [3, height * width]."""
    rows = (torch.arange(height, device=device) * 2 + 1) / height - 1
    columns = (torch.arange(width, device=device) * 2 + 1) / width - 1
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    return torch.stack([x, y, torch.ones_like(x)]).flatten(1)


@lru_cache
def _weights(height: int, width: int, coarse: int, device: torch.device) -> torch.Tensor:
    """How much of each point of a coarse grid every pixel takes: float32 [coarse * coarse, height * width]."""
    points = torch.eye(coarse * coarse, device=device).view(1, -1, coarse, coarse)
    return F.interpolate(points, (height, width), mode="bilinear", align_corners=True).flatten(2)[0]
