"""Several processes at once: one wins, nothing is half done. PostgreSQL only: SQLite writes one at a time anyway."""

import json
import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.db import connection

from rounds import services
from rounds.models import AuditEvent, Example, Prompt, Round, Validation

from .conftest import person

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs DATABASE_URL=postgres://…"),
]
TIMES = 10
Answer = dict[str, Any]


class Racers:
    """Processes of their own, each with its own connection, that act at the same moment."""

    def __init__(self, count: int, environment: dict[str, str]) -> None:
        self.processes = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.racer"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                env=environment,
                cwd=settings.BASE_DIR,
            )
            for _ in range(count)
        ]

    def race(self, *orders: dict[str, Any]) -> list[Answer]:
        """What each order came to: {"result": …} or {"refused": code}. All are ready before the first one starts."""
        where = {"data_dir": str(settings.DATA_DIR), "files": settings.STORAGES["default"]["OPTIONS"]["location"]}
        running = self.processes[: len(orders)]
        for process, order in zip(running, orders, strict=True):
            self._send(process, json.dumps({**where, **order}, default=str))
        for process in running:
            assert process.stdout.readline() == "ready\n"
        for process in running:
            self._send(process, "go")
        return [json.loads(process.stdout.readline()) for process in running]

    def _send(self, process: subprocess.Popen[str], line: str) -> None:
        process.stdin.write(line + "\n")
        process.stdin.flush()

    def stop(self) -> None:
        for process in self.processes:
            process.stdin.close()
            process.wait(10)


@pytest.fixture(scope="module")
def racers(django_db_setup, django_db_blocker) -> Iterator[Racers]:
    own = settings.DATABASES["default"]
    url = f"postgres://{own['USER']}:{own['PASSWORD']}@{own['HOST']}:{own['PORT'] or 5432}/{own['NAME']}"
    started = Racers(4, {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "dadc.settings"})
    yield started
    started.stop()


def results(answers: list[Answer]) -> list[Any]:
    return [answer["result"] for answer in answers if "result" in answer]


def refusals(answers: list[Answer]) -> list[str]:
    return [answer["refused"] for answer in answers if "refused" in answer]


def encoded(image: bytes) -> str:
    return b64encode(image).decode()


def test_admins_who_close_at_once_make_one_move(racers, open_round):
    answers = racers.race(*[{"verb": "close", "round": open_round.pk}] * 4)
    assert results(answers) == ["validating"]
    assert refusals(answers) == ["illegal_move"] * 3
    assert AuditEvent.objects.filter(to_status="validating").count() == 1


def test_a_submit_while_the_round_closes_is_stored_or_refused_never_half(racers, open_round, pen):
    for turn in range(TIMES):
        round = Round.objects.get(status=Round.Status.OPEN)
        annotators = [person(f"annotator{turn}{place}", "annotator") for place in range(3)]
        prompts = [services.issue_prompt(task=round.task, annotator=annotator)[0] for annotator in annotators]
        submits = [
            {"verb": "submit", "prompt": prompt.pk, "image": encoded(pen.digit(prompt.label, fooling=True))}
            for prompt in prompts
        ]
        closing = {"verb": "close", "round": round.pk}
        # The closer takes another place in line each time.
        orders = [*submits[: turn % 4], closing, *submits[turn % 4 :]]
        answers = racers.race(*orders)
        answers.pop(orders.index(closing))
        for prompt, answer in zip(prompts, answers, strict=True):
            stored = Example.objects.filter(prompt=prompt).count()
            prompt.refresh_from_db()
            assert (stored, prompt.try_count) == ((1, 1) if "result" in answer else (0, 0))
        assert set(refusals(answers)) <= {"round_closed"}
        services.keep_adversary(round=Round.objects.get(pk=round.pk), by=None)


def test_the_same_key_sent_at_once_stores_one_example(racers, open_round, alice, pen):
    for _ in range(TIMES):
        prompt, _ = services.issue_prompt(task=open_round.task, annotator=alice)
        image = encoded(pen.digit(prompt.label, fooling=True))
        order = {"verb": "submit", "prompt": prompt.pk, "image": image, "key": f"key {prompt.pk}"}
        stored = results(racers.race(order, order, order))
        assert len(stored) == 3
        assert len(set(stored)) == 1
        assert Example.objects.filter(prompt=prompt).count() == 1


def test_tabs_that_ask_at_once_show_the_same_prompt(racers, open_round, alice):
    answers = racers.race(*[{"verb": "ask_prompt", "annotator": alice.pk}] * 4)
    assert len(set(results(answers))) == 1
    assert Prompt.objects.count() == 1


def test_validators_who_ask_at_once_get_different_examples(racers, open_round, alice, draw):
    for _ in range(4):
        draw(alice, open_round.task, fooling=True)
    validators = [person(f"validator{place}", "validator") for place in range(4)]
    for _ in range(TIMES):
        Example.objects.update(leased_to=None, leased_until=None)
        answers = racers.race(*[{"verb": "ask_validation", "validator": who.pk} for who in validators])
        assert len(set(results(answers))) == 4
        assert None not in results(answers)


def test_one_validator_in_two_windows_votes_once(racers, open_round, alice, bob, draw):
    example = draw(alice, open_round.task, fooling=True)
    services.lease_next(task=open_round.task, validator=bob)
    answers = racers.race(*[{"verb": "vote", "example": example.pk, "validator": bob.pk}] * 3)
    assert len(results(answers)) == 1
    assert set(refusals(answers)) <= {"already_validated", "not_leased"}
    assert Validation.objects.count() == 1


def test_workers_claim_a_run_once(racers, open_round, alice, bob, carol, draw, validate):
    example = draw(alice, open_round.task, fooling=True)
    for validator in (bob, carol):
        validate(validator, example, example.label)
    services.close_round(round=open_round, by=None)
    run = services.start_training(round=open_round, by=None)
    answers = racers.race(*[{"verb": "claim", "run": run.pk, "worker": name} for name in "abcd"])
    assert sorted(results(answers), key=str) == [run.pk, None, None, None]
