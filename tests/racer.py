"""A process that does what it is told, when it is told: one contestant of tests/test_races.py.

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


def close(order: dict[str, Any]) -> Callable[[], Any]:
    round = Round.objects.get(pk=order["round"])
    return lambda: services.close_round(round=round, by=None).status


def submit(order: dict[str, Any]) -> Callable[[], Any]:
    prompt = selectors.prompt_to_score(order["prompt"])
    assert prompt
    predictor.load(prompt.round.adversary)
    image = b64decode(order["image"])
    return lambda: services.submit_example(prompt=prompt, image=image, idempotency_key=order.get("key")).example.pk


def ask_prompt(order: dict[str, Any]) -> Callable[[], Any]:
    task, annotator = Task.objects.get(), Person.objects.get(pk=order["annotator"])
    return lambda: services.issue_prompt(task=task, annotator=annotator)[0].pk


def ask_validation(order: dict[str, Any]) -> Callable[[], Any]:
    task, validator = Task.objects.get(), Person.objects.get(pk=order["validator"])

    def ask() -> int | None:
        example = services.lease_next(task=task, validator=validator)
        return example.pk if example else None

    return ask


def vote(order: dict[str, Any]) -> Callable[[], Any]:
    example = Example.objects.select_related("round__task").get(pk=order["example"])
    validator = Person.objects.get(pk=order["validator"])
    return lambda: services.record_validation(example=example, validator=validator, answer=example.label).pk


def claim(order: dict[str, Any]) -> Callable[[], Any]:
    def claim() -> int | None:
        run = runs.claim_run(run_id=order["run"], worker=order["worker"])
        return run.pk if run else None

    return claim


VERBS = {verb.__name__: verb for verb in (close, submit, ask_prompt, ask_validation, vote, claim)}


def say(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    for line in sys.stdin:
        order = json.loads(line)
        storage = {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": order["files"]}}
        with override_settings(DATA_DIR=order["data_dir"], STORAGES={"default": storage}):
            act = VERBS[order["verb"]](order)
            say("ready")
            sys.stdin.readline()
            try:
                say(json.dumps({"result": act()}))
            except Refused as refused:
                say(json.dumps({"refused": refused.code}))


if __name__ == "__main__":
    main()
