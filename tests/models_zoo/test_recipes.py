"""Every recipe is the formula it is named after, trains, and combines with everything else a config has."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from models_zoo import attacks
from models_zoo.architectures import build
from models_zoo.augment import Augment
from models_zoo.evaluate import accuracy
from models_zoo.recipes import RECIPES, AdversarialRegularization, Fgsm, Pgd, Standard, Trades
from models_zoo.suites import under_pgd
from models_zoo.train import Config, fit
from tests.models_zoo.conftest import with_collected

QUICK = {
    "standard": Standard(),
    "fgsm": Fgsm(epsilon=0.1),
    "pgd": Pgd(epsilon=0.1, step_size=0.05, steps=3),
    "pgd, l2": Pgd(norm="l2", epsilon=1.0, step_size=0.5, steps=3),
    "trades": Trades(epsilon=0.1, step_size=0.05, steps=3),
    "adversarial_regularization": AdversarialRegularization(),
    "adversarial_regularization, l2": AdversarialRegularization(adv_grad_norm="l2"),
}


@pytest.fixture
def batch():
    torch.manual_seed(0)
    return torch.rand(8, 1, 28, 28), torch.arange(8)


@pytest.fixture
def model():
    """Without batch norm's and dropout's difference between training and evaluation, losses can be checked exactly."""
    torch.manual_seed(0)
    return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 20), torch.nn.Tanh(), torch.nn.Linear(20, 10))


def loss(recipe, model, images, labels):
    return recipe.loss(model, images, labels, smoothing=0.0, random=torch.Generator().manual_seed(0))


def test_the_registry_names_every_recipe():
    assert {name: recipe.name for name, recipe in RECIPES.items()} == {name: name for name in RECIPES}


def test_fgsm_mixes_clean_and_attacked_loss(model, batch):
    attacked = attacks.fgsm(model, *batch, epsilon=0.1)
    clean, adversarial = F.cross_entropy(model(batch[0]), batch[1]), F.cross_entropy(model(attacked), batch[1])
    mixed = loss(Fgsm(epsilon=0.1, clean_share=0.25), model, *batch)
    assert torch.allclose(mixed, 0.25 * clean + 0.75 * adversarial)


def test_pgd_is_the_loss_on_attacked_pictures_only(model, batch):
    recipe = Pgd(epsilon=0.2, step_size=0.1, steps=4)
    random = torch.Generator().manual_seed(0)
    attacked = attacks.pgd(model, *batch, epsilon=0.2, step_size=0.1, steps=4, random=random)
    assert torch.allclose(loss(recipe, model, *batch), F.cross_entropy(model(attacked), batch[1]))


def test_trades_without_beta_is_the_standard_loss_and_grows_with_it(model, batch):
    plain = loss(Standard(), model, *batch)
    assert torch.allclose(loss(Trades(steps=2, beta=0.0), model, *batch), plain)
    one, six = (loss(Trades(steps=2, beta=beta), model, *batch) - plain for beta in (1.0, 6.0))
    assert one > 0
    assert torch.allclose(six, 6 * one, rtol=1e-4)


def test_adversarial_regularization_adds_the_neighbours_loss_unclipped(model, batch):
    images, labels = batch[0].round(), batch[1]
    beside = attacks.neighbour(attacks.cross_entropy(model, labels), images, 0.2, "linf")
    assert beside.max() > 1
    wanted = F.cross_entropy(model(images), labels) + 0.2 * F.cross_entropy(model(beside), labels)
    assert torch.allclose(loss(AdversarialRegularization(), model, images, labels), wanted)


@pytest.mark.parametrize("name", QUICK)
def test_attacks_leave_no_trace_in_batch_statistics(batch, name):
    torch.manual_seed(0)
    seen, untouched = build("digit_cnn").train(), build("digit_cnn").train()
    untouched.load_state_dict(seen.state_dict())
    if isinstance(QUICK[name], Pgd):
        loss(QUICK[name], seen, *batch)
        assert seen[2].num_batches_tracked == 1
    assert seen.training


@pytest.mark.parametrize("name", QUICK)
def test_a_recipe_trains_and_repeats_itself_beside_all_else(tmp_path, base, name):
    config = Config(
        recipe=QUICK[name],
        augment=Augment(),
        epochs=1,
        batch_size=64,
        lr=0.05,
        base_replay=256,
        label_smoothing=0.1,
        patience=2,
        threads=1,
    )
    first = fit(with_collected(tmp_path / "first"), config, base=base)
    second = fit(with_collected(tmp_path / "second"), config, base=base)
    assert first.weights_hash == second.weights_hash


def test_adversarial_training_makes_a_model_harder_to_attack(tmp_path, base):
    plain = Config(epochs=6, batch_size=64, lr=0.05, threads=1)
    robust = replace(plain, recipe=Pgd(epsilon=0.3, step_size=0.1, steps=5))
    pictures = base.test_images, base.test_labels
    right = {
        name: np.trace(
            under_pgd(fit(tmp_path / name, config, base=base).model, pictures, norm="linf", epsilon=0.3, steps=10)
        )
        for name, config in {"plain": plain, "robust": robust}.items()
    }
    assert right["robust"] > right["plain"] + 20


def test_label_smoothing_makes_a_model_less_sure(tmp_path, base):
    config = Config(epochs=3, batch_size=64, lr=0.1, threads=1)
    sure = fit(tmp_path / "sure", config, base=base)
    unsure = fit(tmp_path / "unsure", replace(config, label_smoothing=0.3), base=base)
    assert accuracy(unsure.model, base.test_images, base.test_labels).accuracy > 0.8
    assert unsure.epochs[-1]["loss"] > sure.epochs[-1]["loss"] + 0.3
