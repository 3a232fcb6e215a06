"""A config is stored whole, read back as it was, and refused with a sentence when it makes no sense."""

import json
from dataclasses import fields

import pytest

from models_zoo.augment import PHOTOGRAPHS, Augment
from models_zoo.command import field_docs
from models_zoo.config import FIRST, NEXT, Config, ConfigError
from models_zoo.recipes import RECIPES, Pgd, Trades

CONFIGS = [
    Config(),
    FIRST,
    NEXT,
    Config(recipe=Pgd(norm="l2", epsilon=2.0), augment=PHOTOGRAPHS, base_replay=0),
    Config(recipe=Trades(), optimiser="adamw", lr=0.001, schedule="plateau", patience=3, base_replay=100),
]


@pytest.mark.parametrize("config", CONFIGS)
def test_json_and_back(config):
    assert Config.from_json(json.loads(json.dumps(config.to_json()))) == config


def test_what_is_left_out_has_its_default():
    assert Config.from_json({"epochs": 3, "recipe": {"name": "pgd"}}) == Config(epochs=3, recipe=Pgd())


@pytest.mark.parametrize(
    ("value", "sentence"),
    [
        ({"epoch": 3}, "no field epoch"),
        ({"recipe": {"name": "magic"}}, "recipe must be one of standard, fgsm"),
        ({"recipe": {"name": "fgsm", "steps": 3}}, "recipe fgsm has no field steps"),
        ({"recipe": {"name": "pgd", "norm": "l7"}}, "norm must be one of linf, l2"),
        ({"recipe": {"name": "adversarial_regularization", "adv_grad_norm": "l7"}}, "infinity or l2"),
        ({"augment": {"zoom": 2}}, "augment has no field zoom"),
        ({"augment": {"share": "all"}}, "share must be of type"),
        ({"architecture": "alexnet"}, "architecture must be one of mnist_cnn"),
        ({"optimiser": "lbfgs"}, "optimiser must be"),
        ({"schedule": "step"}, "schedule must be"),
        ({"epochs": 0}, "epochs must be more than 0"),
        ({"epochs": "three"}, "epochs must be of type int"),
        ({"epochs": True}, "epochs must be of type int"),
        ({"lr": -1.0}, "lr must be more than 0"),
        ({"collected_weight": -1}, "collected_weight must be 0 or more"),
        ({"collected_share": 1.5}, "collected_share must be 0 to 1"),
        ({"label_smoothing": 1.0}, "label_smoothing must be at least 0 and less than 1"),
        ({"parent_share": 1}, "parent_share must be at least 0 and less than 1"),
        ({"base_replay": -5}, "base_replay"),
        ({"recipe": "pgd"}, "recipe must be"),
        ([], "must be an object"),
    ],
)
def test_refuses(value, sentence):
    with pytest.raises(ConfigError, match=sentence) as refusal:
        Config.from_json(value)
    assert str(refusal.value).endswith(".")


@pytest.mark.parametrize("kind", [Config, Augment, *RECIPES.values()])
def test_every_field_is_explained(kind):
    assert field_docs(kind).keys() == {field.name for field in fields(kind)}
