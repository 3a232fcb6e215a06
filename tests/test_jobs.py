"""What workers do of their own: they get ready, and watch the rounds."""

import os
import subprocess
import sys

import pytest

from rounds import jobs, services

STARTS = """
import sys
import django
django.setup()
from django_q.signals import post_spawn
assert "torch" not in sys.modules
post_spawn.send(sender="django_q", proc_name="a worker")
print([name for name in ("torch", "rounds.trainer", "torch._inductor") if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("cluster", "brings"),
    [("dadc", ["torch", "rounds.trainer"]), ("train", ["torch", "rounds.trainer", "torch._inductor"])],
)
def test_a_worker_that_starts_imports_what_it_would_else_import_while_a_round_waits(cluster, brings):
    environment = {**os.environ, "Q_CLUSTER_NAME": cluster, "DJANGO_SETTINGS_MODULE": "dadc.settings"}
    worker = subprocess.run([sys.executable, "-c", STARTS], env=environment, capture_output=True, text=True)
    assert worker.stdout.strip() == str(brings), worker.stderr


@pytest.fixture
def looks(monkeypatch) -> list[str]:
    """What happens on a watch, without its pauses."""
    happens: list[str] = []
    monkeypatch.setattr(services, "look_at_rounds", lambda: happens.append("look"))
    monkeypatch.setattr(jobs.time, "sleep", lambda seconds: happens.append(f"pause of {seconds} s"))
    return happens


def test_a_watch_looks_every_ten_seconds_until_the_next_one_is_due(looks):
    jobs.watch()
    assert looks == ["look"] + 5 * ["pause of 10 s", "look"]


def test_a_second_watch_leaves_its_worker_to_other_jobs(looks, monkeypatch):
    monkeypatch.setattr(jobs.time, "sleep", lambda seconds: jobs.watch())
    jobs.watch()
    assert looks == 6 * ["look"]


def test_a_watch_follows_one_that_ended_and_one_that_failed(looks, monkeypatch):
    def fail():
        raise OSError("no database")

    jobs.watch()
    with monkeypatch.context() as broken:
        broken.setattr(services, "look_at_rounds", fail)
        with pytest.raises(OSError, match="no database"):
            jobs.watch()
    jobs.watch()
    assert looks.count("look") == 12


def test_a_closed_round_is_looked_at_while_a_watch_is_at_it(looks, monkeypatch):
    monkeypatch.setattr(jobs.time, "sleep", lambda seconds: jobs.look())
    jobs.watch()
    assert looks == 11 * ["look"]
