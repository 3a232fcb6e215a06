"""What the migration to the audit table makes of rows from before it."""

from importlib import import_module

import pytest
from django.apps import apps
from django.contrib.auth.models import Permission
from django.utils import timezone
from django_q.models import Schedule

from rounds import services
from rounds.models import AuditEvent, Round
from rounds.rules import Rules

from .rows import a_model, a_round, a_task

pytestmark = pytest.mark.django_db
migration = import_module("rounds.migrations.0007_audit")


@pytest.fixture
def round() -> Round:
    task = a_task()
    return a_round(task, a_model(task))


def rules_after(frozen_rules: dict) -> Rules:
    Round.objects.update(frozen_rules=frozen_rules)
    migration.give_frozen_rules_a_version(apps, None)
    return Round.objects.get().rules


def test_frozen_rules_get_a_version_and_stay_as_they_are(round):
    before = {name: value for name, value in Rules(max_votes=7, sample_rate=0.5).to_json().items() if name != "version"}
    assert rules_after(before) == Rules(max_votes=7, sample_rate=0.5)
    assert Round.objects.get().frozen_rules == {"version": 1, **before}


def test_a_rule_that_did_not_exist_when_a_round_opened_is_written_out_as_it_was_read_so_far(round):
    assert rules_after({"max_votes": 7, "forgotten_rule": 1}) == Rules(max_votes=7)
    assert Round.objects.get().frozen_rules == {**migration.RULES_VERSION_1, "version": 1, "max_votes": 7}


def test_a_round_in_play_that_froze_nothing_keeps_its_tasks_rules(round):
    round.task.tries_per_prompt = 3
    round.task.save()
    assert rules_after({}) == round.task.rules


def test_a_draft_has_no_frozen_rules_and_those_with_a_version_are_left_alone(round):
    draft = Round.objects.create(task=round.task, number=2)
    before = Round.objects.get(pk=round.pk).frozen_rules
    migration.give_frozen_rules_a_version(apps, None)
    assert Round.objects.get(pk=draft.pk).frozen_rules == {}
    assert Round.objects.get(pk=round.pk).frozen_rules == before


def test_the_rules_of_the_migration_are_those_of_the_first_version():
    assert Rules.from_json({"version": 1, **migration.RULES_VERSION_1}) == Rules()


def test_an_event_from_before_belongs_to_the_task_of_its_round(round):
    states = {"from_status": "open", "to_status": "validating"}
    AuditEvent.objects.create(action="round_moved", round=round, **states)
    migration.name_the_task_of_each_event(apps, None)
    assert AuditEvent.objects.get().task == round.task


def test_the_schedule_of_a_running_site_is_renamed_and_no_second_one_made():
    now = timezone.now()
    Schedule.objects.create(name="watch", func="rounds.jobs.watch", schedule_type="I", minutes=1, next_run=now)
    migration.rename_the_schedule(apps, None)
    services.schedule_polling()
    schedule = Schedule.objects.get()
    assert (schedule.name, schedule.func, schedule.next_run) == ("poll", "rounds.jobs.poll", now)


def test_admins_may_see_the_events_in_the_admin_site(adam):
    assert not Permission.objects.filter(codename__endswith="_roundevent").exists()
    assert adam.user.has_perm("rounds.view_auditevent")
