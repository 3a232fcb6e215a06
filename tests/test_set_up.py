import io

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django_q.models import Schedule

from rounds import services
from rounds.models import AuditEvent, ModelVersion, Round, Task
from rounds.training import first_model

from .conftest import SMALL

pytestmark = pytest.mark.django_db


def set_up() -> str:
    printed = io.StringIO()
    call_command("setup", stdout=printed)
    return printed.getvalue()


def test_everything_is_set_up_once(settings, tmp_path, base, monkeypatch):
    """With a small first model; how good the default one gets is measured in `bench`."""
    settings.STATIC_ROOT = tmp_path / "static"
    monkeypatch.setattr(first_model, "FIRST", SMALL)
    printed = set_up()
    assert "Admin:     admin / " in printed
    assert "of 10,000 test digits right" in printed
    opened = Round.objects.get()
    assert (opened.task.slug, opened.number, opened.status) == ("digits", 1, Round.Status.OPEN)
    assert opened.adversary.evaluations.filter(suite="base_dev").exists()
    assert services.roles_of(User.objects.get()) >= {"admin", "annotator"}

    assert AuditEvent.objects.get(action="task_created").task == opened.task
    assert AuditEvent.objects.get(action="roles_changed").user == User.objects.get()
    assert set(AuditEvent.objects.values_list("by", "why")) == {(None, "set up")}

    assert "admin / " not in set_up()
    for rows in (User, Task, ModelVersion, Round, AuditEvent.objects.moves(), Schedule):
        assert getattr(rows, "objects", rows).count() == 1, rows
    assert AuditEvent.objects.count() == 3


def test_a_task_of_ones_own_starts_against_the_model_it_has(digits, adversary):
    for _ in range(2):
        call_command("start_task", "digits")
    assert Round.objects.get().status == Round.Status.OPEN
    assert Round.objects.get().adversary == adversary


def test_a_task_that_is_not_there_is_reported_with_those_that_are(digits):
    with pytest.raises(CommandError, match=r"no task “letters”. The tasks: digits"):
        call_command("start_task", "letters")


def test_labels_that_the_base_data_does_not_fit_are_reported(digits, base):
    Task.objects.update(labels=["0", "1"])
    with pytest.raises(CommandError, match="label"):
        call_command("start_task", "digits")
    assert not ModelVersion.objects.exists()


def test_a_first_model_is_trained_as_the_command_says(digits, base, monkeypatch):
    monkeypatch.setattr(first_model, "FIRST", SMALL)
    monkeypatch.setattr("rounds.training.evaluate.SUITES", ("base",))
    call_command("start_task", "digits", recipe={"recipe": {"name": "fgsm"}, "epochs": 1}, stdout=io.StringIO())
    assert [model.recipe["recipe"]["name"] for model in ModelVersion.objects.all()] == ["fgsm", "standard"]
    assert Round.objects.get().adversary.recipe_name == "fgsm"


def test_a_recipe_that_makes_no_sense_is_reported(digits, base):
    with pytest.raises(CommandError, match="recipe must be one of standard, fgsm"):
        call_command("start_task", "digits", recipe={"recipe": {"name": "magic"}})
    with pytest.raises(CommandError, match="is not JSON"):
        call_command("start_task", "digits", "--recipe", "fgsm")
    for command in (("start_task", "digits"), ("setup",)):
        with pytest.raises(CommandError, match="epochs must be more than 0"):
            call_command(*command, "--epochs", "0", stdout=io.StringIO())
