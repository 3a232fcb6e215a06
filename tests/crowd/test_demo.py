"""The demo keeps away from real data, and does what it does in order.

That people play its rounds is tested with the crowd's command; that the site's processes start is not tested.
"""

import io
import re
import subprocess
import sys
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from crowd.management.commands import crowd, demo
from rounds import services
from rounds.models import ModelVersion, Round, Task
from rounds.training import first_model

from ..conftest import SMALL

pytestmark = pytest.mark.django_db


def test_it_refuses_the_folder_of_the_real_site(settings):
    settings.DATA_DIR = settings.BASE_DIR / "var"
    with pytest.raises(CommandError, match="a data folder and a database of its own"):
        demo.require_own_data()


def test_it_refuses_a_database_that_it_did_not_set_up(digits):
    with pytest.raises(CommandError, match="nothing mixes with real drawings"):
        demo.require_own_data()


def test_it_goes_on_in_its_own_folder(settings):
    demo.require_own_data()
    services.create_digits_task(target_verified=5)
    demo.require_own_data()
    assert Task.objects.get().target_verified == 5


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_it_sends_nobody_to_another_site_at_its_address(settings, live_server):
    settings.SITE_URL = live_server.url
    with pytest.raises(CommandError, match=r"answers at .* already: stop it"):
        demo.require_free_address()


def test_an_address_where_nothing_answers_is_free(settings):
    settings.SITE_URL = "http://127.0.0.1:9"
    demo.require_free_address()


def test_every_start_has_a_new_password_for_the_admin(client):
    User.objects.create_superuser("admin", "admin@localhost", "the first one, long lost")
    assert client.login(username="admin", password=demo.new_admin_password())
    assert not client.login(username="admin", password="the first one, long lost")


def test_a_site_that_ends_at_its_start_is_told_at_once():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    with pytest.raises(CommandError, match=r"ended at its start.*It is in the log"):
        demo.wait_until_ready(ended, "It is in the log.")


@pytest.fixture
def happened(monkeypatch):
    """What a demo does in order, in place of the site's processes and of the people who play at it."""
    happened = []

    @contextmanager
    def site_running():
        happened.append(f"site up, its rounds {list(Round.objects.values_list('status', flat=True))}")
        yield SimpleNamespace(wait=lambda: happened.append("wait"))
        happened.append("site down")

    def play(command, *args, **options):
        happened.append(f"play {options['rounds']} of {options['target']}, leave {options['leave']}")

    monkeypatch.setattr(demo, "site_running", site_running)
    monkeypatch.setattr(crowd.Command, "handle", play)
    return happened


def demo_played(*options):
    """What a demo has said when it was stopped."""
    said = io.StringIO()
    call_command("demo", *options, stdout=said)
    return said.getvalue()


def test_a_demo_is_set_up_before_its_site_runs_and_stays_when_its_rounds_are_played(
    settings, tmp_path, base, monkeypatch, happened, client
):
    settings.STATIC_ROOT, settings.SITE_URL = tmp_path / "static", "http://127.0.0.1:9"
    monkeypatch.setattr(first_model, "FIRST", SMALL)
    monkeypatch.setattr(demo, "EPOCHS", 1)
    said = demo_played("--rounds", "2", "--target", "5")
    assert happened == ["site up, its rounds ['open']", f"play 2 of 5, leave {demo.WAITING}", "wait", "site down"]
    assert Task.objects.get().target_verified == 5
    assert client.login(username="admin", password=re.search(r"admin / (\S+)", said)[1])

    happened.clear()
    Round.objects.update(status=Round.Status.DONE)
    demo_played("--rounds", "2", "--target", "5")
    assert happened[1] == f"play 1 of 5, leave {demo.WAITING}"
    demo_played("--rounds", "1")
    assert happened[-3:] == ["site up, its rounds ['done']", "wait", "site down"]
    assert ModelVersion.objects.count() == 1


@pytest.mark.parametrize(("option", "value"), [("--rounds", "-1"), ("--target", "0"), ("--target", "-5")])
def test_a_demo_of_fewer_rounds_or_examples_than_can_be_is_refused(option, value):
    with pytest.raises(CommandError, match=rf"{option}: '{value}' is no such number: give a whole number"):
        demo_played(option, value)
