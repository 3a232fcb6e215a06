"""What the simulation knows about every drawing it sent: known to nobody at the site."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from crowd.drawings import SimulatedDrawing
from models_zoo.data.images import canonical_png

NO_PIXELS = np.empty((0, 0), dtype=np.uint8)


class Known:
    """Drawings by the name that the site gives them too, the SHA-256 of their canonical PNG. Thread-safe.

    Pixels are not kept: a campaign has tens of thousands of drawings, and the site has the pictures.

    Args:
        path: a file of JSON lines, read if it is there and added to, so that a later run knows as well; None for none.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._drawings: dict[str, SimulatedDrawing] = {}
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            self._drawings = dict(_read(path))

    def remember(self, drawing: SimulatedDrawing) -> bytes:
        """The drawing as a canonical PNG, to be sent.

        Remembered before it is sent: a validator may be handed it before its author has the verdict.
        """
        png = canonical_png(drawing.png())
        name, kept = name_of(png), replace(drawing, pixels=NO_PIXELS)
        with self._lock:
            self._drawings[name] = kept
            if self._path:
                with self._path.open("a") as file:
                    file.write("\n" + json.dumps(_to_json(name, kept)))
        return png

    def get(self, name: str) -> SimulatedDrawing | None:
        """The drawing of this name, without its pixels; None for a stranger's."""
        return self._drawings.get(name)


def name_of(png: bytes) -> str:
    """SHA-256 of a canonical PNG, in hexadecimal."""
    return hashlib.sha256(png).hexdigest()


def _read(path: Path) -> Iterator[tuple[str, SimulatedDrawing]]:
    """All lines but those that were cut off: every line begins with its line break, so that none spoils the next."""
    for line in path.read_text().splitlines():
        with suppress(json.JSONDecodeError):
            yield _from_json(json.loads(line))


def _to_json(name: str, drawing: SimulatedDrawing) -> dict[str, Any]:
    return {
        "drawing": name,
        "claimed": drawing.claimed,
        "truth": drawing.truth,
        "trajectory": drawing.trajectory,
        "variations": list(drawing.variations),
        "hardness": float(drawing.hardness),
        "mistaken_for": drawing.mistaken_for.tolist(),
    }


def _from_json(kept: dict[str, Any]) -> tuple[str, SimulatedDrawing]:
    name = kept.pop("drawing")
    kept["variations"] = tuple(kept["variations"])
    kept["mistaken_for"] = np.array(kept["mistaken_for"], dtype=np.float64)
    return name, SimulatedDrawing(pixels=NO_PIXELS, **kept)
