"""Every recipe is the formula it is named after, trains, and combines with everything else a config has."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from models_zoo.networks.architectures import build
from models_zoo.networks.predict import accuracy, probabilities
from models_zoo.robustness import attacks
from models_zoo.robustness.attack_parameters import AttackParameters
from models_zoo.robustness.worst_case import under_pgd
from models_zoo.training import losses
from models_zoo.training.augment import Augment
from models_zoo.training.fit import Config, fit
from models_zoo.training.recipes import RECIPES, AdversarialRegularization, Fgsm, Pgd, Recipe, Standard, Trades
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


def loss(recipe, model, images, labels, **how_far):
    return losses.loss(recipe, losses.Step(model, images, labels, torch.Generator().manual_seed(0), **how_far))


def test_every_recipe_of_the_registry_is_tried_here():
    assert {recipe.name for recipe in QUICK.values()} == set(RECIPES)


def test_a_recipe_without_a_loss_is_refused_by_name(model, batch):
    @dataclass(frozen=True)
    class Novel(Recipe):
        name = "novel"

    with pytest.raises(TypeError, match=r"no loss for the recipe .*Novel"):
        loss(Novel(), model, *batch)


def test_fgsm_mixes_clean_and_attacked_loss(model, batch):
    attacked = attacks.fgsm(model, *batch, epsilon=0.1)
    clean, adversarial = F.cross_entropy(model(batch[0]), batch[1]), F.cross_entropy(model(attacked), batch[1])
    mixed = loss(Fgsm(epsilon=0.1, clean_share=0.25), model, *batch)
    assert torch.allclose(mixed, 0.25 * clean + 0.75 * adversarial)


def test_pgd_is_the_loss_on_attacked_pictures_only(model, batch):
    recipe = Pgd(epsilon=0.2, step_size=0.1, steps=4)
    random = torch.Generator().manual_seed(0)
    attacked = attacks.pgd(model, *batch, AttackParameters(0.2, step_size=0.1, steps=4), random=random)
    assert torch.allclose(loss(recipe, model, *batch), F.cross_entropy(model(attacked), batch[1]))


def divergence(model, images, attacked):
    """KL(clean answer, answer to the attacked picture) of each picture: float32 [n], written out."""
    clean, other = model(images).softmax(dim=1).detach(), model(attacked).softmax(dim=1)
    return (clean * (clean.log() - other.log())).sum(dim=1)


def trades_start_and_end(model, images, *, epsilon, step_size, steps):
    """Where the attack starts, near the pictures, and where steps along the divergence's gradient alone lead it."""
    start = images + 0.001 * torch.randn(images.shape, generator=torch.Generator().manual_seed(0))
    point = start
    for _ in range(steps):
        point = point.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(divergence(model, images, point).sum(), point)
        point = point.detach() + step_size * gradient.sign()
        point = point.clamp(images - epsilon, images + epsilon).clamp(0, 1)
    return start, point


def test_trades_is_the_clean_loss_and_beta_times_the_mean_divergence_where_that_is_greatest(model, batch):
    where = {"epsilon": 0.2, "step_size": 0.05, "steps": 6}
    images, labels = batch
    start, found = trades_start_and_end(model, images, **where)
    by_hand = F.cross_entropy(model(images), labels) + 3.0 * divergence(model, images, found).sum() / len(labels)
    assert torch.allclose(loss(Trades(beta=3.0, **where), model, images, labels), by_hand, rtol=1e-4)
    assert (divergence(model, images, found) > 10 * divergence(model, images, start)).all()


def test_trades_looks_for_the_divergence_and_not_for_the_wrong_label(model, batch):
    images, labels = batch
    shown = []
    model.register_forward_pre_hook(lambda _, given: shown.append(given[0].detach()))
    for given in (labels, labels.flip(0)):
        loss(Trades(epsilon=0.2, step_size=0.05, steps=3), model, images, given)
    half = len(shown) // 2
    assert torch.equal(shown[half - 1], shown[-1])  # where the attack led, whatever the labels
    assert (divergence(model, images, shown[-1]) > divergence(model, images, shown[1])).all()


def test_trades_without_beta_is_the_standard_loss_and_grows_with_it(model, batch):
    plain = loss(Standard(), model, *batch)
    assert torch.allclose(loss(Trades(steps=2, beta=0.0), model, *batch), plain)
    one, six = (loss(Trades(steps=2, beta=beta), model, *batch) - plain for beta in (1.0, 6.0))
    assert one > 0
    assert torch.allclose(six, 6 * one, rtol=1e-4)


def test_adversarial_regularization_adds_the_neighbours_loss_unclipped(model, batch):
    images, labels = batch[0].round(), batch[1]
    neighbour = attacks.gradient_step(attacks.cross_entropy(model, labels), images, 0.2, "linf")
    assert neighbour.max() > 1
    expected = F.cross_entropy(model(images), labels) + 0.2 * F.cross_entropy(model(neighbour), labels)
    assert torch.allclose(loss(AdversarialRegularization(), model, images, labels), expected)


SHOWN = {"standard": 1, "fgsm": 2, "pgd": 1, "trades": 2, "adversarial_regularization": 2}
"""How often each recipe shows the model pictures to learn from; its attacks come on top."""


@pytest.mark.parametrize("name", QUICK)
def test_attacks_leave_no_trace_in_batch_statistics(batch, name):
    network = build("digit_cnn").train()
    loss(QUICK[name], network, *batch)
    layers = [layer for layer in network.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    assert {int(layer.num_batches_tracked) for layer in layers} == {SHOWN[QUICK[name].name]}
    assert all(layer.training for layer in network.modules())


WARMED_UP = {
    "fgsm": lambda share, **options: Fgsm(epsilon=0.2 * share, **options),
    "pgd": lambda share, **options: Pgd(epsilon=0.2 * share, step_size=0.1 * share, steps=3, **options),
    "pgd, l2": lambda share, **options: Pgd(epsilon=2 * share, step_size=share, steps=3, norm="l2", **options),
    "trades": lambda share, **options: Trades(epsilon=0.2 * share, step_size=0.1 * share, steps=3, **options),
}


@pytest.mark.parametrize("name", WARMED_UP)
@pytest.mark.parametrize(("done", "share"), [(0.1, 0.25), (0.2, 0.5), (0.3, 0.75), (0.4, 1), (0.7, 1), (1, 1)])
def test_an_attack_grows_in_a_straight_line_until_its_warm_up_is_over(model, batch, name, done, share):
    recipe = WARMED_UP[name]
    growing = loss(recipe(1, warm_up=0.4), model, *batch, done=done)
    assert torch.allclose(growing, loss(recipe(share), model, *batch), rtol=1e-4)
    assert not torch.allclose(growing, loss(recipe(share * 0.8), model, *batch), rtol=1e-4)


@pytest.mark.parametrize("name", WARMED_UP)
def test_a_warm_up_begins_without_any_attack(model, batch, name):
    begun = loss(WARMED_UP[name](1, warm_up=0.4), model, *batch, done=0.0)
    assert torch.allclose(begun, loss(Standard(), model, *batch))


@pytest.mark.parametrize("name", WARMED_UP)
def test_without_a_warm_up_an_attack_has_its_full_strength_from_the_first_step_on(model, batch, name):
    full = loss(WARMED_UP[name](1), model, *batch)
    assert torch.equal(loss(WARMED_UP[name](1), model, *batch, done=0.0), full)


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
    for fitted in (sure, unsure):
        assert accuracy(fitted.model, base.test_images, base.test_labels).accuracy > 0.8
    assert confidence(unsure.model, base) < confidence(sure.model, base) - 0.1


def confidence(model, base):
    """Mean probability, over the test pictures, of the answer that is given."""
    return probabilities(model, base.test_images).max(axis=1).mean()
