"""Augmented pictures are changed within their limits, in a repeatable way, and as much as is asked."""

import pytest
import torch

from models_zoo.augment import PHOTO_AUGMENT, Augment

STILL = Augment(
    share=1.0, shift=0, smallest=1, largest=1, rotation=0, shear=0, stretch=0, elastic=0, noise_share=0
)  # fmt: skip


@pytest.fixture
def digits():
    """A bar in the middle of each of eight pictures."""
    images = torch.zeros(8, 1, 28, 28)
    images[:, :, 6:22, 12:16] = 1.0
    return images


def changed(augment, images, seed=0):
    return augment(images, torch.Generator().manual_seed(seed))


def test_nothing_asked_changes_nothing(digits):
    assert torch.allclose(changed(STILL, digits), digits, atol=1e-5)
    assert changed(Augment(share=0.0), digits) is digits


def test_the_same_generator_state_gives_the_same_pictures(digits):
    everything = Augment(share=1.0, noise_share=1.0, poisson=0.2, salt_and_pepper=0.1)
    assert torch.equal(changed(everything, digits), changed(everything, digits))
    assert not torch.equal(changed(everything, digits), changed(everything, digits, seed=1))


def test_only_the_share_asked_for_is_changed(digits):
    half = changed(Augment(share=0.5), digits)
    assert torch.equal(half[4:], digits[4:])
    assert not torch.equal(half[:4], digits[:4])


def test_a_turned_and_moved_digit_keeps_its_ink(digits):
    moved = changed(Augment(share=1.0, smallest=1, largest=1, stretch=0, elastic=0, noise_share=0), digits)
    assert torch.allclose(moved.sum(dim=(1, 2, 3)), digits.sum(dim=(1, 2, 3)), rtol=0.06)


def test_a_quarter_turn_is_a_quarter_turn(digits):
    class QuarterTurn(Augment):
        def _affine(self, count, height, width, random):
            return torch.tensor([[0.0, 1.0, 0.0], [-1.0, 0.0, 0.0]]).repeat(count, 1, 1)

    turned = changed(QuarterTurn(share=1.0, elastic=0, noise_share=0), digits)
    assert torch.allclose(turned, digits.rot90(1, dims=(2, 3)), atol=1e-4)


def test_size_changes_ink_by_its_square(digits):
    from dataclasses import replace

    half = changed(replace(STILL, smallest=0.5, largest=0.5), digits)
    assert torch.allclose(half.sum(dim=(1, 2, 3)), digits.sum(dim=(1, 2, 3)) / 4, rtol=0.05)


def test_a_flip_mirrors_some_and_leaves_the_others():
    from dataclasses import replace

    images = torch.rand(32, 3, 32, 32)
    flipped = changed(replace(STILL, flip=True), images)
    mirrored = [torch.allclose(new, old.flip(-1), atol=1e-4) for new, old in zip(flipped, images, strict=True)]
    same = [torch.allclose(new, old, atol=1e-4) for new, old in zip(flipped, images, strict=True)]
    assert sum(mirrored) + sum(same) == 32
    assert min(sum(mirrored), sum(same)) > 5


def test_a_crop_shifts_by_whole_pixels(digits):
    from dataclasses import replace

    for picture in changed(replace(STILL, crop=3), digits):
        shifts = [(down, across) for down in range(-3, 4) for across in range(-3, 4)]
        assert any(torch.allclose(picture, digits[0].roll(shift, dims=(1, 2)), atol=1e-4) for shift in shifts)


@pytest.mark.parametrize("kind", ["gaussian", "poisson", "salt_and_pepper"])
def test_each_noise_adds_variance(digits, kind):
    from dataclasses import replace

    only = replace(STILL, noise_share=1.0, gaussian=0, background=0.5) if kind != "gaussian" else None
    noisy = replace(only or STILL, noise_share=1.0, background=0.5, **{kind: 0.4})
    flat = torch.full((16, 1, 28, 28), 0.5)
    assert changed(noisy, flat).var(dim=(1, 2, 3)).mean() > 0.005


def test_every_result_is_a_picture(digits):
    for augment in (Augment(noise_share=1.0, poisson=0.3, salt_and_pepper=0.2), PHOTO_AUGMENT):
        result = changed(augment, torch.rand(16, 3, 32, 32))
        assert result.shape == (16, 3, 32, 32)
        assert result.min() >= 0
        assert result.max() <= 1
