"""What load balancers and Prometheus read."""

import os
import subprocess
import sys
from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.core.files.storage import default_storage
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from django_q.models import Schedule
from django_q.status import Stat

from rounds import predictor, services
from rounds.models import Task
from rounds.web import health


@pytest.fixture
def scheduled(db) -> None:
    """Polling the rounds is scheduled, and due in a moment: a worker serves the queue."""
    services.schedule_polling()


@pytest.fixture
def no_heartbeat(monkeypatch):
    monkeypatch.setattr(Stat, "get_all", lambda broker: [])


def parts(response) -> dict[str, str]:
    return {name: part["detail"] for name, part in response.json()["parts"].items()}


def test_a_process_that_answers_is_alive_whatever_the_database_does():
    # No database fixture: a query would fail this test.
    response = Client().get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok\n")
    assert "no-store" in response["Cache-Control"]


def test_the_site_is_ready_when_all_its_parts_are(client, scheduled, open_round):
    response = client.get("/readyz")
    assert response.status_code == 200, response.content
    assert parts(response) == {"database": "", "queue": "", "adversary": ""}


def test_it_is_ready_between_rounds(client, scheduled, digits):
    assert client.get("/readyz").status_code == 200


def test_without_workers_it_is_not_ready(client, scheduled, no_heartbeat):
    Schedule.objects.update(next_run=timezone.now() - timedelta(minutes=5))
    response = client.get("/readyz")
    assert response.status_code == 503
    assert parts(response)["queue"].startswith("No worker has served the queue for 300 seconds.")


def test_a_worker_that_has_just_started_is_given_time(client, scheduled, monkeypatch):
    Schedule.objects.update(next_run=timezone.now() - timedelta(hours=5))
    for uptime, status in ((10, 200), (300, 503)):
        heartbeat = SimpleNamespace(uptime=lambda uptime=uptime: uptime)
        monkeypatch.setattr(Stat, "get_all", lambda broker, heartbeat=heartbeat: [heartbeat])
        assert client.get("/readyz").status_code == status


def test_a_broker_that_is_gone_is_named(client, scheduled, monkeypatch):
    def gone() -> None:
        raise ConnectionError

    monkeypatch.setattr(health, "get_broker", gone)
    assert "broker doesn't answer" in parts(client.get("/readyz"))["queue"]


def test_a_site_that_was_not_set_up_says_how(client, db):
    assert "manage.py setup" in parts(client.get("/readyz"))["queue"]


def test_an_adversary_whose_files_are_gone_is_named(client, scheduled, open_round):
    for name in predictor.MODEL_FILES:
        default_storage.delete(f"{open_round.adversary.folder}/{name}")
    response = client.get("/readyz")
    assert response.status_code == 503
    assert parts(response)["adversary"].startswith("Graphite (model 1) can't be loaded.")


def test_a_database_that_is_gone_is_the_only_thing_said(client, db, monkeypatch):
    def gone(*_: object) -> None:
        raise OperationalError("no route to host")

    with monkeypatch.context() as outage:
        outage.setattr(connection, "cursor", gone)
        response = client.get("/readyz")
    assert response.status_code == 503
    assert list(response.json()["parts"]) == ["database"]
    assert b"no route" not in response.content


def test_metrics_have_the_sites_numbers(client, open_round, alice, draw):
    draw(alice, open_round.task, fooling=False)
    draw(alice, open_round.task, fooling=True)
    lines = client.get("/metrics").content.decode().splitlines()
    assert "dadc_open_rounds 1.0" in lines
    assert 'dadc_round_attempts{round="1",task="digits"} 2.0' in lines
    assert 'dadc_round_fooled{round="1",task="digits"} 1.0' in lines
    assert 'dadc_validation_queue{task="digits"} 1.0' in lines
    assert 'dadc_training_runs{status="queued"} 0.0' in lines
    assert "dadc_database_up 1.0" in lines
    assert any(line.startswith("django_http_requests_total_by_method_total") for line in lines)


def test_the_cost_of_a_scrape_does_not_grow_with_the_tasks(client, digits, django_assert_num_queries):
    for number in range(5):
        Task.objects.create(slug=f"task-{number}", name="Task", labels=["a", "b"])
    with django_assert_num_queries(5):
        client.get("/metrics")


def test_metrics_are_served_without_the_sites_numbers_when_the_database_is_gone(client, db, monkeypatch):
    def gone() -> None:
        raise OperationalError

    monkeypatch.setattr(health, "_round_metrics", gone)
    lines = client.get("/metrics").content.decode().splitlines()
    assert "dadc_database_up 0.0" in lines
    assert any(line.startswith("django_http_requests") for line in lines)


def test_metrics_of_several_processes_are_added_up(tmp_path):
    """As gunicorn's workers do it: each process writes files to one folder, whoever is scraped reads all of them."""
    count = "from prometheus_client import Counter; Counter('drawn', 'Drawings.').inc(2)"
    show = "import django; django.setup(); from rounds.web import health as h; "
    show += "from prometheus_client import generate_latest; print(generate_latest(h._process_registry()).decode())"
    env = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "dadc.settings"}
    for _ in range(2):
        subprocess.run([sys.executable, "-c", count], env=env, check=True)
    shown = subprocess.run([sys.executable, "-c", show], env=env, check=True, capture_output=True, text=True)
    assert "drawn_total 4.0" in shown.stdout
