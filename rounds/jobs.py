"""Entry points of the queue: a few lines each. They can run twice, and tests call them directly."""

import logging
import os
import socket
import time
import uuid

from django_q.conf import Conf

from rounds import services
from rounds.models import Export

log = logging.getLogger(__name__)

LOOK_EVERY_SECONDS = 10


def warm_up(**signal: object) -> None:
    """Lets a worker import torch when it starts, rather than when a closed round waits for it.

    Starting a training takes torch too, to check the recipe.
    """
    from rounds import trainer

    if Conf.CLUSTER_NAME == "train":
        trainer.warm_up()


def watch(looks: int = 6) -> None:
    """Looks at the rounds every ten seconds for a minute.

    The queue's scheduler starts it every minute; it can't go finer by itself.
    """
    for look in range(looks):
        if look:
            time.sleep(LOOK_EVERY_SECONDS)
        services.look_at_rounds()


def train(run_id: int) -> None:
    """Trains, measures and publishes the model of a run, unless it is finished or a living worker has it."""
    from rounds import trainer

    run = services.claim_run(run_id=run_id, worker=f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}")
    if run is None:
        log.info("run %s is finished or in other hands", run_id)
        return
    trainer.execute(run)


def export(export_id: int) -> None:
    """Writes the data set that somebody asked for."""
    from rounds.datasets.export import make_export

    make_export(Export.objects.select_related("round__task", "by").get(pk=export_id))
