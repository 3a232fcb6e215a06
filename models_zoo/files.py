"""Files that are either whole or not there."""

import errno
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np


def write_bytes(path: Path, data: bytes) -> None:
    """Write beside the target, flush to disk, then rename: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_array(path: Path, array: np.ndarray) -> None:
    """Write an array as NumPy's format has it; the same array leaves the same bytes."""
    # Not straight into the file: where the disk is full np.save says so by an error without a number.
    np.save(held := io.BytesIO(), array, allow_pickle=False)
    write_bytes(path, held.getvalue())


def write_json(path: Path, value: Any) -> None:
    """Write JSON that is the same for the same value: sorted keys, two spaces, a newline at the end."""
    write_bytes(path, (json.dumps(value, indent=2, sort_keys=True) + "\n").encode())


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def is_full(error: BaseException) -> bool:
    """Whether a disk, or somebody's share of it, has no room left."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
