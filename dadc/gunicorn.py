"""How gunicorn serves the site: a few processes of some threads each, the adversary loaded before the first drawing."""

import os
from typing import Any

bind = os.environ.get("BIND", "127.0.0.1:8000")
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
worker_class = "gthread"
threads = 4
timeout = 60
graceful_timeout = 2
control_socket_disable = True  # it would write into the home folder
accesslog = os.environ.get("ACCESS_LOG") or None


def post_worker_init(worker: Any) -> None:
    """Loads torch and the open rounds' adversaries, so that the first person waits for nothing."""
    from rounds import predictor

    predictor.preload()


def child_exit(server: Any, worker: Any) -> None:
    """Lets the metrics of a worker that ended be dropped."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        from prometheus_client import multiprocess

        multiprocess.mark_process_dead(worker.pid)
