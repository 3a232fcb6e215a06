"""A process that calls one service at a given moment, for tests/test_races.py.

Reads a line of JSON `{"verb": …, "data_dir": …, …}`, prepares, answers "ready", waits for any line, acts, and answers
with a line of JSON: `{"result": …}` or `{"refused": code}`.
"""

import json
import sys
from base64 import b64decode
from collections.abc import Callable
from typing import Any

import django

django.setup()

from django.test import override_settings  # noqa: E402

from rounds import predictor, selectors, services  # noqa: E402
from rounds.errors import Refused  # noqa: E402
from rounds.models import Example, Person, Round, Task  # noqa: E402
from rounds.training import runs  # noqa: E402


def close(command: dict[str, Any]) -> Callable[[], Any]:
    round = Round.objects.get(pk=command["round"])
    return lambda: services.close_round(round=round, by=None).status


def submit(command: dict[str, Any]) -> Callable[[], Any]:
    prompt = selectors.prompt_to_score(command["prompt"])
    assert prompt
    predictor.load(prompt.round.adversary)
    image = b64decode(command["image"])
    return lambda: services.submit_example(prompt=prompt, image=image, idempotency_key=command.get("key")).example.pk


def ask_prompt(command: dict[str, Any]) -> Callable[[], Any]:
    task, annotator = Task.objects.get(), Person.objects.get(pk=command["annotator"])
    return lambda: services.issue_prompt(task=task, annotator=annotator)[0].pk


def ask_validation(command: dict[str, Any]) -> Callable[[], Any]:
    task, validator = Task.objects.get(), Person.objects.get(pk=command["validator"])

    def ask() -> int | None:
        example = services.lease_next(task=task, validator=validator)
        return example.pk if example else None

    return ask


def vote(command: dict[str, Any]) -> Callable[[], Any]:
    example = Example.objects.select_related("round__task").get(pk=command["example"])
    validator = Person.objects.get(pk=command["validator"])
    return lambda: services.record_validation(example=example, validator=validator, answer=example.label).pk


def claim(command: dict[str, Any]) -> Callable[[], Any]:
    def claim() -> int | None:
        run = runs.claim_run(run_id=command["run"], worker=command["worker"])
        return run.pk if run else None

    return claim


VERBS = {verb.__name__: verb for verb in (close, submit, ask_prompt, ask_validation, vote, claim)}


def write(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    for line in sys.stdin:
        command = json.loads(line)
        storage = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": command["files"]}}
        with override_settings(DATA_DIR=command["data_dir"], STORAGES={"default": storage}):
            act = VERBS[command["verb"]](command)
            write("ready")
            sys.stdin.readline()
            try:
                write(json.dumps({"result": act()}))
            except Refused as refused:
                write(json.dumps({"refused": refused.code}))


if __name__ == "__main__":
    main()
