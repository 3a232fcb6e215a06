"""Making a task, and changing its settings."""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction

from rounds.models import Task

from .audit import Action, differences, record

DIGITS_INSTRUCTIONS = (
    "Draw the digit you are asked for, so that any person would read it, but the model does not. "
    "Write as you would by hand: slanted, small, in a corner, with a break in the stroke."
)
SETTINGS = [field.name for field in Task._meta.concrete_fields if field.editable and not field.primary_key]


def save_task(*, task: Task, by: User | None, why: str = "") -> None:
    """Stores `task`, new or changed, and records which settings changed from what to what."""
    with transaction.atomic():
        stored = Task.objects.select_for_update().filter(pk=task.pk).first()
        task.save()
        if stored is None:
            record(Action.TASK_CREATED, by=by, why=why, task=task)
        elif changes := differences(stored, task, SETTINGS):
            record(Action.TASK_CHANGED, by=by, why=why, task=task, changes=changes)


def create_digits_task(**fields: Any) -> Task:
    """The task of handwritten digits: the one that is there, or a new one with these fields.

    Its models are trained on base data and on what fooled their predecessors, without the drawings that fooled nobody:
    with those, the next model read other people's digits no better (docs/results.md).
    """
    if task := Task.objects.filter(slug="digits").first():
        return task
    defaults = {
        "slug": "digits",
        "name": "Handwritten digits",
        "labels": list("0123456789"),
        "instructions": DIGITS_INSTRUCTIONS,
        "non_fooling": Task.NonFooling.NONE,
    }
    task = Task(**(defaults | fields))
    save_task(task=task, by=None, why="set up")
    return task
