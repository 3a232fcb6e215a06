"""The turnaround ends when the next round is open, and the site must be ready before. A site that is made up."""

import pytest

from bench import turnaround
from crowd.transport import SiteUnreachable


class Admin:
    """An admin's client whose task has these rounds, newest first, one answer after the other."""

    def __init__(self, *answers):
        self.answers, self.closed = list(answers), []

    def close(self, round_id):
        self.closed.append(round_id)

    def rounds(self, task):
        return self.answers.pop(0)


class Site:
    """A site that is out of reach for some requests."""

    def __init__(self, unreachable):
        self.unreachable, self.requests = unreachable, 0

    def request(self, call, method, path):
        self.requests += 1
        if self.requests <= self.unreachable:
            raise SiteUnreachable(path)


@pytest.fixture(autouse=True)
def no_sleep(monkeypatch):
    monkeypatch.setattr(turnaround.time, "sleep", lambda seconds: None)


def test_it_closes_round_1_and_waits_until_round_2_is_open():
    first, second = {"number": 1, "status": "training"}, {"number": 2, "status": "open"}
    admin = Admin([first], [{**second, "status": "draft"}, first], [second, first], [second])
    assert turnaround.close_and_wait(admin) > 0
    assert admin.closed == [1]
    assert admin.answers == [[second]]


def test_a_site_that_is_slow_to_start_is_waited_for():
    site = Site(unreachable=2)
    turnaround.wait_until_ready(site)
    assert site.requests == 3


def test_a_site_that_never_starts_is_reported(monkeypatch):
    monkeypatch.setattr(turnaround, "START_TIMEOUT", 0.01)
    with pytest.raises(SystemExit, match="The site was not ready within"):
        turnaround.wait_until_ready(Site(unreachable=10**9))
