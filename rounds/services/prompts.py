"""Issuing a prompt, and giving up on it."""

import random

from django.db import IntegrityError, transaction
from django.db.models import Count
from django.utils import timezone

from rounds import rules, selectors
from rounds.errors import ErrorKind
from rounds.models import Person, Prompt, Round, Task


def issue_prompt(*, task: Task, annotator: Person, label: str | None = None) -> tuple[Prompt, bool]:
    """The prompt that `annotator` draws next in the open round of `task`, and whether it is new.

    An annotator with an open prompt gets that one. With balanced assignment the server chooses the label; `label` is
    for tasks where the annotator does (and for practice, where nothing is counted). Raises Refused when no round is
    open, Invalid for a label outside the task.
    """
    if label is not None and label not in task.labels:
        raise ErrorKind.LABEL_UNKNOWN.error(label=label, labels=", ".join(task.labels))
    round = selectors.open_round(task)
    if round is None:
        raise ErrorKind.NO_OPEN_ROUND.error()
    practice = annotator.is_guest or selectors.practice_left(round, annotator) > 0
    if label is not None and round.rules.label_assignment == rules.BALANCED and not practice:
        raise ErrorKind.LABEL_ASSIGNED.error()
    if prompt := _open_prompt(round, annotator):
        return prompt, False
    if label is None and round.rules.label_assignment == rules.FREE and not practice:
        raise ErrorKind.LABEL_MISSING.error(labels=", ".join(task.labels))
    try:
        with transaction.atomic():
            prompt = Prompt.objects.create(
                round=round,
                annotator=annotator,
                label=label or _assign_label(round, annotator),
                practice=practice,
                started_at=timezone.now(),
            )
            return prompt, True
    except IntegrityError:
        # A second tab of the same person was faster: both show the same prompt.
        if prompt := _open_prompt(round, annotator):
            return prompt, False
        raise


def give_up_prompt(*, prompt: Prompt) -> None:
    """Finishes an open prompt without success; its tries stay."""
    given_up = Prompt.objects.filter(pk=prompt.pk, status=Prompt.Status.OPEN).update(
        status=Prompt.Status.GIVEN_UP, finished_at=timezone.now()
    )
    if not given_up:
        raise ErrorKind.PROMPT_ALREADY_FINISHED.error()


def _open_prompt(round: Round, annotator: Person) -> Prompt | None:
    prompt = round.prompts.filter(annotator=annotator, status=Prompt.Status.OPEN).first()
    if prompt:
        prompt.round = round
    return prompt


def _assign_label(round: Round, annotator: Person) -> str:
    """The label that was assigned least often in this round, ties at random; never a person's last one again."""
    assigned = dict(round.prompts.filter(practice=False).values_list("label").annotate(times=Count("pk")).order_by())
    last = round.prompts.filter(annotator=annotator).order_by("-started_at").values_list("label", flat=True).first()
    choices = [label for label in round.task.labels if label != last]
    fewest = min(assigned.get(label, 0) for label in choices)
    return random.choice([label for label in choices if assigned.get(label, 0) == fewest])
