"""The admin of a campaign, at a desk where every move is only noted."""

import pytest

from crowd.admin import TRAININGS, Admin, Stuck
from crowd.client import Problem


class Desk:
    """A client of which every call is a move that the site allows, or refuses as `refused` says."""

    def __init__(self):
        self.moves = []
        self.refused = ""

    def __getattr__(self, move):
        def note(round):
            if self.refused:
                raise Problem(409, self.refused, "No.")
            self.moves.append((move, round))

        return note


@pytest.fixture
def desk():
    return Desk()


def admin_at(desk, *, target=None, hurry=False, accept=True):
    return Admin(desk, target=target, hurry=hurry, accept=accept)


def a_round(status, number=1, *, verified=5, waiting=0, training=None):
    return {
        "id": number,
        "number": number,
        "status": status,
        "counts": {"verified": verified},
        "waiting_for_validation": waiting,
        "training": training,
    }


FAILED = {"status": "failed", "error": "The disk is full."}


def test_a_round_is_closed_at_its_target(desk):
    admin = admin_at(desk, target=5)
    admin.look(a_round("open", verified=4))
    assert desk.moves == []
    admin.look(a_round("open", verified=5))
    assert desk.moves == [("close", 1)]


def test_the_site_trains_by_itself_unless_there_is_a_hurry(desk):
    admin_at(desk).look(a_round("validating"))
    assert desk.moves == []
    admin_at(desk, hurry=True).look(a_round("validating"))
    assert desk.moves == [("train", 1)]


def test_even_in_a_hurry_what_waits_is_validated_first(desk):
    admin_at(desk, hurry=True).look(a_round("validating", waiting=1))
    assert desk.moves == []


def test_what_is_never_settled_is_not_waited_for(desk, monkeypatch):
    admin = admin_at(desk)
    monkeypatch.setattr(admin._queue, "patience", -1)
    admin.look(a_round("validating", waiting=1))
    assert desk.moves == [("train", 1)]


def test_a_round_without_anything_verified_keeps_its_adversary(desk):
    admin_at(desk).look(a_round("validating", verified=0))
    assert desk.moves == [("keep", 1)]


def test_a_model_that_was_held_back_is_accepted_or_not_as_one_was_told(desk):
    admin_at(desk, accept=True).look(a_round("reviewing"))
    admin_at(desk, accept=False).look(a_round("reviewing"))
    assert desk.moves == [("accept", 1), ("keep", 1)]


def test_a_training_that_fails_every_time_is_told_with_its_error(desk):
    admin = admin_at(desk)
    for _ in range(TRAININGS - 1):
        admin.look(a_round("validating", training=FAILED))
    assert desk.moves == [("train", 1)] * (TRAININGS - 1)
    with pytest.raises(Stuck, match=r"training of round 1 failed 3 times; mend what it says: The disk is full"):
        admin.look(a_round("validating", training=FAILED))


def test_one_failure_in_each_of_several_rounds_is_no_reason_to_stop(desk):
    admin = admin_at(desk)
    for number in range(1, TRAININGS + 2):
        admin.look(a_round("validating", number, training=FAILED))
    assert len(desk.moves) == TRAININGS + 1


@pytest.mark.parametrize(
    ("status", "worker"), [("training", r"the training worker \(Q_CLUSTER_NAME=train"), ("open", r"the worker \(")]
)
def test_a_site_without_workers_is_told_in_a_sentence(desk, monkeypatch, status, worker):
    admin = admin_at(desk)
    admin.look(a_round(status))
    monkeypatch.setattr(admin._round, "patience", -1)
    with pytest.raises(Stuck, match=rf"nothing has changed for 10 minutes: look whether {worker}"):
        admin.look(a_round(status))


def test_a_move_that_the_site_made_first_is_no_failure(desk):
    desk.refused = "illegal_move"
    admin_at(desk, target=5).look(a_round("open"))


def test_a_move_that_is_refused_for_another_reason_is_one(desk):
    desk.refused = "other_round_open"
    with pytest.raises(Problem, match="other_round_open"):
        admin_at(desk).look(a_round("reviewing"))
