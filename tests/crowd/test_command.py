"""`manage.py crowd` from start to end: made-up handwriting, a real site, real trainings."""

import io
import json
import os
import signal

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from rest_framework.authtoken.models import Token

from crowd.accounts import Accounts
from crowd.client import ApiClient
from crowd.terminal import ProgressTable
from rounds import jobs, poll
from rounds.models import Example, Export, Round, Task, TrainingRun, Validation

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

#: One quick epoch.
RECIPE = {"architecture": "mnist_cnn", "epochs": 1, "base_replay": 3_000, "lr": 0.02, "warm_start": True}
FEW = ["--annotators", "4", "--validators", "5", "--threads", "2", "--target", "6"]


@pytest.fixture
def worker(monkeypatch, request_lock):
    """Does the jobs of the site's workers, whenever the campaign polls its round or requests an export."""
    update, request_export = ProgressTable.update, ApiClient.request_export

    def work_and_update(table, round):
        with request_lock:
            poll.poll_rounds()
            for run in TrainingRun.objects.filter(status=TrainingRun.Status.QUEUED):
                jobs.train(run.pk)
        update(table, round)

    def request_and_make_export(client, round_id):
        export = request_export(client, round_id)
        jobs.export(export["id"])
        return export

    monkeypatch.setattr(ProgressTable, "update", work_and_update)
    monkeypatch.setattr(ApiClient, "request_export", request_and_make_export)


@pytest.fixture
def quick_round(open_round):
    Task.objects.update(recipe=RECIPE)
    return open_round


def crowd(*options, **streams):
    """Runs the command; its output."""
    output = io.StringIO()
    call_command("crowd", *options, **{"stdout": output, "stderr": io.StringIO(), **streams})
    return output.getvalue()


def assert_nobody_is_left_an_admin():
    admin = User.objects.get(username="crowd-admin")
    assert not admin.is_staff
    assert not admin.groups.exists()
    assert not Token.objects.filter(user=admin).exists()


def test_a_crowd_plays_two_rounds_and_reports_what_validation_did(quick_round, local_site, worker, tmp_path):
    path = tmp_path / "report.json"
    output = crowd(*FEW, "--rounds", "2", "--wrong-digit", "0.3", "--report", path)

    assert list(Round.objects.order_by("number").values_list("status", flat=True)) == ["done", "done", "open"]
    for played in Round.objects.filter(status="done"):
        assert played.report["counts"]["verified"] >= 6
        assert played.report["counts"]["annotators"] > 1
    assert Export.objects.count() == 2

    report = json.loads(path.read_text())
    fooling = report["quality"]["fooling"]
    assert fooling["wrong_before"]["denominator"] == Example.objects.filter(fooled=True).count()
    assert fooling["wrong_before"]["numerator"] > 0
    assert (
        fooling["wrong_verified"]["denominator"] == Example.objects.filter(verification="verified", fooled=True).count()
    )
    assert sum(one["agrees_with_truth"]["denominator"] for one in report["validators"]) == Validation.objects.count()
    assert report["calls"]["each"]["send drawing"]["n"] >= Example.objects.count()
    assert "wrong labels among the verified ones" in output
    assert report["rounds"] == [1, 2]

    assert_nobody_is_left_an_admin()


def test_ctrl_c_in_the_first_round_still_ends_with_a_report(quick_round, local_site, request_lock, monkeypatch):
    def stop_at_the_first_vote(table, round):
        with request_lock:
            if Validation.objects.exists():
                raise KeyboardInterrupt

    monkeypatch.setattr(ProgressTable, "update", stop_at_the_first_vote)
    output = io.StringIO()
    with pytest.raises(SystemExit):
        crowd(*FEW, stdout=output)
    assert "Validators, compared with the ground truth" in output.getvalue()
    assert "send drawing" in output.getvalue()
    assert_nobody_is_left_an_admin()


def test_a_crowd_that_a_service_manager_stops_leaves_no_admin(quick_round, local_site, request_lock, monkeypatch):
    def terminate(table, round):
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(ProgressTable, "update", terminate)
    handler = signal.getsignal(signal.SIGTERM)
    with pytest.raises(SystemExit):
        crowd(*FEW)
    assert_nobody_is_left_an_admin()
    assert signal.getsignal(signal.SIGTERM) is handler


def test_accounts_can_be_made_first_and_used_from_elsewhere(quick_round, local_site, tmp_path):
    path = tmp_path / "accounts.json"
    crowd("--annotators", "2", "--validators", "3", "--write-accounts", path)
    assert path.stat().st_mode & 0o077 == 0
    assert [name for name, _ in Accounts.read(path).annotators] == ["crowd-a01", "crowd-a02"]

    crowd("--accounts", path, "--annotators", "2", "--validators", "3", "--rounds", "0")
    assert User.objects.filter(username__startswith="crowd-a0").count() == 2
    assert not User.objects.filter(username="crowd-admin").exists()


def test_accounts_that_the_site_does_not_know_are_reported(quick_round, local_site, tmp_path):
    path = tmp_path / "accounts.json"
    Accounts(annotators=[("a", "x")], validators=[("v", "y")], admin="z").write(path)
    with pytest.raises(CommandError, match=r"401 .*Invalid token"):
        crowd("--accounts", path, "--annotators", "1", "--validators", "1")


def test_fewer_accounts_than_people_are_reported(local_site, tmp_path):
    path = tmp_path / "accounts.json"
    Accounts(annotators=[("a", "x")] * 4, validators=[("v", "y")] * 4, admin="z").write(path)
    with pytest.raises(CommandError, match=r"accounts for 4 of 5 validators: give --validators 4, or write more"):
        crowd(*FEW, "--accounts", path)


def test_a_file_without_accounts_is_reported(local_site, tmp_path):
    (tmp_path / "accounts.json").write_text("[]")
    with pytest.raises(CommandError, match=r"can't be read as accounts .*: make it with --write-accounts"):
        crowd(*FEW, "--accounts", tmp_path / "accounts.json")


def test_a_file_of_accounts_that_cannot_be_written_is_reported_before_any_are_made(db, tmp_path):
    mode = tmp_path.stat().st_mode
    with pytest.raises(CommandError, match=r"can't be written \(Is a directory\): name another file"):
        crowd(*FEW, "--write-accounts", tmp_path)
    assert tmp_path.stat().st_mode == mode
    assert not User.objects.filter(username__startswith="crowd").exists()


def test_a_report_that_cannot_be_written_is_reported_before_anything_is_drawn(quick_round, local_site, tmp_path):
    with pytest.raises(CommandError, match=r"can't be written \(Is a directory\): name another file"):
        crowd(*FEW, "--report", tmp_path)
    assert not User.objects.filter(username__startswith="crowd").exists()


@pytest.mark.parametrize("options", [[], ["--write-accounts", "accounts.json"]])
def test_an_account_that_belongs_to_a_person_is_reported(quick_round, local_site, tmp_path, monkeypatch, options):
    monkeypatch.chdir(tmp_path)
    User.objects.create_user("crowd-v01", password="a long one of their own")
    with pytest.raises(CommandError, match=r"account crowd-v01 has a password, so it belongs to a person"):
        crowd(*FEW, *options)


def test_a_url_that_is_no_address_is_reported(local_site):
    with pytest.raises(CommandError, match="“localhost” is not the address of a site"):
        crowd(*FEW, "--url", "localhost")


def test_no_accounts_are_made_here_for_a_site_elsewhere(local_site):
    with pytest.raises(CommandError, match=r"no use at https://dadc\.example\.org: .* name their file with --accounts"):
        crowd(*FEW, "--url", "https://dadc.example.org")
    assert not User.objects.exists()


def test_a_site_without_a_round_is_reported(digits, local_site):
    with pytest.raises(CommandError, match=r"no round to play.*manage\.py setup"):
        crowd(*FEW)


def test_fewer_validators_than_an_example_needs_votes_are_refused(quick_round, local_site):
    with pytest.raises(CommandError, match=r"needs 2 votes here: give the crowd at least so many --validators"):
        crowd("--validators", "1", "--annotators", "1")
    assert_nobody_is_left_an_admin()
    assert not Example.objects.exists()


def test_a_round_that_closes_at_no_number_of_examples_needs_a_target(open_round, local_site):
    Round.objects.update(frozen_rules={**open_round.frozen_rules, "target_verified": None})
    with pytest.raises(CommandError, match=r"closes at no number .* give one with --target"):
        crowd("--annotators", "4")


def test_examples_that_are_left_for_others_are_drawn_and_not_validated(quick_round, local_site, request_lock):
    crowd(*FEW, "--rounds", "0", "--leave", "3")
    fooled = Example.objects.filter(fooled=True)
    assert fooled.count() >= 3
    assert set(fooled.values_list("verification", flat=True)) == {"pending"}
    assert not Validation.objects.exists()
