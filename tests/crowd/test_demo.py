"""The demo keeps away from real data, and does its steps in order.

How people play its rounds is tested with the command `crowd`; that the site's processes start is not tested.
"""

import io
import re
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from crowd.management.commands import crowd, demo
from rounds import services
from rounds.models import ModelVersion, Round, Task
from rounds.training import first_model

from ..conftest import SMALL

pytestmark = pytest.mark.django_db


def test_it_refuses_the_data_folder_of_the_real_site(settings):
    settings.DATA_DIR = settings.BASE_DIR / "var"
    with pytest.raises(CommandError, match="a data folder and a database of its own"):
        demo.require_own_data()


def test_it_refuses_a_database_that_it_did_not_set_up(digits):
    with pytest.raises(CommandError, match="nothing mixes with real drawings"):
        demo.require_own_data()


def test_it_continues_in_its_own_folder(settings):
    demo.require_own_data()
    services.create_digits_task(target_verified=5)
    demo.require_own_data()
    assert Task.objects.get().target_verified == 5


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_it_refuses_an_address_where_another_site_answers(settings, live_server):
    settings.SITE_URL = live_server.url
    with pytest.raises(CommandError, match=r"answers at .* already: stop it"):
        demo.require_free_address()


def test_an_address_where_nothing_answers_is_free(settings):
    settings.SITE_URL = "http://127.0.0.1:9"
    demo.require_free_address()


def test_a_site_that_ends_at_its_start_is_reported_at_once():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(CommandError, match=r"ended at its start.*It is in the log"):
        demo.wait_until_ready(ended, "It is in the log.")


@pytest.fixture
def steps(monkeypatch):
    """The demo's steps in order, recorded instead of starting the site's processes and playing."""
    steps = []

    @contextmanager
    def site_running():
        steps.append(f"site up, its rounds {list(Round.objects.values_list('status', flat=True))}")
        yield SimpleNamespace(wait=lambda: steps.append("wait"))
        steps.append("site down")

    def play(command, *args, **options):
        assert options["train_immediately"]
        steps.append(f"play {options['rounds']} of {options['target']}, leave {options['leave']}")

    monkeypatch.setattr(demo, "site_running", site_running)
    monkeypatch.setattr(crowd.Command, "handle", play)
    return steps


def run_demo(*options):
    """Its output."""
    output = io.StringIO()
    call_command("demo", *options, stdout=output)
    return output.getvalue()


def test_the_site_is_set_up_before_it_runs_and_stays_up_after_its_rounds_are_played(
    settings, tmp_path, base, monkeypatch, steps, client
):
    settings.STATIC_ROOT, settings.SITE_URL = tmp_path / "static", "http://127.0.0.1:9"
    monkeypatch.setattr(first_model, "FIRST", SMALL)
    monkeypatch.setattr(demo, "EPOCHS", 1)
    output = run_demo("--rounds", "2", "--target", "5")
    play = f"of 5, leave {demo.LEFT_TO_VALIDATE}"
    assert steps == ["site up, its rounds ['open']", f"play 2 {play}", "wait", "site down"]
    assert Task.objects.get().target_verified == 5
    assert client.login(username="admin", password=re.search(r"admin / (\S+)", output)[1])

    steps.clear()
    Round.objects.update(status=Round.Status.DONE)
    run_demo("--rounds", "2", "--target", "5")
    assert steps[1] == f"play 1 {play}"
    run_demo("--rounds", "1")
    assert steps[-3:] == ["site up, its rounds ['done']", "wait", "site down"]
    assert ModelVersion.objects.count() == 1


@pytest.mark.parametrize(("option", "value"), [("--rounds", "-1"), ("--target", "0"), ("--target", "-5")])
def test_impossible_numbers_of_rounds_or_examples_are_refused(option, value):
    with pytest.raises(CommandError, match=rf"{option}: '{value}' is not possible: give a whole number"):
        run_demo(option, value)
