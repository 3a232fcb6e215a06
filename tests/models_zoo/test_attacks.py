"""Attacks stay within their ball and the grey scale, and find what a linear model's algebra says they must."""

import pytest
import torch
from torch import nn

from models_zoo.robustness.attack_parameters import AttackParameters
from models_zoo.robustness.attacks import fgsm, lengths, pgd, project, random_within


@pytest.fixture
def linear():
    """Two labels; the first's logit is the sum of the left half, the second's of the right half."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2, bias=False))
    weight = torch.zeros(2, 4, 4)
    weight[0, :, :2] = weight[1, :, 2:] = 1
    model[1].weight.data = weight.flatten(1)
    return model.eval()


GREY = torch.full((3, 1, 4, 4), 0.5)
LEFT = torch.zeros(3, dtype=torch.int64)


def test_fgsm_moves_every_pixel_by_epsilon_against_the_label(linear):
    attacked = fgsm(linear, GREY, LEFT, epsilon=0.1)
    assert torch.allclose(attacked[:, :, :, :2], torch.tensor(0.4))
    assert torch.allclose(attacked[:, :, :, 2:], torch.tensor(0.6))


def test_pgd_reaches_the_same_corner_on_a_linear_model(linear):
    random = torch.Generator().manual_seed(0)
    attacked = pgd(linear, GREY, LEFT, AttackParameters(0.1, step_size=0.05, steps=10), random=random)
    assert torch.allclose(attacked, fgsm(linear, GREY, LEFT, epsilon=0.1))


def test_l2_pgd_spends_all_its_length_along_the_gradient(linear):
    random = torch.Generator().manual_seed(0)
    attacked = pgd(linear, GREY, LEFT, AttackParameters(1.0, step_size=0.2, steps=200, norm="l2"), random=random)
    assert torch.allclose(lengths(attacked - GREY), torch.ones(3, 1, 1, 1))
    assert torch.allclose(attacked[:, :, :, :2], torch.tensor(0.25), atol=1e-3)


def sure(times):
    """Linear, reads GREY as label 0 whatever of it is moved by 1, and is so many times as sure of that."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
    weight = torch.zeros(2, 4, 4)
    weight[1, :, :2], weight[1, :, 2:] = -1, 1
    model[1].weight.data = times * weight.flatten(1)
    model[1].bias.data = times * torch.tensor([8.0, 0.0])
    return model.eval()


@pytest.mark.parametrize("times", [3, 10])
def test_an_l2_attack_goes_as_far_on_a_model_that_is_surer_of_itself(times):
    def attacked(model):
        random = torch.Generator().manual_seed(0)
        once = fgsm(model, GREY, LEFT, epsilon=1.0, norm="l2")
        return once, pgd(model, GREY, LEFT, AttackParameters(1.0, step_size=0.2, steps=20, norm="l2"), random=random)

    (once, walked), (surer_once, surer_walked) = attacked(sure(1)), attacked(sure(times))
    assert torch.equal(once, surer_once)
    assert torch.equal(walked, surer_walked)
    assert torch.allclose(lengths(once - GREY), torch.ones(3, 1, 1, 1))


def test_an_attack_on_a_model_without_a_gradient_leaves_the_picture():
    for norm in ("linf", "l2"):
        assert torch.equal(fgsm(sure(0), GREY, LEFT, epsilon=1.0, norm=norm), GREY)


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_nothing_leaves_the_ball_or_the_grey_scale(norm):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(784, 50), nn.ReLU(), nn.Linear(50, 10)).eval()
    images, labels = torch.rand(20, 1, 28, 28), torch.randint(0, 10, (20,))
    random = torch.Generator().manual_seed(0)
    epsilon = {"linf": 0.3, "l2": 2.0}[norm]
    attack = AttackParameters(epsilon, step_size=epsilon, steps=5, norm=norm)
    for attacked in (
        random_within(images, attack, random),
        pgd(model, images, labels, attack, random=random),
        project(images + torch.randn(images.shape), images, attack),
    ):
        change = attacked - images
        size = change.abs().amax() if norm == "linf" else lengths(change).amax()
        assert size <= epsilon + 1e-5
        assert attacked.min() >= 0
        assert attacked.max() <= 1


def test_an_attack_leaves_the_models_gradients_alone(linear):
    fgsm(linear, GREY, LEFT, epsilon=0.1)
    assert linear[1].weight.grad is None


def test_the_same_generator_state_gives_the_same_attack(linear):
    def attacked():
        random = torch.Generator().manual_seed(3)
        return pgd(linear, GREY, LEFT, AttackParameters(0.1, step_size=0.01, steps=2), random=random)

    assert torch.equal(attacked(), attacked())
