"""Recomputes derived columns from the rows that they derive from, compares, and repairs them with --fix."""

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
        "Recompute, from validations, tries and examples, what is stored with them: every example's verification and "
        "votes to settle, every prompt's count of tries, every finished round's report. Prints each difference; "
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
        # Compared again with the row held: somebody may be drawing for it right now.
        with transaction.atomic():
            held = Prompt.objects.select_for_update().get(pk=prompt.pk)
            counted = held.examples.count()
            if held.try_count == counted:
                continue
            if fix:
                Prompt.objects.filter(pk=held.pk).update(try_count=counted)
        yield f"prompt {held.pk}: {held.try_count} tries stored, {counted} examples"


def recount_examples(fix: bool) -> Iterator[str]:
    """Each example whose verification, reason or votes to settle are not what its validations say."""
    for round in Round.objects.select_related("task"):
        for example in _queued(round).prefetch_related("validations").iterator(chunk_size=BATCH):
            example.round = round
            if _stored(example) == _expected(example, [vote.answer for vote in example.validations.all()]):
                continue
            with transaction.atomic():
                held = Example.objects.select_for_update(of=("self",)).select_related("round__task").get(pk=example.pk)
                answers = list(held.validations.values_list("answer", flat=True))
                stored, expected = _stored(held), _expected(held, answers)
                if stored == expected:
                    continue
                if fix:
                    services.resettle(held)
            by_votes = f"its {len(answers)} validations say {_in_words(expected)}"
            yield f"example {held.pk}: stored {_in_words(stored)}; {by_votes}"


def recount_reports(fix: bool) -> Iterator[str]:
    """Each finished round whose stored report is not what its rows say now."""
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
"""Verification, why it was rejected (empty if it was not), and the fewest further votes that could settle it."""


def _queued(round: Round) -> QuerySet[Example]:
    """What was, or should have been, put to validators."""
    left_alone = {"verification": Example.Verification.UNQUEUED, "fooled": False}
    return round.examples.filter(practice=False).exclude(**left_alone).order_by("pk")


def _stored(example: Example) -> Settled:
    return example.verification, example.rejected_as, example.votes_to_settle


def _expected(example: Example, answers: list[str]) -> Settled:
    settlement, votes_to_settle = services.settlement_of(example, answers)
    reason = settlement.leading if settlement.verification == rules.REJECTED else ""
    return settlement.verification, reason, votes_to_settle


def _in_words(settled: Settled) -> str:
    verification, reason, votes = settled
    return f"{verification}{f' ({reason})' if reason else ''}, {votes} votes to settle"
