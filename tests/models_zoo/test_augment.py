"""Augmented pictures are changed within their limits, in a repeatable way, and as much as the settings allow."""

import math
from dataclasses import replace

import pytest
import torch

from models_zoo.training.augment import PHOTO_AUGMENT, Augment
from models_zoo.training.transforms import augmented

STILL = Augment(
    share=1.0, shift=0, smallest=1, largest=1, rotation=0, shear=0, stretch=0, elastic=0, noise_share=0
)  # fmt: skip
COUNT = 64


@pytest.fixture
def digits():
    """A bar in the middle of each of eight pictures."""
    images = torch.zeros(8, 1, 28, 28)
    images[:, :, 6:22, 12:16] = 1.0
    return images


def changed(augment, images, seed=0):
    return augmented(images, augment, torch.Generator().manual_seed(seed))


def only(**fields):
    return replace(STILL, **fields)


def maps_of_places(height, width):
    """Pictures whose two channels are the place of each pixel, x and y in pixels from the centre."""
    y, x = torch.meshgrid(torch.arange(height) - (height - 1) / 2, torch.arange(width) - (width - 1) / 2, indexing="ij")
    return torch.stack([x, y]).repeat(COUNT, 1, 1, 1)


def moves(augment, height=28, width=28):
    """Where each of the pictures takes a place (x, y): a matrix [n, 2, 2] and then a shift [n, 2], in pixels."""
    places = maps_of_places(height, width)
    inner = (..., slice(height // 2 - 4, height // 2 + 4), slice(width // 2 - 4, width // 2 + 4))
    shown = changed(augment, places)[inner].flatten(2).mT
    here = places[inner].flatten(2).mT
    fit = torch.linalg.lstsq(torch.cat([here, torch.ones(COUNT, 64, 1)], dim=2), shown).solution
    source = torch.cat([fit.mT, torch.tensor([[[0.0, 0.0, 1.0]]]).repeat(COUNT, 1, 1)], dim=1)
    there = source.inverse()
    assert torch.allclose(shown, here @ fit[:, :2] + fit[:, 2:], atol=1e-3), "no line bends"
    return there[:, :2, :2], there[:, :2, 2]


def matrices(a, b, c, d):
    """[[a, b], [c, d]] for each picture."""
    return torch.stack([torch.as_tensor(entry).expand(COUNT) for entry in (a, b, c, d)], dim=1).view(COUNT, 2, 2)


def fills(values, low, high, error=0.001):
    """Whether the values go nearly as far as both limits, and stay within them but for an error of measurement."""
    near, beyond = 0.1 * (high - low), error * (high - low)
    return low - beyond <= values.min() < low + near and high - near < values.max() <= high + beyond


def test_settings_of_zero_change_nothing(digits):
    assert torch.allclose(changed(STILL, digits), digits, atol=1e-5)
    assert changed(Augment(share=0.0), digits) is digits


def test_the_same_generator_state_gives_the_same_pictures(digits):
    everything = Augment(share=1.0, noise_share=1.0, poisson=0.2, salt_and_pepper=0.1)
    assert torch.equal(changed(everything, digits), changed(everything, digits))
    assert not torch.equal(changed(everything, digits), changed(everything, digits, seed=1))


def test_each_picture_of_the_share_is_changed_and_no_other(digits):
    differs = (changed(Augment(share=0.5), digits) != digits).flatten(1).any(dim=1)
    assert differs.tolist() == [True] * 4 + [False] * 4


def test_a_rotation_turns_either_way_by_up_to_so_many_degrees():
    matrix, shift = moves(only(rotation=30))
    angle = torch.atan2(matrix[:, 1, 0], matrix[:, 0, 0])
    assert torch.allclose(matrix, matrices(angle.cos(), -angle.sin(), angle.sin(), angle.cos()), atol=1e-3)
    assert fills(angle.rad2deg(), -30, 30)
    assert shift.abs().max() < 1e-3


def test_a_shear_slants_upright_lines_by_up_to_so_many_pixels_a_row():
    matrix, shift = moves(only(shear=0.3))
    slant = matrix[:, 0, 1]
    assert torch.allclose(matrix, matrices(1.0, slant, 0.0, 1.0), atol=1e-3)
    assert fills(slant, -0.3, 0.3)
    assert shift.abs().max() < 1e-3


def test_a_stretch_makes_wider_or_narrower_and_keeps_the_area():
    matrix, shift = moves(only(stretch=0.2))
    wider = matrix[:, 0, 0]
    assert torch.allclose(matrix, matrices(wider, 0.0, 0.0, 1 / wider), atol=1e-3)
    assert fills(wider.log(), -0.2, 0.2)
    assert shift.abs().max() < 1e-3


def test_sizes_lie_between_the_smallest_and_the_largest():
    matrix, shift = moves(only(smallest=0.6, largest=1.5))
    size = matrix[:, 0, 0]
    assert torch.allclose(matrix, matrices(size, 0.0, 0.0, size), atol=1e-3)
    assert fills(size, 0.6, 1.5)
    assert shift.abs().max() < 1e-3


@pytest.mark.parametrize(("share", "size", "room"), [(1.0, 1.0, 4), (0.5, 1.0, 2), (0.5, 0.7, 3.5), (1.0, 1.6, 0)])
def test_a_shift_uses_its_share_of_the_room_that_a_digit_of_20_pixels_has(share, size, room):
    matrix, shift = moves(only(shift=share, smallest=size, largest=size))
    assert torch.allclose(matrix, matrices(size, 0.0, 0.0, size), atol=1e-3)
    if room:
        assert fills(shift[:, 0], -room, room)
        assert fills(shift[:, 1], -room, room)
        assert abs(shift.T.corrcoef()[0, 1]) < 0.3, "across and down have nothing to do with each other"
    else:
        assert shift.abs().max() < 1e-3


def test_a_crop_shifts_by_whole_pixels_either_way_and_across_as_well_as_down():
    matrix, shift = moves(only(crop=2), height=28, width=20)
    assert torch.allclose(matrix, matrices(1.0, 0.0, 0.0, 1.0), atol=1e-3)
    assert torch.allclose(shift, shift.round(), atol=1e-3)
    across, down = shift.round().int().T.tolist()
    assert set(across) == set(down) == {-2, -1, 0, 1, 2}
    assert len(set(zip(across, down, strict=True))) > 15


def test_a_turned_and_moved_digit_keeps_its_ink(digits):
    moved = changed(Augment(share=1.0, smallest=1, largest=1, stretch=0, elastic=0, noise_share=0), digits)
    assert torch.allclose(moved.sum(dim=(1, 2, 3)), digits.sum(dim=(1, 2, 3)), rtol=0.06)


def test_elastic_bends_straight_lines_by_so_much_and_smoothly():
    places = maps_of_places(33, 33)  # every eighth pixel is a point of the coarse grid
    bends = (changed(only(elastic=0.05), places) - places)[:, :, 8:25, 8:25] * 2 / 33
    points, midway = bends[:, :, ::8, ::8], bends[:, :, ::8, 4::8]
    assert points.std(dim=0).mean() == pytest.approx(0.05, rel=0.05)
    assert torch.allclose(midway, (points[..., 1:] + points[..., :-1]) / 2, atol=1e-4)
    bent = points[..., 1] - (points[..., 0] + points[..., 2]) / 2
    assert bent.std(dim=0).mean() == pytest.approx(0.05 * math.sqrt(1.5), rel=0.1)
    x, y = points.transpose(0, 1).flatten(1)
    assert abs(torch.stack([x, y]).corrcoef()[0, 1]) < 0.15


def test_a_flip_mirrors_some_and_leaves_the_others():
    images = torch.rand(32, 3, 32, 32)
    flipped = changed(only(flip=True), images)
    mirrored = [torch.allclose(new, old.flip(-1), atol=1e-4) for new, old in zip(flipped, images, strict=True)]
    same = [torch.allclose(new, old, atol=1e-4) for new, old in zip(flipped, images, strict=True)]
    assert sum(mirrored) + sum(same) == 32
    assert min(sum(mirrored), sum(same)) > 5


def jittered(jitter, channels):
    """The contrast [n] and the strengths [n, channels] that jitter gave to pictures of two greys, as factors."""
    images = torch.full((COUNT, channels, 4, 4), 0.4)
    images[..., 2:] = 0.6
    result = changed(only(jitter=jitter), images)
    dark, light = result[..., :2], result[..., 2:]
    assert torch.allclose(dark, dark[..., :1, :1], atol=1e-5), "each half stays of one colour"
    assert torch.allclose(light, light[..., :1, :1], atol=1e-5), "each half stays of one colour"
    steps = (light - dark).mean(dim=(2, 3)) / 0.2
    contrast = steps.mean(dim=1) / (result.mean(dim=(1, 2, 3)) / 0.5)
    strengths = steps / contrast[:, None]
    mean = 0.5 * strengths.mean(dim=1, keepdim=True)
    expected = mean + contrast[:, None] * (0.5 * strengths - mean)
    assert torch.allclose(result.mean(dim=(2, 3)), expected, atol=1e-4), "contrast is about the mean of all channels"
    return contrast, strengths


def test_jitter_of_grey_pictures_changes_brightness_and_contrast_by_up_to_its_share():
    contrast, strengths = jittered(0.2, channels=1)
    assert fills(contrast, 0.8, 1.2)
    assert fills(strengths, 0.8, 1.2)
    assert abs(torch.stack([contrast, strengths[:, 0]]).corrcoef()[0, 1]) < 0.3


def test_jitter_of_colour_pictures_changes_the_channels_against_each_other_too():
    contrast, strengths = jittered(0.2, channels=3)
    assert fills(contrast, 0.8, 1.2)
    assert strengths.min() > 0.8 * 0.8
    assert strengths.max() < 1.2 * 1.2
    for one, other in ((0, 1), (1, 2), (2, 0)):
        against = strengths[:, one] / strengths[:, other]
        assert 0.8 / 1.2 < against.min() < 0.8
        assert 1.2 < against.max() < 1.2 / 0.8


def test_noise_comes_to_its_share_of_the_changed_pictures():
    images = torch.zeros(8, 1, 28, 28)
    noisy = (changed(only(share=0.75, noise_share=0.5), images) != images).flatten(1).any(dim=1)
    assert noisy.tolist() == [True] * 3 + [False] * 5


def test_a_background_is_grey_and_leaves_the_ink_a_fifth_of_its_contrast_or_more():
    images = torch.zeros(COUNT, 1, 28, 28)
    images[..., 14:] = 0.5  # so that no result is cut off at white
    result = changed(only(noise_share=1.0, background=0.6, gaussian=0), images)
    paper, ink = result[..., :1, :1], result[..., -1:, -1:]
    assert torch.allclose(result, paper + (ink - paper) / 0.5 * images, atol=1e-5)
    assert fills(paper, 0, 0.6)
    contrast = (ink - paper) / 0.5
    assert contrast.min() == pytest.approx(0.2)
    assert contrast.max() > 0.8
    assert (contrast <= (1 - paper).clamp(min=0.2) + 1e-5).all()


def without_and_with(**noise):
    """Flat pictures of many greys, and the same with this noise."""
    off = only(noise_share=1.0, background=0, gaussian=0)
    flat = torch.full((COUNT, 3, 28, 28), 0.5)
    return changed(off, flat), changed(replace(off, **noise), flat)


def test_gaussian_noise_has_up_to_its_standard_deviation():
    clean, noisy = without_and_with(gaussian=0.02)  # so little that it does not reach the ends of the grey scale
    added = noisy - clean
    deviation = added.std(dim=(1, 2, 3), keepdim=True)
    assert fills(deviation, 0, 0.02, error=0.05)
    assert added.mean().abs() < 0.0002
    assert (added / deviation).pow(4).mean() == pytest.approx(3, rel=0.02), "the fourth moment of a normal distribution"
    red, green, _ = (added / deviation).transpose(0, 1).flatten(1)
    assert abs(torch.stack([red, green]).corrcoef()[0, 1]) < 0.02


def test_shot_noise_grows_with_brightness_and_comes_in_whole_photons():
    clean, noisy = without_and_with(poisson=0.05)
    assert torch.allclose(noisy.mean(dim=(1, 2, 3)), clean.mean(dim=(1, 2, 3)), atol=0.01)
    at_full_brightness = noisy.var(dim=(1, 2, 3)) / noisy.mean(dim=(1, 2, 3))
    assert fills(at_full_brightness, 0, 0.05, error=0.05)
    photon = torch.stack([picture.unique().diff().median() for picture in noisy])
    assert torch.allclose(photon, at_full_brightness, rtol=0.15)


def test_salt_and_pepper_turns_up_to_its_share_of_the_pixels_black_or_white():
    clean, noisy = without_and_with(salt_and_pepper=0.3)
    black, white = noisy == 0, noisy == 1
    assert (black | white | (noisy == clean)).all()
    black, white = black.float().mean(dim=(1, 2, 3)), white.float().mean(dim=(1, 2, 3))
    assert fills(black + white, 0, 0.3, error=0.05)
    assert torch.allclose(black, white, atol=0.03)


def test_every_result_is_a_picture():
    for augment in (Augment(noise_share=1.0, poisson=0.3, salt_and_pepper=0.2), PHOTO_AUGMENT):
        result = changed(augment, torch.rand(16, 3, 32, 32))
        assert result.shape == (16, 3, 32, 32)
        assert result.min() >= 0
        assert result.max() <= 1
