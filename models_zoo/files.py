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
    """Write to a temporary file in the same folder, flush to disk, then rename: a reader never sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
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
    # Through memory: np.save into a file on a full disk raises an error without the errno that `is_full` needs.
    np.save(buffer := io.BytesIO(), array, allow_pickle=False)
    write_bytes(path, buffer.getvalue())


def write_json(path: Path, value: Any) -> None:
    """Write JSON that is the same for the same value: sorted keys, two spaces, a newline at the end."""
    write_bytes(path, (json.dumps(value, indent=2, sort_keys=True) + "\n").encode())


def read_json(path: Path) -> Any:
    return json.loads(path.read_text())


def is_full(error: BaseException) -> bool:
    """Whether an error came from a disk that is full, or from a used-up quota on it."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
