"""Which moves the admin of a campaign makes, and when it ends the campaign."""

import pytest

from crowd.campaign_admin import MAX_TRAINING_FAILURES, CampaignAdmin
from crowd.client import ApiError
from crowd.stalls import CampaignError


class RecordingClient:
    """Records every call as (name, round id); or refuses them all, if `error_code` is set."""

    def __init__(self):
        self.moves = []
        self.error_code = ""

    def __getattr__(self, move):
        def call(round_id):
            if self.error_code:
                raise ApiError(409, self.error_code, "No.")
            self.moves.append((move, round_id))

        return call


@pytest.fixture
def client():
    return RecordingClient()


def admin_with(client, *, target=None, train_immediately=False, accept=True):
    return CampaignAdmin(client, target=target, train_immediately=train_immediately, accept=accept)


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


def test_a_round_is_closed_at_its_target(client):
    admin = admin_with(client, target=5)
    admin.advance(a_round("open", verified=4))
    assert client.moves == []
    admin.advance(a_round("open", verified=5))
    assert client.moves == [("close", 1)]


def test_training_is_left_to_the_site_unless_it_is_to_start_immediately(client):
    admin_with(client).advance(a_round("validating"))
    assert client.moves == []
    admin_with(client, train_immediately=True).advance(a_round("validating"))
    assert client.moves == [("train", 1)]


def test_training_does_not_start_before_everything_is_validated(client):
    admin_with(client, train_immediately=True).advance(a_round("validating", waiting=1))
    assert client.moves == []


def test_training_starts_once_validation_has_stalled(client, monkeypatch):
    admin = admin_with(client)
    monkeypatch.setattr(admin._validation_stall, "timeout", -1)
    admin.advance(a_round("validating", waiting=1))
    assert client.moves == [("train", 1)]


def test_a_round_without_verified_examples_keeps_its_adversary(client):
    admin_with(client).advance(a_round("validating", verified=0))
    assert client.moves == [("keep", 1)]


def test_a_model_that_the_gate_holds_back_is_accepted_or_not_as_the_option_says(client):
    admin_with(client, accept=True).advance(a_round("reviewing"))
    admin_with(client, accept=False).advance(a_round("reviewing"))
    assert client.moves == [("accept", 1), ("keep", 1)]


def test_a_training_that_fails_three_times_ends_the_campaign_with_its_error(client):
    admin = admin_with(client)
    for _ in range(MAX_TRAINING_FAILURES - 1):
        admin.advance(a_round("validating", training=FAILED))
    assert client.moves == [("train", 1)] * (MAX_TRAINING_FAILURES - 1)
    message = r"training of round 1 failed 3 times; mend its error, then start again: The disk is full"
    with pytest.raises(CampaignError, match=message):
        admin.advance(a_round("validating", training=FAILED))


def test_one_failure_in_each_of_several_rounds_does_not_end_the_campaign(client):
    admin = admin_with(client)
    for number in range(1, MAX_TRAINING_FAILURES + 2):
        admin.advance(a_round("validating", number, training=FAILED))
    assert len(client.moves) == MAX_TRAINING_FAILURES + 1


@pytest.mark.parametrize(
    ("status", "worker"), [("training", r"the training worker \(Q_CLUSTER_NAME=train"), ("open", r"the worker \(")]
)
def test_a_site_whose_workers_are_down_ends_the_campaign(client, monkeypatch, status, worker):
    admin = admin_with(client)
    admin.advance(a_round(status))
    monkeypatch.setattr(admin._round_stall, "timeout", -1)
    with pytest.raises(CampaignError, match=rf"nothing has changed for 10 minutes: check that {worker}"):
        admin.advance(a_round(status))


def test_a_move_that_the_site_made_first_is_no_error(client):
    client.error_code = "illegal_move"
    admin_with(client, target=5).advance(a_round("open"))


def test_a_move_that_is_refused_for_another_reason_is_an_error(client):
    client.error_code = "other_round_open"
    with pytest.raises(ApiError, match="other_round_open"):
        admin_with(client).advance(a_round("reviewing"))
