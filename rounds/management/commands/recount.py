"""Values that are stored but can be computed from other rows: computed again, compared, and repaired on request."""

import argparse
import json
from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import Count, F, QuerySet

from rounds import reports, rules, services
from rounds.models import Example, Prompt, Round

BATCH = 500


class Command(BaseCommand):
    help = (
        "Compute again, from validations, tries and examples, what is stored as well: every example's verification "
        "and votes to settle, every prompt's count of tries, every finished round's report. Print each difference; "
        "without --fix nothing is written and differences end in exit code 1."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--fix", action="store_true", help="Repair what differs.")

    def handle(self, *args: Any, fix: bool, **options: Any) -> None:
        found = 0
        for check in (recount_prompts, recount_examples, recount_reports):
            for difference in check(fix):
                self.stdout.write(difference)
                found += 1
        if found and not fix:
            raise CommandError(f"{found} differ. Run it again with --fix to repair them.")
        self.stdout.write(f"{found} repaired." if found else "Everything agrees.")


def recount_prompts(fix: bool) -> Iterator[str]:
    """Each prompt whose `try_count` is not the number of its examples."""
    tries = Prompt.objects.order_by("pk").annotate(tries=Count("examples"))
    for prompt in tries.exclude(try_count=F("tries")).iterator(chunk_size=BATCH):
        # Compared again with the row locked: somebody may be drawing for it right now.
        with transaction.atomic():
            locked = Prompt.objects.select_for_update().get(pk=prompt.pk)
            counted = locked.examples.count()
            if locked.try_count == counted:
                continue
            if fix:
                Prompt.objects.filter(pk=locked.pk).update(try_count=counted)
        yield f"prompt {locked.pk}: {locked.try_count} tries stored, {counted} examples"


def recount_examples(fix: bool) -> Iterator[str]:
    """Each example whose verification, reason or votes to settle do not follow from its validations."""
    for round in Round.objects.select_related("task"):
        for example in _queued(round).prefetch_related("validations").iterator(chunk_size=BATCH):
            example.round = round
            if _stored(example) == _computed(example, [vote.answer for vote in example.validations.all()]):
                continue
            with transaction.atomic():
                locked = (
                    Example.objects.select_for_update(of=("self",)).select_related("round__task").get(pk=example.pk)
                )
                answers = list(locked.validations.values_list("answer", flat=True))
                stored, computed = _stored(locked), _computed(locked, answers)
                if stored == computed:
                    continue
                if fix:
                    services.resettle(locked)
            found = f"its {len(answers)} validations give {_in_words(computed)}"
            yield f"example {locked.pk}: stored {_in_words(stored)}; {found}"


def recount_reports(fix: bool) -> Iterator[str]:
    """Each finished round whose stored report is not what its rows give now."""
    for round in Round.objects.select_related("task", "adversary").filter(status=Round.Status.DONE):
        computed = json.loads(json.dumps(reports.compute_round(round), cls=DjangoJSONEncoder))
        stored = round.report or {}
        if stored == computed:
            continue
        if fix:
            Round.objects.filter(pk=round.pk).update(report=computed)
        differing = sorted(key for key in {*stored, *computed} if stored.get(key) != computed.get(key))
        yield f"{round}: the stored report differs in {', '.join(differing)}"


Settled = tuple[str, str, int]
"""Verification, the answer it was rejected as, and the votes to settle."""


def _queued(round: Round) -> QuerySet[Example]:
    """Examples that were, or should have been, sent to validators."""
    never_queued = {"verification": Example.Verification.UNQUEUED, "fooled": False}
    return round.examples.filter(practice=False).exclude(**never_queued).order_by("pk")


def _stored(example: Example) -> Settled:
    return example.verification, example.rejected_as, example.votes_to_settle


def _computed(example: Example, answers: list[str]) -> Settled:
    settlement, votes_to_settle = services.settlement_of(example, answers)
    reason = settlement.leading if settlement.verification == rules.REJECTED else ""
    return settlement.verification, reason, votes_to_settle


def _in_words(settled: Settled) -> str:
    verification, reason, votes = settled
    return f"{verification}{f' ({reason})' if reason else ''}, {votes} votes to settle"
