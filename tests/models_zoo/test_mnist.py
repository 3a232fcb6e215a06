"""What the presets promise, on the real digits. Minutes, so only with -m long."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from models_zoo.networks.predict import accuracy, probabilities
from models_zoo.training.augment import Augment
from models_zoo.training.fit import FIRST, NEXT, fit
from models_zoo.training.rebuild import rebuild
from models_zoo.training.transforms import augmented

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def first(tmp_path_factory, mnist):
    return fit(tmp_path_factory.mktemp("first"), FIRST, base=mnist)


def fooling(model, mnist, count):
    """Digits turned, slanted, shrunk and moved until the model errs."""
    wild = Augment(share=1.0, smallest=0.45, rotation=40, shear=0.5, stretch=0.3, elastic=0.12, noise_share=0)
    random = torch.Generator().manual_seed(0)
    moved = augmented(torch.tensor(mnist.train_images[:20_000]).unsqueeze(1) / 255, wild, random)
    images, labels = (moved.squeeze(1) * 255).byte().numpy(), mnist.train_labels[:20_000]
    fooled = np.flatnonzero(probabilities(model, images).argmax(axis=1) != labels)[:count]
    return images[fooled], labels[fooled]


def test_the_first_adversary_reads_99_of_100_test_digits(first, mnist):
    assert accuracy(first.model, mnist.test_images, mnist.test_labels).accuracy >= 0.99


def test_the_next_one_learns_what_fooled_its_parent_and_forgets_nothing(tmp_path, first, mnist):
    images, labels = fooling(first.model, mnist, 1200)
    (tmp_path / "data").mkdir()
    np.save(tmp_path / "data" / "train_images.npy", images[:1000])
    np.save(tmp_path / "data" / "train_labels.npy", labels[:1000])
    (tmp_path / "parent").symlink_to(first.folder)
    model = fit(tmp_path, NEXT, base=mnist).model
    assert accuracy(model, images[1000:], labels[1000:]).accuracy > 0.3
    dev = mnist.dev_images, mnist.dev_labels
    assert accuracy(model, *dev).accuracy >= accuracy(first.model, *dev).accuracy - 0.005


def test_a_short_training_on_real_digits_can_be_rebuilt(tmp_path, mnist):
    fit(tmp_path, replace(FIRST, epochs=2, base_replay=10_000), base=mnist)
    assert rebuild(tmp_path, base=mnist).agrees
