"""Every shared read."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from rounds import rules
from rounds.models import Example, ModelVersion, Person, Prompt, Round, Task, TrainingRun


def counted(round: Round) -> QuerySet[Example]:
    """The attempts of a round: every example that is neither practice nor retracted."""
    return Example.objects.filter(round=round, practice=False, retracted_at=None)


def counts(round: Round) -> dict[str, int]:
    """The counts of a round, in one pass over its rows.

    `attempts`, `fooled`, the fooled ones by verification state (`verified`, `pending`, `rejected`, `disputed`), the
    non-fooling ones sampled for validation (`sampled`, `sampled_verified`, `sampled_rejected`, `sampled_pending`) and
    the distinct `annotators`.
    """
    state = Example.Verification
    fooled = Q(fooled=True)
    sampled = Q(fooled=False) & ~Q(verification=state.UNQUEUED)
    return counted(round).aggregate(
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
        fooled=Count("pk", filter=fooled),  # last: from here on the name means this count, no longer the column
    )


def known_counts(round: Round) -> dict[str, int]:
    """`counts`, as stored with a finished round or counted now."""
    return (round.report or {}).get("counts") or counts(round)


def validation_queue(task: Task, validator: Person) -> QuerySet[Example]:
    """What `validator` may be shown, best first: closest to settled, oldest among equals, leased to nobody else."""
    return (
        Example.objects.filter(
            round__task=task,
            round__status__in=[Round.Status.OPEN, Round.Status.VALIDATING],
            verification=Example.Verification.PENDING,
            retracted_at=None,
        )
        .exclude(annotator=validator)
        .exclude(validations__validator=validator)
        .filter(Q(leased_until=None) | Q(leased_until__lt=timezone.now()) | Q(leased_to=validator))
        .order_by("votes_to_settle", "created_at", "pk")
    )


def standing_lease(task: Task, validator: Person) -> Example | None:
    """The example on this validator's screen, so that a reload shows the same one."""
    return validation_queue(task, validator).filter(leased_to=validator, leased_until__gte=timezone.now()).first()


def waiting_for_validation(round: Round) -> int:
    """Examples, fooling or sampled, that validators have not settled."""
    return Example.objects.filter(round=round, verification=Example.Verification.PENDING, retracted_at=None).count()


def criteria(round: Round, tally: dict[str, int], now: datetime | None = None) -> list[rules.Criterion]:
    """The closing criteria of an opened round and how far each is; `tally` is what `counts` returned."""
    if round.opened_at is None:
        return []
    return rules.criteria(
        verified_fooled=tally["verified"],
        opened_at=round.opened_at,
        now=now or round.closed_at or timezone.now(),
        rules=round.rules,
    )


def open_round(task: Task) -> Round | None:
    return task.rounds.select_related("adversary", "task").filter(status=Round.Status.OPEN).first()


def latest_round(task: Task) -> Round | None:
    """The round in play: the newest that is not a draft."""
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
    """An example with all that belongs to it but its pixels, in one query."""
    related = ("prompt", "round__task", "model", "annotator", "leased_to")
    return Example.objects.select_related(*related).filter(pk=pk).first()


def lease_holder(example: Example) -> Person | None:
    """The validator on whose screen the example is now."""
    return example.leased_to if example.leased_until and example.leased_until >= timezone.now() else None


def adversary_record(version: ModelVersion) -> dict[str, int]:
    """How often people tried to fool this model, and did, over the rounds it served.

    Finished rounds say it in their stored numbers, so this costs one pass over what is running.
    """
    stored = ("report__counts__attempts", "report__counts__fooled")
    served = list(Round.objects.filter(adversary=version).values_list("pk", *stored))
    finished = [(attempts, fooled) for _, attempts, fooled in served if attempts is not None]
    running = [pk for pk, attempts, _ in served if attempts is None]
    counted = Example.objects.filter(round__in=running, model=version, practice=False, retracted_at=None)
    now = counted.aggregate(attempts=Count("pk"), fooled=Count("pk", filter=Q(fooled=True)))
    return {
        "attempts": now["attempts"] + sum(attempts for attempts, _ in finished),
        "fooled": now["fooled"] + sum(fooled for _, fooled in finished),
    }


def plain_reference(model: ModelVersion, versions: Mapping[int, ModelVersion]) -> ModelVersion | None:
    """The plainly trained model that says what adversarial training gained `model` and what it cost.

    Itself where it is one, else its nearest ancestor that is, else the twin that was trained beside the first model;
    None where there is not even that. Plain is only what began from nothing or from plain weights. `versions` are all
    of its task, by id.
    """

    def is_plain(version: ModelVersion) -> bool:
        began_from = version.parent_id if version.recipe.get("warm_start") else None
        return version.recipe_name == "standard" and (began_from is None or is_plain(versions[began_from]))

    nearest = model
    while not is_plain(nearest) and nearest.parent_id:
        nearest = versions[nearest.parent_id]
    twins = (version for version in versions.values() if version.parent_id is None and is_plain(version))
    return nearest if is_plain(nearest) else next(twins, None)


# --- What only pages show -----------------------------------------------------------------------------------------


def front_task() -> Task | None:
    """The task that a visitor is led to: the first whose round is open, else the first."""
    open_first = Count("rounds", filter=Q(rounds__status=Round.Status.OPEN))
    return Task.objects.annotate(open=open_first).order_by("-open", "name").first()


def opened_rounds(task: Task) -> QuerySet[Round]:
    """Every round that was opened, oldest first, as `reports.task_report` lists them."""
    return task.rounds.select_related("adversary").exclude(status=Round.Status.DRAFT).order_by("number")


def public_examples() -> QuerySet[Example]:
    """Verified fooling examples: settled, so that showing them with their label tells validators nothing."""
    return Example.objects.filter(
        fooled=True, verification=Example.Verification.VERIFIED, practice=False, retracted_at=None
    )


def gallery(task: Task, *, round: Round | None = None, limit: int) -> list[Example]:
    """Drawings that fooled, newest first: of `round`, or of the newest round that has some."""
    rounds = [round] if round else opened_rounds(task).reverse()[:3]
    for shown in rounds:
        if found := list(public_examples().filter(round=shown).select_related("model").order_by("-pk")[:limit]):
            return found
    return []


def disputed(round: Round) -> list[Example]:
    """What an admin has to decide, oldest first, with the reports of abuse."""
    examples = Example.objects.filter(round=round, verification=Example.Verification.DISPUTED, retracted_at=None)
    return list(examples.prefetch_related("validations").order_by("pk"))


def open_prompts(round: Round) -> int:
    """How many people have an unfinished prompt of this round: they are drawing, or have left."""
    return round.prompts.filter(status=Prompt.Status.OPEN, practice=False).count()


def own_examples(person: Person, limit: int) -> list[Example]:
    return list(person.examples.select_related("round__task", "model").order_by("-created_at")[:limit])


def own_numbers(person: Person) -> dict[str, int]:
    """What a person has done over all tasks; practice and what was taken back are left out."""
    state = Example.Verification
    mine = person.examples.filter(practice=False, retracted_at=None).aggregate(
        attempts=Count("pk"),
        verified=Count("pk", filter=Q(fooled=True, verification=state.VERIFIED)),
        pending=Count("pk", filter=Q(fooled=True, verification=state.PENDING)),
        rejected=Count("pk", filter=Q(fooled=True, verification=state.REJECTED)),
        fooled=Count("pk", filter=Q(fooled=True)),
    )
    return {**mine, "validations": person.validations.count()}
