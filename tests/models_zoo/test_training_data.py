"""Which pictures an epoch shows, and how often."""

import pytest
import torch

from models_zoo.config import Config
from models_zoo.training_data import TrainingData, epoch_length, epoch_order


def shown(base: int, collected: int, **changes) -> torch.Tensor:
    """How often an epoch shows each picture: int64 [base + collected]."""
    data = TrainingData(
        images=torch.zeros(base + collected, 1, 28, 28, dtype=torch.uint8),
        labels=torch.arange(base + collected) % 10,
        base_count=base,
        dev={},
        sha256="",
    )
    config = Config(**changes)
    order = epoch_order(data, config, torch.Generator().manual_seed(0))
    assert len(order) == epoch_length(data, config)
    return order.bincount(minlength=base + collected)


def test_each_base_picture_is_shown_once_and_each_collected_one_by_its_weight():
    counts = shown(60, 10, collected_weight=4.0)
    assert counts[:60].tolist() == [1] * 60
    assert counts[60:].tolist() == [4] * 10


def test_half_a_weight_shows_half_of_the_collected_pictures():
    counts = shown(60, 10, collected_weight=2.5)
    assert sorted(counts[60:].tolist()) == [2] * 5 + [3] * 5


def test_a_replay_shows_so_many_base_pictures_once():
    counts = shown(60, 10, base_replay=25)
    assert sorted(counts[:60].tolist()) == [0] * 35 + [1] * 25


@pytest.mark.parametrize(("collected", "times"), [(5, 8), (10, 4), (20, 2)])
def test_collected_pictures_take_no_more_than_their_share(collected, times):
    counts = shown(60, collected, collected_weight=8.0, collected_share=0.4)
    assert counts[60:].tolist() == [times] * collected
    assert counts[60:].sum() <= 0.4 * counts.sum()


def test_without_base_pictures_there_is_nothing_to_share_with():
    assert shown(0, 10, base_replay=0, collected_weight=3.0, collected_share=0.4).tolist() == [3] * 10
