"""What workers do on their own: trainers import torch, and one worker watches the rounds."""

import os
import subprocess
import sys

import pytest
from django.core.cache import cache
from django_q.signals import post_spawn

import rounds.training
from rounds import jobs

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
def looks(monkeypatch) -> list[str]:
    """What happens on a watch, without its pauses."""
    happens: list[str] = []
    monkeypatch.setattr(jobs, "look_at_rounds", lambda: happens.append("look"))
    monkeypatch.setattr(jobs.time, "sleep", lambda seconds: happens.append(f"pause of {seconds} s"))
    return happens


def test_a_watch_looks_every_ten_seconds_until_the_next_one_is_due(looks):
    jobs.watch()
    assert looks == ["look"] + 5 * ["pause of 10 s", "look"]


def test_a_watch_leaves_its_worker_to_other_jobs_when_a_newer_one_is_there(looks, monkeypatch):
    def another_begins(seconds):
        monkeypatch.setattr(jobs.time, "sleep", lambda seconds: None)
        jobs.watch()
        looks.append("back in the older one")

    monkeypatch.setattr(jobs.time, "sleep", another_begins)
    jobs.watch()
    assert looks == ["look", *6 * ["look"], "back in the older one"]


def test_a_watch_that_was_killed_keeps_no_other_from_looking(looks, monkeypatch):
    def kill(seconds):
        raise SystemExit

    with monkeypatch.context() as killed:
        killed.setattr(jobs.time, "sleep", kill)
        with pytest.raises(SystemExit):
            jobs.watch()
    jobs.watch()
    assert looks.count("look") == 1 + 6


def test_a_watch_goes_on_where_the_cache_forgot_it(looks, monkeypatch):
    monkeypatch.setattr(jobs.time, "sleep", lambda seconds: cache.clear())
    jobs.watch()
    assert looks == 6 * ["look"]


def test_a_closed_round_is_looked_at_while_a_watch_is_at_it(looks, monkeypatch):
    monkeypatch.setattr(jobs.time, "sleep", lambda seconds: jobs.look())
    jobs.watch()
    assert looks == 11 * ["look"]
