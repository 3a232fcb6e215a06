"""The whole loop, twice, over HTTP: draw, fool, validate, close, train, next round; real digits, real training."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from rounds import jobs, poll
from rounds.models import Example, ModelVersion, Round, Task, TrainingRun

from .conftest import Pen, person

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

FOOLING = 12
#: Two quick epochs from the parent; what was collected is weighted up.
RECIPE = {"architecture": "mnist_cnn", "epochs": 2, "base_replay": 12_000, "lr": 0.05, "collected_weight": 8.0}


class Client:
    """Somebody with an account and a token, talking to the running site."""

    def __init__(self, site: str, name: str) -> None:
        self.api = f"{site}/api/v1"
        self.http = requests.Session()
        answer = self.post("/auth/token/", json={"username": name, "password": "a long enough password"})
        self.http.headers["Authorization"] = f"Token {answer['token']}"

    def get(self, path: str) -> Any:
        return self._checked(self.http.get(self.api + path, timeout=30))

    def post(self, path: str, **body: Any) -> Any:
        return self._checked(self.http.post(self.api + path, timeout=60, **body))

    def _checked(self, answer: requests.Response) -> Any:
        assert answer.ok, f"{answer.status_code}: {answer.text}"
        return answer.json() if answer.content else None


class Loop:
    """One round, step by step, as its people would go through it."""

    def __init__(self, site: str, pen: Pen) -> None:
        self.pen = pen
        for name, roles in {
            "alice": ["annotator"],
            "bob": ["validator"],
            "carol": ["validator"],
            "ruth": ["researcher"],
            "adam": ["admin"],
        }.items():
            person(name, *roles)
        self.alice, self.bob, self.carol, self.ruth, self.adam = (
            Client(site, name) for name in ("alice", "bob", "carol", "ruth", "adam")
        )

    def draw_until(self, fooling: int) -> Iterator[dict[str, Any]]:
        """Alice draws test digits in turn for each prompt until the adversary was fooled so often."""
        used: set[int] = set()
        fooled = 0
        while fooled < fooling:
            prompt = self.alice.post("/tasks/digits/prompts/")
            verdict = self.draw(prompt, used)
            fooled += verdict["fooled"]
            yield verdict

    def draw(self, prompt: dict[str, Any], used: set[int]) -> dict[str, Any]:
        """One prompt, tried with ever other hard digits until one fools."""
        for image in self.pen.hardest(prompt["label"], used):
            verdict = self.alice.post(
                f"/prompts/{prompt['id']}/examples/", files={"image": ("drawing.png", image, "image/png")}
            )
            assert verdict["fooled"] == (verdict["prediction"] != prompt["label"])
            if verdict["fooled"] or verdict["try_number"] >= 3:
                break
        if not verdict["fooled"]:
            self.alice.post(f"/prompts/{prompt['id']}/give_up/")
        return verdict

    def validate_all(self) -> int:
        """Bob and Carol look at what they are handed until nothing is left; both can read."""
        answered = 0
        for validator in (self.bob, self.carol):
            while handed := validator.get("/tasks/digits/validations/next/"):
                assert set(handed) == {"example", "image_url", "choices"}
                truth = Example.objects.get(pk=handed["example"]).label
                validator.post(f"/examples/{handed['example']}/validations/", json={"answer": truth})
                answered += 1
        return answered


def train_what_is_queued() -> TrainingRun:
    """What the worker of the `train` queue does."""
    run = TrainingRun.objects.get(status=TrainingRun.Status.QUEUED)
    jobs.train(run.pk)
    run.refresh_from_db()
    assert run.status == TrainingRun.Status.SUCCEEDED, run.error
    return run


def test_the_loop_runs_twice_and_round_three_is_open(live_server, open_round, pen):
    task = Task.objects.get()
    task.recipe, task.gate_tolerance, task.sample_rate = RECIPE, 1.0, 1.0
    task.save()
    Round.objects.update(frozen_rules=task.rules.to_json())
    loop = Loop(live_server.url, pen)

    for number in (1, 2):
        round = Round.objects.get(status=Round.Status.OPEN)
        assert round.number == number
        verdicts = list(loop.draw_until(FOOLING))
        adversary = loop.adam.get(f"/rounds/{round.pk}/")["adversary"]["number"]
        assert {verdict["model"]["number"] for verdict in verdicts} == {adversary}
        loop.adam.post(f"/rounds/{round.pk}/close/")
        assert loop.validate_all() >= 2 * FOOLING
        poll.poll_rounds()  # what a worker does every ten seconds
        run = train_what_is_queued()
        if not run.gate["passed"]:  # a small training may not beat its parent: then the admin decides, as people would
            loop.adam.post(f"/rounds/{round.pk}/accept/")

        round.refresh_from_db()
        assert round.status == Round.Status.DONE
        report = loop.ruth.get(f"/rounds/{round.pk}/report/")
        assert report["counts"]["verified"] == FOOLING
        assert report["vmer"]["numerator"] == FOOLING
        assert report["vmer"]["denominator"] == Example.objects.filter(round=round).count()

    third = Round.objects.get(status=Round.Status.OPEN)
    assert third.number == 3
    assert third.adversary == ModelVersion.objects.get(number=3)
    assert list(ModelVersion.objects.values_list("parent__number", flat=True)) == [None, 1, 2]
    assert [event.to_status for event in Round.objects.get(number=1).events.moves()] == [
        "open",
        "validating",
        "training",
        "reviewing",
        "done",
    ]
    # The first drawing of round 3 is scored by the third model, without a restart of anything.
    prompt = loop.alice.post("/tasks/digits/prompts/")
    assert loop.draw(prompt, set())["model"]["number"] == 3

    matrix = loop.ruth.get("/tasks/digits/matrix/")
    assert len(matrix["rows"]) == 3
