"""Who is in a crowd."""

import numpy as np
import pytest

from crowd import as_arrays, held_out_drawings
from tests.crowd.toys import toy_crowd


def test_the_same_seed_makes_the_same_crowd_and_another_seed_another():
    one, same, other = (as_arrays(held_out_drawings(toy_crowd(seed=seed), seed=seed))[0] for seed in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one[: len(other)], other[: len(one)])


def test_no_annotator_draws_trajectories_of_held_out_writers():
    crowd = toy_crowd()
    collected = {int(one) for annotator in crowd.annotators for ids in annotator.writer.trajectory_ids for one in ids}
    assert collected.isdisjoint(drawing.trajectory for drawing in held_out_drawings(crowd))


@pytest.mark.parametrize(("validators", "careless"), [(0, 0), (1, 0), (2, 0), (3, 2), (10, 2)])
def test_two_validators_are_careless_if_there_are_more(validators, careless):
    assert who_is_careless(toy_crowd(validators=validators)) == [True] * careless + [False] * (validators - careless)


@pytest.mark.parametrize("careless", [-1, 6])
def test_there_are_no_more_careless_validators_than_validators_and_no_fewer_than_none(careless):
    with pytest.raises(ValueError, match=rf"^{careless} of 5 validators can't be careless: choose 0 to 5\.$"):
        toy_crowd(validators=5, careless=careless)


def who_is_careless(crowd):
    return [validator.is_careless for validator in crowd.validators]
