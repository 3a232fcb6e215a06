"""`manage.py crowd` from end to end: made-up handwriting, a real site, real trainings."""

import io
import json
import os
import signal
import threading

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from rest_framework.authtoken.models import Token

from crowd import campaign
from crowd.admin import Stuck
from crowd.campaign import Accounts
from crowd.client import Client, Site, Unreachable
from crowd.management.commands import crowd
from crowd.terminal import RoundTable
from rounds import jobs, poll
from rounds.models import Example, Export, Round, Task, TrainingRun, Validation

from .toys import toy_crowd, toy_handwriting

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

#: One quick epoch.
RECIPE = {"architecture": "mnist_cnn", "epochs": 1, "base_replay": 3_000, "lr": 0.02, "warm_start": True}
FEW = ["--annotators", "4", "--validators", "5", "--threads", "2", "--target", "6"]


@pytest.fixture
def toy_people(monkeypatch, settings, live_server):
    """People whose handwriting is made up, so that nearly all of it fools the model, at the site of this database."""
    settings.SITE_URL = live_server.url
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
            poll.poll_rounds()
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


def test_a_crowd_plays_two_rounds_and_reports_what_it_knows(quick_round, toy_people, worker, tmp_path):
    said, report = io.StringIO(), tmp_path / "report.json"
    call_command(
        "crowd",
        *FEW,
        "--rounds",
        "2",
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
    assert found["rounds"] == [1, 2]

    assert_nobody_is_left_an_admin()


def assert_nobody_is_left_an_admin():
    admin = User.objects.get(username="crowd-admin")  # one for as long as the campaign lasts
    assert not admin.is_staff
    assert not admin.groups.exists()
    assert not Token.objects.filter(user=admin).exists()


def test_hands_are_of_similar_shapes_unless_one_wants_any(toy_people):
    def sevens(people):
        return [annotator.hand.trajectory_ids[7].tolist() for annotator in people.annotators]

    def asked_for(*more):
        return sevens(crowd.people(vars(crowd.Command().create_parser("manage.py", "crowd").parse_args([*FEW, *more]))))

    similar, random = (sevens(toy_crowd(by_shape=by_shape)) for by_shape in (True, False))
    assert similar != random
    assert asked_for() == asked_for("--hands", "similar") == similar
    assert asked_for("--hands", "random") == random


def test_a_crowd_that_is_stopped_in_its_first_round_reports_what_there_is(
    quick_round, toy_people, taking_turns, monkeypatch
):
    def stop_at_the_first_vote(table, round):
        with taking_turns:
            if Validation.objects.exists():
                raise KeyboardInterrupt

    monkeypatch.setattr(RoundTable, "show", stop_at_the_first_vote)
    said = io.StringIO()
    with pytest.raises(SystemExit):
        call_command("crowd", *FEW, stdout=said, stderr=io.StringIO())
    assert "Validators, against the truth" in said.getvalue()
    assert "send drawing" in said.getvalue()
    assert_nobody_is_left_an_admin()


def test_a_crowd_that_a_service_manager_ends_leaves_no_admin(quick_round, toy_people, taking_turns, monkeypatch):
    def ended(table, round):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(RoundTable, "show", ended)
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit):
        call_command("crowd", *FEW, stdout=io.StringIO(), stderr=io.StringIO())
    assert_nobody_is_left_an_admin()
    assert signal.getsignal(signal.SIGTERM) is handler


def test_the_accounts_can_be_made_first_and_used_from_elsewhere(quick_round, toy_people, tmp_path):
    path = tmp_path / "accounts.json"
    call_command("crowd", "--annotators", "2", "--validators", "3", "--write-accounts", path)
    accounts = Accounts.read(path)
    assert path.stat().st_mode & 0o077 == 0
    assert [name for name, _ in accounts.annotators] == ["crowd-a01", "crowd-a02"]
    assert Token.objects.get(key=accounts.admin).user.groups.get().name == "admin"
    assert not User.objects.get(username="crowd-v03").has_usable_password()

    call_command(
        "crowd", "--accounts", path, "--annotators", "2", "--validators", "3", "--rounds", "0", stdout=io.StringIO()
    )
    assert User.objects.filter(username__startswith="crowd-a0").count() == 2


def test_accounts_that_the_site_does_not_know_are_told_in_a_sentence(quick_round, toy_people, tmp_path):
    path = tmp_path / "accounts.json"
    Accounts(annotators=[("a", "x")], validators=[("v", "y")], admin="z").write(path)
    with pytest.raises(CommandError, match=r"401 .*Invalid token"):
        call_command("crowd", "--accounts", path, "--annotators", "1", "--validators", "1", stdout=io.StringIO())


def test_fewer_accounts_than_people_are_refused(toy_people, tmp_path):
    path = tmp_path / "accounts.json"
    Accounts(annotators=[("a", "x")] * 4, validators=[("v", "y")] * 4, admin="z").write(path)
    with pytest.raises(CommandError, match=r"accounts for 4 of 5 validators: give --validators 4, or write more"):
        call_command("crowd", *FEW, "--accounts", path, stdout=io.StringIO())


@pytest.mark.parametrize("content", ["", "[]", '{"annotators": [], "validator": []}', '{"annotators": [["a"]]}'])
def test_a_file_that_holds_no_accounts_is_told_in_a_sentence(toy_people, tmp_path, content):
    path = tmp_path / "accounts.json"
    path.write_text(content)
    with pytest.raises(CommandError, match=r"can't be read as accounts .*: make it with --write-accounts"):
        call_command("crowd", *FEW, "--accounts", path, stdout=io.StringIO())


def test_accounts_that_cannot_be_written_are_told_in_a_sentence(db, tmp_path):
    mode = tmp_path.stat().st_mode
    with pytest.raises(CommandError, match=r"can't be written \(Is a directory\): name another file"):
        call_command("crowd", *FEW, "--write-accounts", tmp_path)
    assert tmp_path.stat().st_mode == mode
    assert not User.objects.filter(username__startswith="crowd").exists()


def test_a_report_that_cannot_be_written_is_told_before_anything_is_drawn(quick_round, toy_people, tmp_path):
    with pytest.raises(CommandError, match=r"can't be written \(Is a directory\): name another file"):
        call_command("crowd", *FEW, "--report", tmp_path)
    assert not User.objects.filter(username__startswith="crowd").exists()


def test_a_campaign_here_leaves_accounts_in_a_file_alone(quick_round, toy_people, taking_turns, tmp_path):
    path = tmp_path / "accounts.json"
    call_command("crowd", *FEW[:4], "--write-accounts", path)
    call_command("crowd", *FEW, "--rounds", "0", stdout=io.StringIO())
    assert Token.objects.get(key=Accounts.read(path).admin).user.groups.get().name == "admin"
    assert_nobody_is_left_an_admin()


@pytest.mark.parametrize("name", ["crowd-admin", "crowd-v01"])
def test_an_account_that_is_somebodys_gets_no_role(quick_round, toy_people, name):
    """Whoever signs up under such a name first would else be an admin as soon as a crowd comes."""
    somebody = User.objects.create_user(name, password="a long one of their own")
    Token.objects.create(user=somebody)
    with pytest.raises(CommandError, match=rf"account {name} has a password, so it is somebody's"):
        call_command("crowd", *FEW)
    assert not somebody.groups.exists()
    assert Token.objects.filter(user=somebody).exists()


def test_nobody_asks_again_once_the_campaign_is_over():
    played = nowhere()
    with played._at_work():
        assert played.site.sleep(0.001) is False  # the wait was waited out
    with pytest.raises(Unreachable, match="was not asked again: it is over"):
        played.checkers[0].client.round(1)
    assert sum(played.site.calls.outcomes.values()) == 1


def test_a_thread_that_would_have_nobody_is_not_counted():
    assert nowhere(annotators=1, validators=2, threads=8).report().load.threads == 3
    with pytest.raises(ValueError, match="two threads at least"):
        nowhere(threads=1)


def test_tokens_are_kept_from_others_even_in_a_file_that_was_open_to_them(tmp_path):
    path = tmp_path / "accounts.json"
    path.touch(mode=0o644)
    Accounts(annotators=[], validators=[], admin="z").write(path)
    assert path.stat().st_mode & 0o077 == 0


def test_something_that_is_no_address_is_told_in_a_sentence(toy_people):
    with pytest.raises(CommandError, match="“localhost” is no address of a site"):
        call_command("crowd", *FEW, "--url", "localhost", stdout=io.StringIO())


def test_no_accounts_are_made_here_for_a_site_elsewhere(toy_people):
    with pytest.raises(CommandError, match=r"no use at https://dadc\.example\.org: .* give them with --accounts"):
        call_command("crowd", *FEW, "--url", "https://dadc.example.org", stdout=io.StringIO())
    assert not User.objects.exists()


def test_a_site_without_a_round_is_told_in_a_sentence(digits, toy_people):
    with pytest.raises(CommandError, match=r"no round to play.*manage\.py setup"):
        call_command("crowd", *FEW, stdout=io.StringIO())


def test_drawings_of_strangers_are_left_to_those_who_know_them(live_server, quick_round, toy_people, alice, draw):
    """What the crowd did not draw, it can't answer for."""
    draw(alice, quick_round.task, fooling=True)
    accounts = crowd.make_accounts(1, 1, admin="crowd-admin")
    checker = campaign.Campaign(
        crowd.make_crowd(toy_handwriting(), annotators=1, validators=1),
        accounts,
        campaign.Site(live_server.url),
        task="digits",
    ).checkers[0]
    stage = campaign.Stage(round=quick_round.pk, number=1, validate=True)
    assert checker.turn(stage) is False
    assert checker.is_held_up
    assert not Validation.objects.exists()

    Example.objects.update(verification="verified")  # others have settled it
    assert checker.turn(stage) is False
    assert not checker.is_held_up


def test_validators_who_all_hold_drawings_of_strangers_are_told_of(monkeypatch):
    played = nowhere(validators=2, target=6)
    monkeypatch.setattr(played._held_up, "patience", -1)
    played.checkers[0].is_held_up = True
    played._check_desks({"status": "open"})
    played.checkers[1].is_held_up = True
    played._check_desks({"status": "validating"})
    with pytest.raises(Stuck, match=r"All 2 validators .* not this crowd's: settle those at the site first"):
        played._check_desks({"status": "open"})


def nowhere(annotators=1, validators=1, **more):
    """A campaign at a site that nobody asks."""
    people = crowd.make_crowd(toy_handwriting(), annotators=annotators, validators=validators)
    accounts = Accounts(annotators=[("a", "x")] * annotators, validators=[("v", "y")] * validators, admin="z")
    return campaign.Campaign(people, accounts, Site("http://127.0.0.1"), task="digits", **more)


def test_annotators_wait_for_validators_but_not_for_ever(monkeypatch):
    """Three validators may split over an example and leave it unsettled."""
    played = nowhere(target=6)
    counts = {"verified": 5, "pending": 1}
    almost_there = {"id": 1, "number": 1, "status": "open", "criteria": [], "counts": counts}
    assert played._stage(almost_there).draw is False
    monkeypatch.setattr(played._settling, "patience", -1)
    assert played._stage(almost_there).draw is True


def test_an_export_that_nobody_makes_is_not_waited_for_for_ever(monkeypatch):
    played = nowhere()
    monkeypatch.setattr(campaign, "PATIENCE_WITH_WORKERS", -1)
    monkeypatch.setattr(Client, "ask_export", lambda client, round: {"id": 1, "status": "queued"})
    with pytest.raises(Stuck, match=r"export is queued .* look whether the worker .* runs"):
        list(played._outcomes(1))


def test_fewer_validators_than_an_example_needs_votes_are_refused(quick_round, toy_people):
    with pytest.raises(CommandError, match=r"needs 2 votes here: give the crowd at least so many --validators"):
        call_command("crowd", "--validators", "1", "--annotators", "1", stdout=io.StringIO())
    assert_nobody_is_left_an_admin()
    assert not Example.objects.exists()


def test_a_campaign_without_annotators_is_refused():
    with pytest.raises(Stuck, match="Nobody draws"):
        nowhere(annotators=0)._check_people({"rules": {"min_votes": 1, "votes_to_verify": 1}})


def test_a_round_that_no_number_closes_needs_a_target(open_round, toy_people):
    Round.objects.update(frozen_rules={**open_round.frozen_rules, "target_verified": None})
    with pytest.raises(CommandError, match=r"closes at no number .* give one with --target"):
        call_command("crowd", "--annotators", "4", stdout=io.StringIO())


def test_what_is_left_to_other_validators_is_drawn_and_not_validated(quick_round, toy_people, taking_turns):
    call_command("crowd", *FEW, "--rounds", "0", "--leave", "3", stdout=io.StringIO())
    fooled = Example.objects.filter(fooled=True)
    assert fooled.count() >= 3
    assert set(fooled.values_list("verification", flat=True)) == {"pending"}
    assert not Validation.objects.exists()
