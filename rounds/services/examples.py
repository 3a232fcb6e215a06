"""Scoring a drawing, once, and taking it back."""

import hashlib
import random
from dataclasses import dataclass
from typing import NoReturn

import numpy as np
from django.db import IntegrityError, transaction
from django.utils import timezone

from models_zoo.data.images import ImageError, canonical_png, to_array
from rounds import predictor, rules, selectors
from rounds.db import lock_shared
from rounds.errors import ErrorKind, Refused
from rounds.models import Drawing, Example, Person, Prompt, Round


@dataclass(frozen=True)
class Submission:
    """An example, and whether this call stored it (False: the same Idempotency-Key had stored it before)."""

    example: Example
    stored: bool


def submit_example(*, prompt: Prompt, image: bytes, idempotency_key: str | None = None) -> Submission:
    """Scores `image` for `prompt` by the adversary of its round and stores the try, whatever the verdict.

    `prompt` comes with its round, adversary, task and annotator loaded. The slow part (decoding and the network) comes
    before the one short transaction, which checks again that the round is still open on the model that gave the
    verdict.

    Raises Invalid for an image that can't be used, Refused for a finished prompt or a round that has moved on, and
    Unavailable when the adversary can't be reached. Then nothing is stored.
    """
    round = prompt.round
    try:
        png = canonical_png(image, canvas=round.task.canvas_size)
    except ImageError as error:
        raise ErrorKind.IMAGE_UNUSABLE.error(reason=error) from error
    sha256 = hashlib.sha256(png).hexdigest()
    if earlier := None if prompt.is_open and round.is_open else _stored_before(prompt, idempotency_key, sha256):
        return earlier
    if not round.is_open:
        _refuse_closed(round)
    if not prompt.is_open:
        raise ErrorKind.PROMPT_FINISHED.error()
    assert round.adversary is not None  # a database constraint: only a draft has none

    probabilities = predictor.predict(round.adversary, to_array(png, size=round.task.input_size))
    example = _new_example(prompt, sha256, probabilities, idempotency_key)
    try:
        with transaction.atomic():
            _store(example, png, round)
    except IntegrityError as error:
        if earlier := _stored_before(prompt, idempotency_key, sha256):
            return earlier
        raise ErrorKind.PROMPT_BUSY.error() from error
    except Refused:
        if earlier := _stored_before(prompt, idempotency_key, sha256):
            return earlier
        raise
    return Submission(example, stored=True)


def retract_example(*, example: Example, by: Person) -> None:
    """Takes an example back for its author, as long as its round is open and validators have not settled it.

    Only one that fooled, or practice: taking misses back would raise the error rates.
    """
    if example.annotator_id != by.pk:
        raise ErrorKind.NOT_YOURS.error()
    if not (example.fooled or example.practice):
        raise ErrorKind.NOT_RETRACTABLE.error()
    changed = Example.objects.filter(
        pk=example.pk, retracted_at=None, settled_at=None, round__status=Round.Status.OPEN
    ).update(retracted_at=timezone.now())
    if not changed:
        raise ErrorKind.NOT_RETRACTABLE_ANY_MORE.error()


def _refuse_closed(round: Round) -> NoReturn:
    """Raises that `round` no longer takes examples, and which round does."""
    current = selectors.open_round(round.task)
    if current is None:
        raise ErrorKind.ROUND_CLOSED_NONE_OPEN.error(number=round.number, open_round=None)
    raise ErrorKind.ROUND_CLOSED.error(number=round.number, open_number=current.number, open_round=current.pk)


def _new_example(prompt: Prompt, sha256: str, probabilities: np.ndarray, idempotency_key: str | None) -> Example:
    """The example as it will be stored; `probabilities` is float [labels], summing to 1."""
    labels = prompt.round.task.labels
    prediction = labels[int(probabilities.argmax())]
    fooled = prediction != prompt.label
    round_rules = prompt.round.rules
    queued = not prompt.practice and (fooled or random.random() < round_rules.sample_rate)
    return Example(
        prompt=prompt,
        round=prompt.round,
        annotator_id=prompt.annotator_id,
        drawing_id=sha256,
        label=prompt.label,
        try_number=prompt.try_count + 1,
        practice=prompt.practice,
        created_at=timezone.now(),
        idempotency_key=idempotency_key,
        model=prompt.round.adversary,
        prediction=prediction,
        probabilities=probabilities.astype(float).round(6).tolist(),
        fooled=fooled,
        verification=Example.Verification.PENDING if queued else Example.Verification.UNQUEUED,
        votes_to_settle=rules.votes_to_settle([], prompt.label, round_rules) if queued else 0,
    )


def _store(example: Example, png: bytes, round: Round) -> None:
    """The whole of a submit's transaction: four statements."""
    current = lock_shared(Round.objects.filter(pk=round.pk).only("status", "adversary"))
    if current is None or not current.is_open or current.adversary_id != example.model_id:
        _refuse_closed(round)
    prompt, status = example.prompt, example.prompt_status
    updated = Prompt.objects.filter(pk=prompt.pk, status=Prompt.Status.OPEN, try_count=prompt.try_count).update(
        try_count=example.try_number,
        status=status,
        finished_at=None if status == Prompt.Status.OPEN else example.created_at,
    )
    if not updated:
        raise ErrorKind.PROMPT_CHANGED.error()
    Drawing.objects.bulk_create([Drawing(sha256=example.drawing_id, png=png)], ignore_conflicts=True)
    example.save(force_insert=True)
    prompt.try_count, prompt.status = example.try_number, status


def _stored_before(prompt: Prompt, idempotency_key: str | None, sha256: str) -> Submission | None:
    """What the same key stored earlier; Refused when that was another drawing or another prompt."""
    if not idempotency_key:
        return None
    earlier = (
        Example.objects.select_related("model", "prompt")
        .filter(annotator=prompt.annotator_id, idempotency_key=idempotency_key)
        .first()
    )
    if earlier is None:
        return None
    if earlier.drawing_id != sha256 or earlier.prompt_id != prompt.pk:
        raise ErrorKind.IDEMPOTENCY_KEY_REUSED.error()
    return Submission(earlier, stored=False)
