"""Freed memory is kept for the next step rather than given back to the kernel."""

import ctypes
import logging

log = logging.getLogger(__name__)

# glibc's names in malloc.h.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT = 1 << 28
"""Bytes at the heap's end that may stay unused before they are given back."""
LARGEST = 1 << 25
"""Bytes from which a single array still is a mapping of its own; glibc takes no more."""


def keep_freed_memory() -> None:
    """Stop glibc from handing every large array back as soon as it is freed, for this process.

    A training step frees and asks for the same few megabytes again and again. Given back in between, they come back
    page by page through the kernel: a thousand page faults per step of `mnist_cnn` at batch 64, a third of its time.
    Nothing happens where there is no glibc.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or not (mallopt(M_TRIM_THRESHOLD, KEPT) and mallopt(M_MMAP_THRESHOLD, LARGEST)):
        log.debug("This C library does not let freed memory be kept.")
