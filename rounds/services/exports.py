"""Requesting a data set; a job writes it."""

from django.contrib.auth.models import User
from django.db import transaction

from rounds.models import Export, Round
from rounds.queue import enqueue


def request_export(*, round: Round, by: User) -> Export:
    """Queues an export of what `round` has collected so far."""
    with transaction.atomic():
        export = Export.objects.create(round=round, by=by)
        enqueue("rounds.jobs.export", export.pk, name=f"export round {round.number}")
    return export
