"""Each corruption does to a picture what its name says: bars lean, ink is kept or added, lines turn."""

import numpy as np
import pytest

from models_zoo.robustness.corruptions import CORRUPTIONS, corrupt, severities, suitable
from models_zoo.training.config import ConfigError
from tests.models_zoo.conftest import toys

BLACK = np.zeros((8, 28, 28), dtype=np.uint8)


def in_colour(images):
    return np.repeat(images[..., None], 3, axis=3)


def bar():
    """Eight pictures of the same upright bar, two pixels wide, in the middle."""
    images = BLACK.copy()
    images[:, 8:20, 13:15] = 255
    return images


def middles(image):
    """The rows of an image with ink in them, and the column in the middle of each one's ink."""
    rows = np.flatnonzero(image.sum(axis=1) > 100)
    return rows, (image[rows] @ np.arange(image.shape[1])) / image[rows].sum(axis=1)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_every_corruption_changes_pictures_repeatably_and_more_with_severity(name):
    images, _ = toys(64)
    changes = []
    for severity in range(1, severities(name) + 1):
        corrupted = corrupt(images, name, severity, seed=1)
        assert corrupted.shape == images.shape
        assert corrupted.dtype == np.uint8
        assert (corrupted == corrupt(images, name, severity, seed=1)).all()
        changes.append(np.abs(corrupted.astype(int) - images).mean())
    assert min(changes) > 0
    if name != "spatter":  # from mud in few places to mud in many small ones
        assert changes[-1] >= changes[0]


@pytest.mark.parametrize("name", suitable(np.zeros((1, 40, 40, 3), dtype=np.uint8)))
def test_a_photograph_of_any_size_is_corrupted_in_each_channel(name):
    grey = np.random.default_rng(0).integers(0, 256, (4, 40, 40), dtype=np.uint8)
    corrupted = corrupt(in_colour(grey), name, 3, seed=1)
    assert corrupted.shape == (4, 40, 40, 3)
    assert corrupted.dtype == np.uint8
    alike = (corrupted == corrupt(grey, name, 3, seed=1)[..., None]).all()
    assert alike == ("noise" not in name)
    assert (corrupted != in_colour(grey)).any(axis=(0, 1, 2)).all()


def test_a_severity_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="stripe has severities 1 to 1, not 2"):
        corrupt(toys(2)[0], "stripe", 2)


def test_a_corruption_that_does_not_exist_is_refused():
    with pytest.raises(ConfigError, match="There is no corruption 'fogg': choose of gaussian_noise, shot_noise,"):
        corrupt(BLACK, "fogg", 3)


@pytest.mark.parametrize(("severity", "slope"), list(enumerate([0.2, 0.4, 0.6, 0.8, 1.0], start=1)))
def test_a_sheared_bar_leans_about_its_middle_and_keeps_its_height(severity, slope):
    leans = []
    for image in corrupt(bar(), "shear", severity):
        rows, columns = middles(image)
        lean, _ = np.polyfit(rows - 13.5, columns, 1)
        leans.append(np.sign(lean))
        assert abs(lean) == pytest.approx(slope, abs=0.01)
        assert (rows[0], rows[-1]) == (8, 19)
        assert columns.mean() == pytest.approx(13.5, abs=0.05)
    assert set(leans) == {-1, 1}


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_a_turned_bar_leans_by_its_angle(severity):
    for image in corrupt(bar(), "rotate", severity):
        rows, columns = middles(image[11:17])  # away from its ends, which are slanted
        assert abs(np.polyfit(rows, columns, 1)[0]) == pytest.approx(np.tan(0.2 * severity), abs=0.1)


@pytest.mark.parametrize(("severity", "factor"), list(enumerate([0.9, 0.8, 0.7, 0.6, 0.5], start=1)))
def test_a_scaled_picture_keeps_its_middle_and_has_less_ink_by_the_square_of_its_factor(severity, factor):
    square = BLACK.copy()
    square[:, 6:22, 6:22] = 255
    scaled = corrupt(square, "scale", severity)[0].astype(float)
    assert scaled.sum() == pytest.approx(factor**2 * square[0].sum(), rel=0.1)
    assert middles(scaled)[1] == pytest.approx(13.5, abs=0.05)


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_motion_blur_draws_ink_out_to_the_right_and_keeps_all_of_it(severity):
    square = np.zeros((8, 80, 80), dtype=np.uint8)
    square[:, 36:44, 36:44] = 255
    for image in corrupt(square, "motion_blur", severity).astype(float):
        assert image.sum() == pytest.approx(square[0].sum(), rel=0.01)
        assert image[:, :36].max() == 0
        assert image[:, 46:].max() > 10


@pytest.mark.parametrize(("severity", "density"), [(1, 1.5), (2, 2.0), (5, 3.0)])
def test_fog_lies_in_clouds_that_are_clear_in_one_place_and_dense_in_another(severity, density):
    fogged = corrupt(255 - BLACK, "fog", severity).astype(int)
    for image in fogged:
        assert image.min() == round(255 / (1 + density))
        assert image.max() == 255
        assert np.abs(np.diff(image, axis=1)).mean() < 15
    assert (fogged[0] != fogged[1]).mean() > 0.5


def test_a_zigzag_is_bright_across_the_picture_and_turns_about_every_four_pixels():
    for image in corrupt(BLACK, "zigzag", 1, seed=3):
        columns, rows = middles(image.T.astype(float))
        inside = (columns > 3) & (columns < 24) & (rows > 3) & (rows < 24)
        if inside.sum() < 15:
            continue  # its line leaves the picture
        columns, rows = columns[inside], rows[inside]
        deviation = rows - np.polyval(np.polyfit(columns, rows, 1), columns)
        assert image.max() > 200
        assert np.abs(deviation).max() > 1
        assert 3 <= (np.diff(np.sign(deviation)) != 0).sum() <= 7


def test_a_dotted_line_has_ink_in_every_other_pair_of_columns():
    for image in corrupt(BLACK, "dotted_line", 1):
        inked = image.max(axis=0) > 0
        assert (inked[:27] == (np.arange(27) // 2 % 2 == 1)).all()
        assert image.max() > 200


def test_brightness_is_added_and_stripes_are_the_outer_quarters_inverted():
    images = toys(4)[0] // 2
    assert np.abs(corrupt(images, "brightness", 2).astype(int) - (images + 51.0)).max() <= 1
    striped = corrupt(images, "stripe", 1)
    assert (striped[:, :, 7:21] == images[:, :, 7:21]).all()
    assert (striped[:, :, :7] == 255 - images[:, :, :7]).all()
    assert (striped[:, :, 21:] == 255 - images[:, :, 21:]).all()


@pytest.mark.parametrize(("severity", "deviation"), [(1, 0.08), (5, 0.38)])
def test_gaussian_noise_has_the_deviation_of_its_severity(severity, deviation):
    grey = np.full((8, 28, 28), 128, dtype=np.uint8)
    noisy = corrupt(grey, "gaussian_noise", severity) / 255
    beyond = (noisy == 0).mean() + (noisy == 1).mean()
    assert noisy.mean() == pytest.approx(0.5, abs=0.02)
    assert np.median(np.abs(noisy - 0.5)) == pytest.approx(0.6745 * deviation, rel=0.05)
    assert (beyond > 0.1) == (severity == 5)


def test_translation_moves_by_as_many_pixels_as_its_severity():
    image = np.zeros((1, 28, 28), dtype=np.uint8)
    image[0, 14, 14] = 255
    row, column = np.argwhere(corrupt(image, "translate", 3)[0] == 255)[0]
    assert (abs(row - 14), abs(column - 14)) == (3, 3)


def test_edges_of_a_square_are_its_outline():
    image = np.zeros((1, 28, 28), dtype=np.uint8)
    image[0, 8:20, 8:20] = 255
    edges = corrupt(image, "canny_edges", 1)[0]
    assert edges[13, 13] == edges[2, 2] == 0
    assert edges[13].sum() > 0
    assert set(np.unique(edges)) == {0, 255}
