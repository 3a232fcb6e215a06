"""What workers do on their own: trainers import torch, and one worker polls the rounds."""

import os
import subprocess
import sys

import pytest
from django.core.cache import cache
from django.utils.module_loading import import_string
from django_q.models import Schedule
from django_q.signals import post_spawn

import rounds.training
from rounds import jobs, services

STARTS = """
import os
import sys
import django
django.setup()
from django_q.signals import post_spawn
assert "torch" not in sys.modules
post_spawn.send(sender="django_q", proc_name="a worker")
print([name for name in ("torch", "rounds.training.execute", "torch._inductor") if name in sys.modules])
print(os.environ.get("GOMP_SPINCOUNT"))
"""


@pytest.mark.parametrize(
    ("cluster", "imported", "spins"),
    [
        ("dadc", [], "None"),
        ("train", ["torch", "rounds.training.execute", "torch._inductor"], "10000"),
    ],
)
def test_only_a_trainer_is_prepared_and_imports_torch_when_it_starts(cluster, imported, spins):
    environment = {**os.environ, "Q_CLUSTER_NAME": cluster, "DJANGO_SETTINGS_MODULE": "dadc.settings"}
    environment.pop("GOMP_SPINCOUNT", None)
    worker = subprocess.run([sys.executable, "-c", STARTS], env=environment, capture_output=True, text=True)
    assert worker.stdout.splitlines() == [str(imported), spins], worker.stderr


def test_a_trainer_without_torch_starts_all_the_same_and_logs_why(monkeypatch, caplog):
    monkeypatch.setattr(jobs.Conf, "CLUSTER_NAME", "train")
    monkeypatch.setitem(sys.modules, "rounds.training.execute", None)
    monkeypatch.delattr(rounds.training, "execute", raising=False)
    post_spawn.send(sender="django_q", proc_name="a worker")
    assert "torch could not be imported ahead" in caplog.text


@pytest.fixture
def events(monkeypatch) -> list[str]:
    """What a polling job does, without its pauses."""
    events: list[str] = []
    monkeypatch.setattr(jobs, "poll_rounds", lambda: events.append("poll"))
    monkeypatch.setattr(jobs.time, "sleep", lambda seconds: events.append(f"pause of {seconds} s"))
    return events


def test_rounds_are_polled_every_ten_seconds_until_the_next_job_is_due(events):
    jobs.poll()
    assert events == ["poll"] + 5 * ["pause of 10 s", "poll"]


def test_a_polling_job_ends_when_a_newer_one_runs(events, monkeypatch):
    def another_begins(seconds):
        monkeypatch.setattr(jobs.time, "sleep", lambda seconds: None)
        jobs.poll()
        events.append("back in the older one")

    monkeypatch.setattr(jobs.time, "sleep", another_begins)
    jobs.poll()
    assert events == ["poll", *6 * ["poll"], "back in the older one"]


def test_a_polling_job_that_was_killed_stops_no_other(events, monkeypatch):
    def kill(seconds):
        raise SystemExit

    with monkeypatch.context() as killed:
        killed.setattr(jobs.time, "sleep", kill)
        with pytest.raises(SystemExit):
            jobs.poll()
    jobs.poll()
    assert events.count("poll") == 1 + 6


def test_a_polling_job_goes_on_where_the_cache_was_emptied(events, monkeypatch):
    monkeypatch.setattr(jobs.time, "sleep", lambda seconds: cache.clear())
    jobs.poll()
    assert events == 6 * ["poll"]


def test_a_closed_round_is_polled_while_a_polling_job_runs(events, monkeypatch):
    monkeypatch.setattr(jobs.time, "sleep", lambda seconds: jobs.poll_once())
    jobs.poll()
    assert events == 11 * ["poll"]


@pytest.mark.django_db
def test_the_scheduled_job_and_the_one_after_a_close_can_be_imported():
    services.schedule_polling()
    services.schedule_polling()
    assert import_string(Schedule.objects.get(name=services.POLLING).func) is jobs.poll
    assert import_string("rounds.jobs.poll_once") is jobs.poll_once
