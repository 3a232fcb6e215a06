"""A task trains on the base set that it names."""

import io

import pytest
from django.core.management import CommandError, call_command

from models_zoo.data.base_sets import BASE_SETS, BaseSet
from rounds.models import Task
from rounds.training import first_model

from .conftest import SMALL
from .models_zoo.conftest import toy_base

pytestmark = pytest.mark.django_db


@pytest.fixture
def toys(monkeypatch, settings):
    """A second base set; a list of what was done with it."""
    done = []
    base = toy_base()

    def ensure(root, *, progress=None):
        done.append(("ensure", root))
        return root

    def load(root):
        done.append(("load", root))
        return base

    monkeypatch.setitem(BASE_SETS, "toys", BaseSet(ensure, load))
    return done


def test_the_first_model_is_trained_on_the_base_set_of_its_task(digits, toys, settings, monkeypatch):
    monkeypatch.setattr(first_model, "FIRST", SMALL)
    monkeypatch.setattr("rounds.training.evaluate.SUITES", ("base",))
    Task.objects.update(base_data="toys")
    printed = io.StringIO()
    call_command("start_task", "digits", stdout=printed)
    assert toys == [("ensure", settings.BASE_DATA_DIR), ("load", settings.BASE_DATA_DIR)]
    assert "of 100 test digits right" in printed.getvalue()


def test_a_task_with_an_unknown_base_set_is_not_started(digits):
    Task.objects.update(base_data="letters")
    with pytest.raises(CommandError, match="no base set 'letters': choose one of mnist"):
        call_command("start_task", "digits", stdout=io.StringIO())
