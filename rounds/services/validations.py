"""Blind validation: lease an example, record an answer, settle, decide a dispute."""

from collections.abc import Sequence
from datetime import timedelta

from django.contrib.auth.models import User
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from rounds import rules, selectors
from rounds.errors import ErrorKind
from rounds.models import Example, Person, Task, Validation

from .audit import Action, record


def lease_next(*, task: Task, validator: Person) -> Example | None:
    """The example `validator` gets next, leased to them for a while; None when nothing waits for them.

    Another call before the answer gives the same example. Two validators who call at once get two examples.
    """
    if leased := selectors.leased_example(task, validator):
        return leased
    queue = selectors.validation_queue(task, validator).select_related("round__task")
    if connection.features.has_select_for_update_skip_locked:
        queue = queue.select_for_update(of=("self",), skip_locked=True)
    with transaction.atomic():
        for example in queue[:1]:
            now = timezone.now()
            example.leased_to = validator
            example.leased_until = now + timedelta(seconds=example.round.rules.lease_seconds)
            example.save(update_fields=["leased_to", "leased_until"])
            return example
    return None


def record_validation(*, example: Example, validator: Person, answer: str, reason: str = "") -> Validation:
    """Stores one blind answer and settles the example if it can be; both or neither.

    Raises Invalid for an answer that is none of the choices or an `abuse` without a reason, NotAllowed for one's own
    example, Missing for one that was never put to validators, Refused for a second answer, a settled example, or one
    that is not leased to this validator.
    """
    reason = reason.strip()
    _check_answer(example.round.task, answer, reason)
    if example.annotator_id == validator.pk:
        raise ErrorKind.OWN_EXAMPLE.error()
    try:
        with transaction.atomic():
            locked = Example.objects.select_for_update(of=("self",)).select_related("round__task").get(pk=example.pk)
            _check_open_to_votes(locked, validator)
            validation = Validation.objects.create(
                example=locked, validator=validator, author_id=locked.annotator_id, answer=answer, reason=reason[:500]
            )
            resettle(locked)
    except IntegrityError as error:
        raise ErrorKind.ALREADY_VALIDATED.error() from error
    return validation


def decide_dispute(*, example: Example, by: User, abusive: bool, why: str = "") -> Example:
    """An admin's ruling on an example that was reported: rejected as abuse, or back to the validators.

    In the second case the reports no longer count. Who ruled, how and why stays on record.
    """
    with transaction.atomic():
        locked = Example.objects.select_for_update(of=("self",)).select_related("round__task").get(pk=example.pk)
        if locked.verification != Example.Verification.DISPUTED:
            raise ErrorKind.NOT_DISPUTED.error()
        _check_round(locked)
        if abusive:
            _store_settlement(locked, rules.Settlement(rules.REJECTED, rules.ABUSE), 0)
        else:
            locked.cleared_of_abuse = True
            locked.save(update_fields=["cleared_of_abuse"])
            resettle(locked)
        changes = {"verification": [rules.DISPUTED, locked.verification], "abusive": [None, abusive]}
        about = {"example": locked, "round": locked.round, "task": locked.round.task}
        record(Action.DISPUTE_RULED, by=by, why=why, changes=changes, **about)
    return locked


def resettle(example: Example) -> None:
    """Computes an example's verification from its validations and stores it. Nothing else writes these columns."""
    _store_settlement(example, *settlement_of(example, list(example.validations.values_list("answer", flat=True))))


def settlement_of(example: Example, answers: Sequence[str]) -> tuple[rules.Settlement, int]:
    """What `answers` settle for an example, and the fewest further votes that could settle it.

    An admin's ruling on reports of abuse comes first: overruled, they don't count; confirmed, nothing else does.
    """
    if example.cleared_of_abuse:
        answers = [answer for answer in answers if answer != rules.ABUSE]
    elif example.rejected_as == rules.ABUSE and rules.ABUSE in answers:
        return rules.Settlement(rules.REJECTED, rules.ABUSE), 0
    round_rules = example.round.rules
    return (
        rules.settle(answers, example.label, round_rules),
        rules.votes_to_settle(answers, example.label, round_rules),
    )


def _store_settlement(example: Example, settlement: rules.Settlement, votes_to_settle: int) -> None:
    example.verification = settlement.verification
    example.rejected_as = settlement.leading if settlement.verification == rules.REJECTED else ""
    example.votes_to_settle = votes_to_settle
    example.settled_at = (example.settled_at or timezone.now()) if settlement.settled else None
    example.leased_to = example.leased_until = None
    example.save(
        update_fields=["verification", "rejected_as", "votes_to_settle", "settled_at", "leased_to", "leased_until"]
    )


def _check_answer(task: Task, answer: str, reason: str) -> None:
    if answer not in task.answer_choices:
        raise ErrorKind.ANSWER_UNKNOWN.error(answer=answer, choices=", ".join(task.answer_choices))
    if answer == rules.ABUSE and not reason:
        raise ErrorKind.REASON_MISSING.error()


def _check_open_to_votes(example: Example, validator: Person) -> None:
    if example.verification == Example.Verification.UNQUEUED or example.retracted_at:
        raise ErrorKind.NOT_IN_VALIDATION.error()
    _check_round(example)
    if example.validations.filter(validator=validator).exists():
        raise ErrorKind.ALREADY_VALIDATED.error()
    if example.verification != Example.Verification.PENDING:
        raise ErrorKind.SETTLED.error()
    if example.leased_to_id != validator.pk:
        # Only what the queue served can be answered: nobody picks the examples they vote on.
        raise ErrorKind.NOT_LEASED.error()


def _check_round(example: Example) -> None:
    if not example.round.takes_validations:
        raise ErrorKind.ROUND_FINAL.error(number=example.round.number)
