"""Entry points of the queue: a few lines each. They can run twice, and tests call them directly."""

import logging
import os
import socket
import time
import uuid

from django.core.cache import cache
from django_q.conf import Conf

from rounds.models import Export
from rounds.poll import poll_rounds

log = logging.getLogger(__name__)

#: Where the cache names the polling job that runs now.
POLLING_JOB = "polling_job"
POLLS, SECONDS_BETWEEN_POLLS = 6, 10


def preload_torch(**signal: object) -> None:
    """Lets a worker import torch when it starts, rather than when a closed round waits for it.

    Starting a training takes torch too, to check the recipe. Where it can't be imported the worker goes on: everything
    but training works without it, and a training fails with a sentence about it.
    """
    try:
        from rounds.training import execute

        if Conf.CLUSTER_NAME == "train":
            execute.import_ahead()
    except Exception:
        log.exception("torch could not be imported ahead")


def poll_once() -> None:
    """Polls the rounds, right after something happened to one."""
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
