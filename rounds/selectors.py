"""Reads of the database that several callers share."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, TypedDict, cast

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from rounds import rules
from rounds.models import Example, ModelVersion, Person, Prompt, Round, Task, TrainingRun


class FoolingCounts(TypedDict):
    """Counted examples: neither practice nor retracted."""

    attempts: int
    fooled: Annotated[int, "Attempts that the adversary read as another label."]
    verified: Annotated[int, "Of the fooled ones."]
    pending: Annotated[int, "Of the fooled ones."]
    rejected: Annotated[int, "Of the fooled ones."]


class Counts(FoolingCounts):
    """Counted examples of a round: neither practice nor retracted."""

    disputed: Annotated[int, "Of the fooled ones."]
    sampled: Annotated[int, "Not fooling, validated all the same to measure label noise."]
    sampled_verified: int
    sampled_rejected: int
    sampled_pending: int
    annotators: Annotated[int, "Distinct people who drew."]


def counts(round: Round) -> Counts:
    """Counted now, in one pass over the round's rows."""
    state = Example.Verification
    fooled = Q(fooled=True)
    sampled = Q(fooled=False) & ~Q(verification=state.UNQUEUED)
    found = round.examples.counted().aggregate(
        attempts=Count("pk"),
        verified=Count("pk", filter=fooled & Q(verification=state.VERIFIED)),
        pending=Count("pk", filter=fooled & Q(verification=state.PENDING)),
        rejected=Count("pk", filter=fooled & Q(verification=state.REJECTED)),
        disputed=Count("pk", filter=fooled & Q(verification=state.DISPUTED)),
        sampled=Count("pk", filter=sampled),
        sampled_verified=Count("pk", filter=sampled & Q(verification=state.VERIFIED)),
        sampled_rejected=Count("pk", filter=sampled & Q(verification=state.REJECTED)),
        sampled_pending=Count("pk", filter=sampled & Q(verification=state.PENDING)),
        annotators=Count("annotator", distinct=True),
        fooled=Count("pk", filter=fooled),  # last: after this, the name means this count and no longer the column
    )
    return cast(Counts, found)


def stored_or_current_counts(round: Round) -> Counts:
    """`counts` as stored with a finished round, otherwise counted now."""
    return (round.report or {}).get("counts") or counts(round)


def validation_queue(task: Task, validator: Person) -> QuerySet[Example]:
    """What `validator` may be shown, best first: closest to settled, oldest among equals, leased to nobody else."""
    return (
        Example.objects.awaiting_validation()
        .filter(round__task=task, round__status__in=[Round.Status.OPEN, Round.Status.VALIDATING])
        .exclude(annotator=validator)
        .exclude(validations__validator=validator)
        .filter(Q(leased_until=None) | Q(leased_until__lt=timezone.now()) | Q(leased_to=validator))
        .order_by("votes_to_settle", "created_at", "pk")
    )


def leased_example(task: Task, validator: Person) -> Example | None:
    """The example that this validator has leased, so that a reload of the page shows the same one."""
    return validation_queue(task, validator).filter(leased_to=validator, leased_until__gte=timezone.now()).first()


def waiting_for_validation(round: Round) -> int:
    """Examples, fooling or sampled, that validators have not settled."""
    return round.examples.awaiting_validation().count()


def criteria(round: Round, counts: Counts, now: datetime | None = None) -> list[rules.Criterion]:
    """The closing criteria of an opened round, and how far each is."""
    if round.opened_at is None:
        return []
    return rules.criteria(
        verified_fooled=counts["verified"],
        opened_at=round.opened_at,
        now=now or round.closed_at or timezone.now(),
        rules=round.rules,
    )


def open_round(task: Task) -> Round | None:
    return task.rounds.select_related("adversary", "task").filter(status=Round.Status.OPEN).first()


def opened_rounds(task: Task) -> QuerySet[Round]:
    """Every round that was opened, oldest first."""
    return task.rounds.select_related("adversary").exclude(status=Round.Status.DRAFT).order_by("number")


def latest_round(task: Task) -> Round | None:
    """The newest round that is not a draft."""
    return task.rounds.select_related("adversary").exclude(status=Round.Status.DRAFT).order_by("-number").first()


def latest_run(round: Round) -> TrainingRun | None:
    return round.runs.select_related("model", "parent").order_by("-created_at", "-pk").first()


def prompt_to_score(pk: Any) -> Prompt | None:
    """A prompt with everything that scoring a drawing for it needs, in one query."""
    return Prompt.objects.select_related("round__adversary", "round__task", "annotator").filter(pk=pk).first()


def practice_left(round: Round, annotator: Person | None) -> int:
    """How many prompts of the task a newcomer still has to finish, as practice, before theirs count.

    `annotator` is None for an account that has not drawn yet.
    """
    needed = round.rules.onboarding_prompts
    if not needed or annotator is None:
        return needed
    finished = Prompt.objects.filter(annotator=annotator, round__task=round.task_id).exclude(status=Prompt.Status.OPEN)
    return max(0, needed - finished.count())


def example_in_full(pk: Any) -> Example | None:
    """An example and its related rows, without its drawing's pixels, in one query."""
    related = ("prompt", "round__task", "model", "annotator", "leased_to")
    return Example.objects.select_related(*related).filter(pk=pk).first()


def lease_holder(example: Example) -> Person | None:
    """The validator who has leased the example now."""
    return example.leased_to if example.leased_until and example.leased_until >= timezone.now() else None


def adversary_record(version: ModelVersion) -> dict[str, int]:
    """`attempts` against this model and how many of them `fooled` it, over all rounds it served.

    Finished rounds have both in their stored reports, so that only the examples of the others are counted.
    """
    stored = ("report__counts__attempts", "report__counts__fooled")
    served = list(Round.objects.filter(adversary=version).values_list("pk", *stored))
    finished = [(attempts, fooled) for _, attempts, fooled in served if attempts is not None]
    running = [pk for pk, attempts, _ in served if attempts is None]
    examples = Example.objects.counted().filter(round__in=running, model=version)
    now = examples.aggregate(attempts=Count("pk"), fooled=Count("pk", filter=Q(fooled=True)))
    return {
        "attempts": now["attempts"] + sum(attempts for attempts, _ in finished),
        "fooled": now["fooled"] + sum(fooled for _, fooled in finished),
    }


def plain_reference(model: ModelVersion, versions: Mapping[int, ModelVersion]) -> ModelVersion | None:
    """The plainly trained model to compare `model` with, to see what adversarial training gained and what it cost.

    `model` itself if it was trained plainly, else its nearest ancestor that was, else a plainly trained model without a
    parent; None without any. A model that started from another's weights was trained plainly only if that one was too.
    `versions` are all models of the task, by id.
    """

    def is_plain(version: ModelVersion) -> bool:
        started_from = version.parent_id if version.recipe.get("warm_start") else None
        return version.recipe_name == "standard" and (started_from is None or is_plain(versions[started_from]))

    nearest = model
    while not is_plain(nearest) and nearest.parent_id:
        nearest = versions[nearest.parent_id]
    plain_first = (version for version in versions.values() if version.parent_id is None and is_plain(version))
    return nearest if is_plain(nearest) else next(plain_first, None)


# --- What only pages show -----------------------------------------------------------------------------------------


def default_task() -> Task | None:
    """The task that pages link to where none is chosen: the first whose round is open, else the first."""
    open_first = Count("rounds", filter=Q(rounds__status=Round.Status.OPEN))
    return Task.objects.annotate(open=open_first).order_by("-open", "name").first()


def public_examples() -> QuerySet[Example]:
    """Verified fooling examples: they are settled, so that their labels give nothing away to validators."""
    return Example.objects.counted().filter(fooled=True, verification=Example.Verification.VERIFIED)


def gallery(task: Task, *, round: Round | None = None, limit: int) -> list[Example]:
    """Drawings that fooled, newest first: of `round`, or of the newest round that has some."""
    rounds = [round] if round else opened_rounds(task).reverse()[:3]
    for shown in rounds:
        if found := list(public_examples().filter(round=shown).select_related("model").order_by("-pk")[:limit]):
            return found
    return []


def disputed(round: Round) -> list[Example]:
    """The examples that were reported as abuse and wait for an admin, oldest first, with their validations."""
    examples = round.examples.counted().filter(verification=Example.Verification.DISPUTED)
    return list(examples.prefetch_related("validations").order_by("pk"))


def open_prompts(round: Round) -> int:
    """How many people have an unfinished prompt in this round; some may have left."""
    return round.prompts.filter(status=Prompt.Status.OPEN, practice=False).count()


def own_examples(person: Person, limit: int) -> list[Example]:
    return list(person.examples.select_related("round__task", "model").order_by("-created_at")[:limit])


def own_numbers(person: Person) -> dict[str, int]:
    """What a person has done over all tasks, in counted examples and validations."""
    state = Example.Verification
    mine = person.examples.counted().aggregate(
        attempts=Count("pk"),
        verified=Count("pk", filter=Q(fooled=True, verification=state.VERIFIED)),
        pending=Count("pk", filter=Q(fooled=True, verification=state.PENDING)),
        rejected=Count("pk", filter=Q(fooled=True, verification=state.REJECTED)),
        fooled=Count("pk", filter=Q(fooled=True)),
    )
    return {**mine, "validations": person.validations.count()}
