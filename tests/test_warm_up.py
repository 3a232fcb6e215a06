"""A worker has what its jobs need before the first job comes."""

import os
import subprocess
import sys

import pytest

STARTS = """
import sys
import django
django.setup()
from django_q.signals import post_spawn
assert "torch" not in sys.modules
post_spawn.send(sender="django_q", proc_name="a worker")
print([name for name in ("torch", "rounds.trainer", "torch._inductor") if name in sys.modules])
"""


@pytest.mark.parametrize(
    ("cluster", "brings"),
    [("dadc", ["torch", "rounds.trainer"]), ("train", ["torch", "rounds.trainer", "torch._inductor"])],
)
def test_a_worker_that_starts_imports_what_it_would_else_import_while_a_round_waits(cluster, brings):
    environment = {**os.environ, "Q_CLUSTER_NAME": cluster, "DJANGO_SETTINGS_MODULE": "dadc.settings"}
    worker = subprocess.run([sys.executable, "-c", STARTS], env=environment, capture_output=True, text=True)
    assert worker.stdout.strip() == str(brings), worker.stderr
