"""Putting a job on a queue so that it belongs to the transaction around it."""

from typing import Any

from django.conf import settings
from django.db import transaction
from django_q.tasks import async_task


def enqueue(job: str, *args: Any, name: str, cluster: str | None = None) -> None:
    """Queues `job` (a dotted path) for when the current transaction is committed, and only then.

    The ORM broker's message is a row and commits with the rest. Any other broker could hand the job to a worker that
    does not see the transaction's rows yet, so there the message is sent after the commit; one that is lost in between
    is sent again by `rounds.poll`.
    """
    options = {"task_name": name, **({"cluster": cluster} if cluster else {})}
    if "orm" in settings.Q_CLUSTER:
        async_task(job, *args, **options)
    else:
        transaction.on_commit(lambda: async_task(job, *args, **options))
