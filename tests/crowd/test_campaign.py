"""How a campaign distributes work, and when it gives up waiting. Without a site."""

import io
import zipfile

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crowd import export_reader
from crowd.accounts import Accounts
from crowd.bots import CurrentWork
from crowd.campaign import Campaign
from crowd.client import ApiClient
from crowd.ground_truth import GroundTruth, sha256
from crowd.report import ExampleOutcome
from crowd.stalls import CampaignError
from crowd.transport import Site, SiteUnreachable

from .toys import drawings_of, never_wrong, toy_crowd


def campaign_without_a_site(annotators=1, validators=1, **options):
    accounts = Accounts(annotators=[("a", "x")] * annotators, validators=[("v", "y")] * validators, admin="z")
    return Campaign(toy_crowd(annotators, validators), accounts, Site("http://127.0.0.1"), task="digits", **options)


# --- Threads


def test_no_request_is_repeated_once_the_campaign_has_ended():
    campaign = campaign_without_a_site()
    with campaign.threads.running():
        assert campaign.site.sleep(0.001) is False  # nothing interrupts the wait
    with pytest.raises(SiteUnreachable, match="was not repeated: the campaign has ended"):
        campaign.validators[0].client.round(1)
    assert sum(campaign.site.log.outcomes.values()) == 1


def test_a_thread_that_would_have_no_bot_is_not_counted():
    assert campaign_without_a_site(annotators=1, validators=2, threads=8).report().load.threads == 3
    with pytest.raises(ValueError, match="at least two threads"):
        campaign_without_a_site(threads=1)


def test_an_error_in_a_thread_ends_the_campaign():
    class FailingBot:
        def step(self, work):
            raise SiteUnreachable("It is gone.")

    campaign = campaign_without_a_site()
    campaign.threads._shares = [[FailingBot()]]
    with campaign.threads.running():
        assert campaign.threads._running[0].exception(timeout=10)
        with pytest.raises(SiteUnreachable, match="It is gone"):
            campaign.threads.raise_errors()


# --- Who works


def test_annotators_wait_for_validators_until_verification_has_stalled(monkeypatch):
    """Three validators may disagree about an example, and leave it unsettled for ever."""
    campaign = campaign_without_a_site(target=6)
    counts = {"verified": 5, "pending": 1}
    nearly_full = {"id": 1, "number": 1, "status": "open", "criteria": [], "counts": counts}
    assert campaign._work_for(nearly_full) == CurrentWork(1, 1, draw=False, validate=True)
    monkeypatch.setattr(campaign._verification_stall, "timeout", -1)
    assert campaign._work_for(nearly_full).draw is True


def test_a_crowd_without_annotators_is_refused():
    with pytest.raises(CampaignError, match="Nobody draws"):
        campaign_without_a_site(annotators=0)._check_crowd({"rules": {"min_votes": 1, "votes_to_verify": 1}})


def test_a_campaign_ends_when_all_validators_are_blocked_in_an_open_round(monkeypatch):
    campaign = campaign_without_a_site(validators=2, target=6)
    monkeypatch.setattr(campaign._blocked_stall, "timeout", -1)
    campaign.validators[0].is_blocked = True
    campaign._check_blocked({"status": "open"})
    campaign.validators[1].is_blocked = True
    campaign._check_blocked({"status": "validating"})
    with pytest.raises(CampaignError, match=r"All 2 validators .* did not make: settle those at the site first"):
        campaign._check_blocked({"status": "open"})


# --- Exports


def test_an_export_that_no_worker_makes_ends_the_campaign(monkeypatch):
    monkeypatch.setattr(export_reader, "WORKER_STALL_SECONDS", -1)
    monkeypatch.setattr(ApiClient, "request_export", lambda client, round_id: {"id": 1, "status": "queued"})
    client = campaign_without_a_site().admin.client
    with pytest.raises(CampaignError, match=r"export has been queued .* check that the worker .* runs"):
        export_reader.outcomes_of(1, client, GroundTruth(), wait=lambda: None)


def test_a_failed_export_ends_the_campaign_with_its_error(monkeypatch):
    export = {"id": 1, "status": "failed", "error": "The disk is full."}
    monkeypatch.setattr(ApiClient, "request_export", lambda client, round_id: export)
    client = campaign_without_a_site().admin.client
    with pytest.raises(CampaignError, match=r"export failed; mend its error, then start again: The disk is full"):
        export_reader.outcomes_of(1, client, GroundTruth(), wait=lambda: None)


def test_outcomes_are_those_of_the_crowds_own_examples_that_were_put_up_for_validation(monkeypatch):
    ground_truth = GroundTruth()
    own, unqueued = (
        sha256(ground_truth.record(drawing)) for drawing in drawings_of(toy_crowd(habits=never_wrong()), 2)
    )
    rows = [
        {"drawing": own, "fooled": True, "verification": "verified"},
        {"drawing": unqueued, "fooled": False, "verification": "unqueued"},
        {"drawing": sha256(b"somebody else's"), "fooled": True, "verification": "rejected"},
    ]
    monkeypatch.setattr(ApiClient, "request_export", lambda client, round_id: {"id": 1, "status": "ready"})
    monkeypatch.setattr(ApiClient, "download", lambda client, export_id: zipped(rows))
    client = campaign_without_a_site().admin.client
    outcomes = export_reader.outcomes_of(1, client, ground_truth, wait=lambda: None)
    assert outcomes == [ExampleOutcome(is_right=True, fooled=True, verification="verified")]


def zipped(rows):
    """An export's zip file with these examples in it."""
    table, archive = io.BytesIO(), io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), table)
    with zipfile.ZipFile(archive, "w") as files:
        files.writestr("README.md", "About this data set")
        files.writestr("data/train.parquet", table.getvalue())
    return archive.getvalue()
