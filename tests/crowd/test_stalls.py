"""When something counts as stalled."""

import pytest

from crowd import stalls
from crowd.stalls import StallDetector


@pytest.fixture
def clock(monkeypatch):
    """Seconds that `time.monotonic` returns: set `clock[0]`."""
    seconds = [1000.0]
    monkeypatch.setattr(stalls.time, "monotonic", lambda: seconds[0])
    return seconds


def test_a_state_has_stalled_after_the_timeout(clock):
    detector = StallDetector(timeout=30)
    assert not detector.has_stalled("a")
    clock[0] += 30
    assert not detector.has_stalled("a")
    clock[0] += 1
    assert detector.has_stalled("a")


def test_a_change_starts_the_timeout_again(clock):
    detector = StallDetector(timeout=30)
    detector.has_stalled("a")
    clock[0] += 31
    assert not detector.has_stalled("b")
    clock[0] += 31
    assert detector.has_stalled("b")
