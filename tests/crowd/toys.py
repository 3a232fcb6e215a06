"""Made-up handwriting: one shape for each label, scattered. Nothing is downloaded, and a crowd is made at once."""

import numpy as np

from crowd import Habits, Handwriting, make_crowd


def toy_handwriting(per_label=24, *, seed=0):
    """Ten shapes of eight points, each copied with so much scatter that some resemble those of other labels."""
    random = np.random.default_rng(seed)
    shapes = random.uniform(0, 100, (10, 8, 2))
    labels = np.repeat(np.arange(10), per_label)
    scattered = shapes[labels] + random.normal(0, 12, (len(labels), 8, 2))
    return Handwriting(scattered.clip(0, 100).astype(np.float32), labels)


def toy_crowd(annotators=4, validators=5, **options):
    return make_crowd(toy_handwriting(), annotators=annotators, validators=validators, **options)


def never_wrong(**options):
    """Habits of people who always draw what the prompt says."""
    return Habits(wrong_digit=0, scrawl=0, **options)


def drawings_of(crowd, count=100):
    """Drawings of a crowd's first annotator, without variations, for prompts 0, 1, … 9, 0, 1, …"""
    annotator = crowd.annotators[0]
    for number in range(count):
        annotator.start_prompt(number % 10)
        yield annotator.draw()
