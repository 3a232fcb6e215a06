"""How trajectories are divided among writers."""

import numpy as np
import pytest

from crowd import make_writers
from crowd.writers import similar_parts
from tests.crowd.toys import toy_handwriting


@pytest.mark.parametrize("by_shape", [True, False])
def test_writers_share_no_trajectory_and_leave_none_out(by_shape):
    handwriting = toy_handwriting()
    writers = make_writers(handwriting, 7, seed=0, by_shape=by_shape)
    everything = np.concatenate([ids for writer in writers for ids in writer.trajectory_ids])
    assert sorted(everything) == list(range(len(handwriting.labels)))
    for writer in writers:
        assert all((handwriting.labels[ids] == label).all() for label, ids in enumerate(writer.trajectory_ids))


@pytest.mark.parametrize("by_shape", [True, False])
def test_as_many_writers_as_a_label_has_trajectories_have_one_of_each(by_shape):
    writers = make_writers(toy_handwriting(per_label=7), 7, seed=0, by_shape=by_shape)
    assert {len(ids) for writer in writers for ids in writer.trajectory_ids} == {1}


@pytest.mark.parametrize("by_shape", [True, False])
@pytest.mark.parametrize("count", [-3, 0, 8])
def test_writers_that_would_lack_a_digit_are_refused(count, by_shape):
    message = rf"^{count} writers can't be made.*: choose 1 to 7, annotators and held-out writers together\.$"
    with pytest.raises(ValueError, match=message):
        make_writers(toy_handwriting(per_label=7), count, seed=0, by_shape=by_shape)


def test_similar_parts_scatter_less_than_arbitrary_ones_of_the_same_sizes():
    points = np.random.default_rng(0).normal(size=(120, 16))

    def scatter(parts):
        return sum(((points[part] - points[part].mean(axis=0)) ** 2).sum() for part in parts)

    parts = similar_parts(points, 7)
    assert scatter(parts) < 0.9 * scatter(np.array_split(np.arange(120), 7))
    assert {len(part) for part in parts} <= {16, 17, 18}
