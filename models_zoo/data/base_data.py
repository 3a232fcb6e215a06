"""A base set: what a task's first model is trained on, and what its later ones must not forget."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

import numpy as np


class BaseDataError(Exception):
    """A base set that is unknown, or missing and can't be fetched. The message is one sentence that says what to do."""


@dataclass(frozen=True)
class BaseData:
    """The pictures of a base set, split into training, dev and test.

    Images are uint8 [n, 28, 28], 0 (paper) to 255 (ink); labels are int64 [n], 0 to 9.
    """

    train_images: np.ndarray
    train_labels: np.ndarray
    dev_images: np.ndarray
    dev_labels: np.ndarray
    test_images: np.ndarray
    test_labels: np.ndarray

    @cached_property
    def sha256(self) -> str:
        """Hash of all six arrays, for a model's record of what it was trained on."""
        digest = hashlib.sha256()
        for array in (self.train_images, self.train_labels, self.dev_images, self.dev_labels):
            digest.update(np.ascontiguousarray(array).data)
        digest.update(np.ascontiguousarray(self.test_images).data)
        digest.update(np.ascontiguousarray(self.test_labels).data)
        return digest.hexdigest()
