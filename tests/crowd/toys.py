"""Handwriting that is made up: a shape for each label, scattered. No download, and a crowd of it is ready at once."""

import numpy as np

from crowd import Habits, Handwriting, make_crowd


def toy_handwriting(per_label=24, *, seed=0):
    """Ten shapes of eight points, each copied with scatter; neighbouring labels are look-alikes here and there."""
    random = np.random.default_rng(seed)
    shapes = random.uniform(0, 100, (10, 8, 2))
    labels = np.repeat(np.arange(10), per_label)
    scattered = shapes[labels] + random.normal(0, 12, (len(labels), 8, 2))
    return Handwriting(scattered.clip(0, 100).astype(np.float32), labels)


def toy_crowd(annotators=4, validators=5, **more):
    return make_crowd(toy_handwriting(), annotators=annotators, validators=validators, **more)


def never_wrong(**more):
    """Habits of people who always draw what they are asked for."""
    return Habits(wrong_digit=0, scrawl=0, **more)
