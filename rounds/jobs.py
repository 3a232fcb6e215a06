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
from rounds.poll import poll_rounds

log = logging.getLogger(__name__)

#: Where the cache names the polling job that runs now.
POLLING_JOB = "polling_job"
POLLS, SECONDS_BETWEEN_POLLS = 6, 10


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


def poll_once() -> None:
    """Polls the rounds once, right after one was closed."""
    poll_rounds()


def poll() -> None:
    """Polls the rounds every ten seconds for a minute, or until a newer job of this kind begins.

    The queue's scheduler starts one every minute; it can't go finer by itself. A job that was killed is started again
    later, at the same time as the next one: two of them would leave no worker for anything else.
    """
    this_job = uuid.uuid4().hex
    cache.set(POLLING_JOB, this_job, timeout=None)
    for number in range(POLLS):
        if number:
            time.sleep(SECONDS_BETWEEN_POLLS)
            if cache.get(POLLING_JOB, this_job) != this_job:
                return
        poll_rounds()


def train(run_id: int) -> None:
    """Trains, measures and publishes the model of a run, unless it is finished or a living worker has it."""
    from rounds.training import execute, runs

    run = runs.claim_run(run_id=run_id, worker=f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}")
    if run is None:
        log.info("run %s is finished, or another worker has it", run_id)
        return
    execute.execute(run)


def export(export_id: int) -> None:
    """Writes a data set that was requested."""
    from rounds.datasets.export import make_export

    make_export(Export.objects.select_related("round__task", "by").get(pk=export_id))
