"""Memory that a step frees stays for the next one."""

import ctypes
import subprocess
import sys

import pytest

FAULTS = """
import resource
import numpy as np
from models_zoo.process import keep_freed_memory
{first}
def step():
    arrays = [np.ones(1_000_000 // 8) for _ in range(8)]
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def page_faults(first: str) -> int:
    command = [sys.executable, "-c", FAULTS.format(first=first)]
    return int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not glibc")
def test_steps_that_ask_for_the_same_memory_again_find_it_there():
    assert page_faults("keep_freed_memory()") * 10 < page_faults("")
