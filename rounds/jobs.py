"""Entry points of the queue: a few lines each. They can run twice, and tests call them directly."""

import logging
import os
import socket
import time
import uuid

from django.core.cache import cache
from django_q.conf import Conf

from models_zoo.process import prepare_process
from rounds.models import Export
from rounds.poll import look_at_rounds

log = logging.getLogger(__name__)

WATCHING = "watching"
LOOKS, SECONDS_BETWEEN_LOOKS = 6, 10


def import_torch_in_trainers(**signal: object) -> None:
    """Prepares a worker of the `train` cluster when it starts, rather than when a closed round waits for it.

    Where torch can't be imported the worker goes on, and its first training fails with the reason.
    """
    if Conf.CLUSTER_NAME != "train":
        return
    try:
        prepare_process()
        from rounds.training import execute

        execute.import_ahead()
    except Exception:
        log.exception("torch could not be imported ahead")


def look() -> None:
    """Looks at the rounds once, right after something happened to one."""
    look_at_rounds()


def watch() -> None:
    """Looks at the rounds every ten seconds for a minute, or until a newer watch begins.

    The queue's scheduler starts it every minute; it can't go finer by itself. One that a kill interrupted is handed out
    again later, beside the next: two of them would leave no worker for anything else.
    """
    mine = uuid.uuid4().hex
    cache.set(WATCHING, mine, timeout=None)
    for number in range(LOOKS):
        if number:
            time.sleep(SECONDS_BETWEEN_LOOKS)
            if cache.get(WATCHING, mine) != mine:
                return
        look_at_rounds()


def train(run_id: int) -> None:
    """Trains, measures and publishes the model of a run, unless it is finished or a living worker has it."""
    from rounds.training import execute, runs

    run = runs.claim_run(run_id=run_id, worker=f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}")
    if run is None:
        log.info("run %s is finished, or another worker has it", run_id)
        return
    execute.execute(run)


def export(export_id: int) -> None:
    """Writes the data set that somebody asked for."""
    from rounds.datasets.export import make_export

    make_export(Export.objects.select_related("round__task", "by").get(pk=export_id))
