"""Settings of a whole process that trains. Entry points of processes call this; nothing in the library does."""

import ctypes
import logging
import os

log = logging.getLogger(__name__)

# glibc's names in malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
TRIM_THRESHOLD = 1 << 28
"""Bytes at the heap's end that may stay unused before they are given back."""
MMAP_THRESHOLD = 1 << 25
"""Bytes from which a single array is a mapping of its own; glibc accepts no more."""


def prepare_process() -> None:
    """Set this process up for training. Call it first, before torch is imported.

    It changes the process's environment, where a variable is not set already, and its memory allocator:

    - `GOMP_SPINCOUNT`: torch's threads wait for each other by spinning for milliseconds, which burns the time slices of
      whoever they wait for once the cores are shared. Ten thousand rounds instead of 300,000 bridge the waits within a
      step just as well, and two trainings at once then take a third less time. Read when torch is first imported.
    - `CUBLAS_WORKSPACE_CONFIG`: without it NVIDIA's matrix products do not repeat themselves exactly.
    - Freed memory stays with the process for its next step (`_reuse_freed_memory`).

    Without this a training on a CPU gives the same weights, only later; one on a GPU may differ from run to run.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
    _reuse_freed_memory()


def _reuse_freed_memory() -> None:
    """Stop glibc from handing every large array back to the kernel as soon as it is freed.

    A training step allocates and frees the same few megabytes again and again. Given back in between, they return page
    by page through the kernel: a thousand page faults per step of `mnist_cnn` at batch 64, a third of its time.
    Nothing happens where there is no glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or not (mallopt(M_TRIM_THRESHOLD, TRIM_THRESHOLD) and mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD)):
        log.debug("This C library has no mallopt: freed memory goes back to the kernel at once.")
