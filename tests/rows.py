"""Rounds as people would have left them, written straight into the tables: no network, no clock, exact numbers."""

import hashlib
import io
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
from django.contrib.auth.models import User
from PIL import Image

from rounds import services
from rounds.models import Drawing, Example, ModelVersion, Person, Prompt, Round, Task, Validation

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_task(slug: str = "digits", labels: str = "0123456789") -> Task:
    return Task.objects.create(slug=slug, name=slug.title(), labels=[*labels], split_key="a key for tests")


def a_model(task: Task, parent: ModelVersion | None = None, recipe: str = "standard") -> ModelVersion:
    number = task.model_versions.count() + 1
    return ModelVersion.objects.create(
        task=task,
        number=number,
        parent=parent,
        architecture="toy",
        recipe={"recipe": {"name": recipe}},
        seed=number,
        weights_hash=f"{number:064}",
        folder=f"models/{number}",
    )


def a_round(task: Task, adversary: ModelVersion, status: str = Round.Status.OPEN) -> Round:
    return Round.objects.create(
        task=task,
        number=task.rounds.count() + 1,
        adversary=adversary,
        status=status,
        opened_at=NOON,
        frozen_rules=task.rules.to_json(),
    )


def a_person(name: str) -> Person:
    return Person.objects.create(user=User.objects.create(username=name, email=f"{name}@example.org"))


def people(n: int, prefix: str = "person") -> list[Person]:
    return [a_person(f"{prefix}{i}") for i in range(n)]


def a_drawing(seed: int) -> Drawing:
    """A canonical PNG of its own for every seed: grey noise on white paper."""
    canvas = np.full((280, 280), 255, dtype=np.uint8)
    canvas[100:180, 100:180] = np.random.default_rng(seed).integers(0, 200, (80, 80))
    out = io.BytesIO()
    Image.fromarray(canvas).save(out, format="PNG", compress_level=1)
    png = out.getvalue()
    return Drawing.objects.get_or_create(sha256=hashlib.sha256(png).hexdigest(), defaults={"png": png})[0]


def an_attempt(
    round: Round,
    annotator: Person,
    label: str,
    read_as: str,
    votes: Sequence[str] | None = None,
    *,
    voters: Sequence[Person] = (),
    try_number: int = 1,
    seconds: float = 10,
    practice: bool = False,
    retracted: bool = False,
    drawing: Drawing | None = None,
) -> Example:
    """One try and its prompt; `votes` are the answers of `voters` in turn, None for one that was never queued."""
    fooled = label != read_as
    fooled_at = NOON + timedelta(seconds=seconds)
    prompt = Prompt.objects.create(
        round=round,
        annotator=annotator,
        label=label,
        practice=practice,
        status=Prompt.Status.FOOLED if fooled else Prompt.Status.GIVEN_UP,
        try_count=try_number,
        started_at=NOON,
        finished_at=fooled_at,
    )
    queued = not practice and (fooled or votes is not None)
    example = Example.objects.create(
        prompt=prompt,
        round=round,
        annotator=annotator,
        drawing=drawing or a_drawing(prompt.pk),
        label=label,
        try_number=try_number,
        practice=practice,
        created_at=fooled_at,
        retracted_at=fooled_at if retracted else None,
        model=round.adversary,
        prediction=read_as,
        probabilities=[1.0 if name == read_as else 0.0 for name in round.task.labels],
        fooled=fooled,
        verification=Example.Verification.PENDING if queued else Example.Verification.UNQUEUED,
        votes_to_settle=round.rules.min_votes if queued else 0,
    )
    for voter, answer in zip(voters, votes or (), strict=False):
        Validation.objects.create(
            example=example,
            validator=voter,
            author=annotator,
            answer=answer,
            reason="rude" if answer == "abuse" else "",
        )
    if votes:
        services.resettle(example)
    return example
