"""The ground truth: what every drawing that was sent to a site really shows. The site does not know it."""

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


class GroundTruth:
    """Drawings by the SHA-256 of their canonical PNG, which is also the site's name for them. Thread-safe.

    Pixels are not stored: a campaign makes tens of thousands of drawings, and the site has the images.

    Args:
        path: a file of JSON lines. It is read if it exists, and every drawing is added to it, so that later campaigns
            know the drawings of earlier ones. None stores nothing.
    """

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._path = path
        self._drawings: dict[str, SimulatedDrawing] = {}
        if path:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
            self._drawings = dict(_read(path))

    def record(self, drawing: SimulatedDrawing) -> bytes:
        """The drawing as the canonical PNG that is to be sent.

        Call it before sending: a validator may get the drawing before its annotator gets the verdict.
        """
        png = canonical_png(drawing.png())
        name, stored = sha256(png), replace(drawing, pixels=NO_PIXELS)
        with self._lock:
            self._drawings[name] = stored
            if self._path:
                with self._path.open("a") as file:
                    file.write("\n" + json.dumps(_to_json(name, stored)))
        return png

    def get(self, name: str) -> SimulatedDrawing | None:
        """The drawing with this SHA-256, without its pixels; None if the crowd did not draw it."""
        return self._drawings.get(name)


def sha256(png: bytes) -> str:
    """In hexadecimal."""
    return hashlib.sha256(png).hexdigest()


def _read(path: Path) -> Iterator[tuple[str, SimulatedDrawing]]:
    """All complete lines. Each line was written with its line break first, so an incomplete one spoils no other."""
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


def _from_json(value: dict[str, Any]) -> tuple[str, SimulatedDrawing]:
    name = value.pop("drawing")
    value["variations"] = tuple(value["variations"])
    value["mistaken_for"] = np.array(value["mistaken_for"], dtype=np.float64)
    return name, SimulatedDrawing(pixels=NO_PIXELS, **value)
