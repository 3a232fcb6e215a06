"""`manage.py crowd` from end to end: made-up handwriting, a real site, real trainings."""

import io
import json
import threading

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from rest_framework.authtoken.models import Token

from bench.crowd import campaign
from bench.crowd.campaign import Accounts
from bench.crowd.client import Client, Site
from bench.crowd.terminal import RoundTable
from rounds import jobs, services
from rounds.management.commands import crowd
from rounds.models import Example, Export, Round, Task, TrainingRun, Validation

from .toys import toy_handwriting

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

#: One quick epoch.
RECIPE = {"architecture": "mnist_cnn", "epochs": 1, "base_replay": 3_000, "lr": 0.02, "warm_start": True}
FEW = ["--annotators", "4", "--validators", "5", "--threads", "2", "--target", "6"]


@pytest.fixture
def toy_people(monkeypatch):
    """People whose handwriting is made up, so that nearly all of it fools the model."""
    monkeypatch.setattr(crowd, "load_handwriting", toy_handwriting)
    monkeypatch.setattr(campaign, "LOOK_EVERY", 0.05)


@pytest.fixture
def taking_turns(monkeypatch):
    """One request at a time: with SQLite in memory, all threads of the site under test share one connection."""
    turn = threading.RLock()
    once = Site._once

    def once_in_turn(*args):
        with turn:
            return once(*args)

    monkeypatch.setattr(Site, "_once", once_in_turn)
    return turn


@pytest.fixture
def worker(monkeypatch, taking_turns):
    """Does what the site's workers do, whenever the campaign looks at its round."""
    show = RoundTable.show

    def work_and_show(table, round):
        with taking_turns:
            services.look_at_rounds()
            for run in TrainingRun.objects.filter(status=TrainingRun.Status.QUEUED):
                jobs.train(run.pk)
        show(table, round)

    def asked_and_made(client, round):
        export = ask_export(client, round)
        jobs.export(export["id"])
        return export

    ask_export = Client.ask_export
    monkeypatch.setattr(RoundTable, "show", work_and_show)
    monkeypatch.setattr(Client, "ask_export", asked_and_made)


@pytest.fixture
def quick_round(open_round):
    Task.objects.update(recipe=RECIPE)
    return open_round


def test_a_crowd_plays_two_rounds_and_reports_what_it_knows(live_server, quick_round, toy_people, worker, tmp_path):
    said, report = io.StringIO(), tmp_path / "report.json"
    call_command(
        "crowd",
        *FEW,
        "--rounds",
        "2",
        "--url",
        live_server.url,
        "--wrong-digit",
        "0.3",
        "--report",
        report,
        stdout=said,
    )

    assert list(Round.objects.order_by("number").values_list("status", flat=True)) == ["done", "done", "open"]
    for played in Round.objects.filter(status="done"):
        assert played.report["counts"]["verified"] >= 6
        assert played.report["counts"]["annotators"] > 1
    assert Export.objects.count() == 2

    found = json.loads(report.read_text())
    fooling = found["quality"]["fooling"]
    assert fooling["wrong_before"]["denominator"] == Example.objects.filter(fooled=True).count()
    assert fooling["wrong_before"]["numerator"] > 0
    assert (
        fooling["wrong_verified"]["denominator"] == Example.objects.filter(verification="verified", fooled=True).count()
    )
    assert sum(one["agrees_with_truth"]["denominator"] for one in found["validators"]) == Validation.objects.count()
    assert found["calls"]["each"]["send drawing"]["n"] >= Example.objects.count()
    assert "wrong labels among the verified ones" in said.getvalue()


def test_the_accounts_can_be_made_first_and_used_from_elsewhere(live_server, quick_round, toy_people, tmp_path):
    path = tmp_path / "accounts.json"
    call_command("crowd", "--annotators", "2", "--validators", "3", "--write-accounts", path)
    accounts = Accounts.read(path)
    assert path.stat().st_mode & 0o077 == 0
    assert [name for name, _ in accounts.annotators] == ["crowd-a01", "crowd-a02"]
    assert Token.objects.get(key=accounts.admin).user.groups.get().name == "admin"
    assert not User.objects.get(username="crowd-v03").has_usable_password()

    call_command("crowd", "--accounts", path, "--url", live_server.url, "--rounds", "0", stdout=io.StringIO())
    assert User.objects.filter(username__startswith="crowd-a0").count() == 2


def test_accounts_that_the_site_does_not_know_are_told_in_a_sentence(live_server, quick_round, toy_people, tmp_path):
    path = tmp_path / "accounts.json"
    Accounts(annotators=[("a", "x")], validators=[("v", "y")], admin="z").write(path)
    with pytest.raises(CommandError, match=r"401 .*Invalid token"):
        call_command("crowd", "--accounts", path, "--url", live_server.url, "--target", "3", stdout=io.StringIO())


def test_a_site_without_a_round_is_told_in_a_sentence(live_server, digits, toy_people):
    with pytest.raises(CommandError, match=r"no round to play.*manage\.py setup"):
        call_command("crowd", *FEW, "--url", live_server.url, stdout=io.StringIO())


def test_drawings_of_strangers_are_left_to_those_who_know_them(live_server, quick_round, toy_people, alice, draw):
    """What the crowd did not draw, it can't answer for."""
    draw(alice, quick_round.task, fooling=True)
    accounts = crowd.make_accounts(0, 1)
    checker = campaign.Campaign(
        crowd.make_crowd(toy_handwriting(), annotators=1, validators=1),
        accounts,
        campaign.Site(live_server.url),
        task="digits",
    ).checkers[0]
    assert checker.turn(campaign.Stage(round=quick_round.pk, number=1, validate=True)) is False
    assert not Validation.objects.exists()


def test_annotators_wait_for_validators_but_not_for_ever(monkeypatch):
    """Three validators may split over an example and leave it unsettled."""
    people = crowd.make_crowd(toy_handwriting(), annotators=1, validators=1)
    accounts = Accounts(annotators=[("a", "x")], validators=[("v", "y")], admin="z")
    played = campaign.Campaign(people, accounts, Site("http://127.0.0.1"), task="digits", target=6)
    counts = {"verified": 5, "pending": 1}
    almost_there = {"id": 1, "number": 1, "status": "open", "criteria": [], "counts": counts}
    assert played._stage(almost_there).draw is False
    monkeypatch.setattr("bench.crowd.admin.PATIENCE", -1)
    assert played._stage(almost_there).draw is True
