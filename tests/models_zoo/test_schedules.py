"""The learning rate rises and falls in one cycle, or falls to a tenth whenever the dev accuracy stops rising."""

import math

import pytest

from models_zoo.training.schedules import one_cycle, plateau

ONE_CYCLE = {
    "it starts at a tenth": (0, 0.1),
    "it rises in a straight line": (0.1, 0.55),
    "it is highest after a fifth": (0.2, 1),
    "it falls slowly at first": (0.4, (1 + math.sqrt(0.5)) / 2),
    "it has fallen by half midway to the end": (0.6, 0.5),
    "it falls slowly at last": (0.8, (1 - math.sqrt(0.5)) / 2),
    "it ends at nothing": (1, 0),
}


@pytest.mark.parametrize("what", ONE_CYCLE)
def test_one_cycle(what):
    done, share = ONE_CYCLE[what]
    assert one_cycle(done) == pytest.approx(share, abs=1e-12)


def test_one_cycle_makes_no_jump_where_it_turns():
    assert one_cycle(0.2 - 1e-9) == pytest.approx(one_cycle(0.2), abs=1e-6)


PLATEAU = {
    "before the first epoch": ([], 1),
    "after the first epoch, whatever it brought": ([0.0], 1),
    "while each epoch is better": ([0.1, 0.2, 0.3, 0.4, 0.5], 1),
    "after one epoch that is not better": ([0.5, 0.4], 1),
    "after two that are worse": ([0.5, 0.4, 0.3], 0.1),
    "after two that are as good and no better": ([0.5, 0.5, 0.5], 0.1),
    "after two short of the best, though one beats the other": ([0.5, 0.3, 0.4], 0.1),
    "when a better one came between the two": ([0.5, 0.4, 0.6, 0.5], 1),
    "when the second was better": ([0.5, 0.4, 0.6, 0.7], 1),
    "after three without a better one": ([0.5, 0.4, 0.4, 0.4], 0.1),
    "after twice two without a better one": ([0.5, 0.4, 0.4, 0.4, 0.4], 0.01),
    "after a fall, when it gets better again": ([0.5, 0.4, 0.4, 0.6, 0.7], 0.1),
    "after a fall, when only the lesser epochs get better": ([0.5, 0.1, 0.2, 0.3, 0.4], 0.01),
}


@pytest.mark.parametrize("when", PLATEAU)
def test_plateau(when):
    dev_accuracies, share = PLATEAU[when]
    assert plateau(dev_accuracies) == pytest.approx(share)
