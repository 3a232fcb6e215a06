"""The demo keeps away from real data. That it plays its rounds is tested with the crowd's command."""

import subprocess
import sys

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError

from rounds.management.commands import demo
from rounds.models import Task

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
    demo.digits_task(target_verified=5)
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
