"""What a training needs of its whole process is set by the process's entry point, and by nothing else."""

import ctypes
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import models_zoo
from models_zoo.training.fit import Config, fit, import_ahead

SETTINGS = ("GOMP_SPINCOUNT", "CUBLAS_WORKSPACE_CONFIG")


def output_of(code: str) -> str:
    """What a fresh Python prints that has none of the settings yet."""
    clean = {name: value for name, value in os.environ.items() if name not in SETTINGS}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], env=clean, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_library_leaves_the_environment_as_it_was():
    code = (
        "import os\n"
        "before = dict(os.environ)\n"
        "import models_zoo.cli, models_zoo.training.fit\n"
        "print({name for name in {*before, *os.environ} if before.get(name) != os.environ.get(name)})"
    )
    assert output_of(code) == "set()\n"


def test_what_the_docstring_of_the_library_calls_free_of_torch_is():
    named = re.findall(r"`([\w.]+)`", models_zoo.__doc__.split("Without torch:")[1].split(". A process")[0])
    assert "training.config" in named
    imports = ", ".join(f"models_zoo.{name}" for name in named)
    assert output_of(f"import sys, {imports}\nprint('torch' in sys.modules)") == "False\n"


def test_preparing_a_process_sets_what_is_not_set_and_imports_no_torch():
    code = (
        "import os, sys\n"
        "os.environ['GOMP_SPINCOUNT'] = '7'\n"
        "from models_zoo.process import prepare_process\n"
        "prepare_process()\n"
        "print(os.environ['GOMP_SPINCOUNT'], os.environ['CUBLAS_WORKSPACE_CONFIG'], 'torch' in sys.modules)"
    )
    assert output_of(code) == "7 :4096:8 False\n"


def test_the_command_line_prepares_its_process_before_torch_is_imported():
    code = (
        "import os, runpy, sys\n"
        "class Watch:\n"
        "    def find_spec(self, name, *rest):\n"
        "        if name == 'torch':\n"
        "            sys.exit(print(os.environ['GOMP_SPINCOUNT']))\n"
        "sys.meta_path.insert(0, Watch())\n"
        "runpy.run_module('models_zoo', run_name='__main__')"
    )
    assert output_of(code) == "10000\n"


FAULTS = """
import resource
import numpy as np
{first}
def step():
    arrays = [np.ones(1_000_000 // 8) for _ in range(8)]
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(50):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""
PREPARE = "from models_zoo.process import prepare_process; prepare_process()"


def page_faults(first: str) -> int:
    return int(output_of(FAULTS.format(first=first)))


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "mallopt"), reason="not glibc")
def test_steps_that_allocate_the_same_memory_again_reuse_it():
    assert page_faults(PREPARE) * 10 < page_faults("")


def test_a_training_leaves_environment_and_allocator_alone(tmp_path, base, monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name: pytest.fail("it reached for the C library"))
    import_ahead()  # torch's compiler sets a variable of its own when it is first imported
    before = dict(os.environ)
    fit(tmp_path, Config(epochs=1, threads=1, base_replay=64, batch_size=64), base=base)
    assert dict(os.environ) == before
