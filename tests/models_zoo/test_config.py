"""A config is stored whole, read back as it was, and refused with a sentence when it makes no sense."""

import json
import math
import subprocess
import sys
from dataclasses import dataclass, fields, replace
from pathlib import Path

import pytest

from models_zoo.training.augment import PHOTO_AUGMENT, Augment
from models_zoo.training.config import FIRST, NEXT, PHOTOGRAPHS, Config, ConfigError
from models_zoo.training.describe import field_docs
from models_zoo.training.recipes import RECIPES, Pgd, Trades

CONFIGS = [
    Config(),
    FIRST,
    NEXT,
    PHOTOGRAPHS,
    Config(recipe=Pgd(norm="l2", epsilon=2.0), augment=PHOTO_AUGMENT, base_replay=0),
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
        ({"recipe": {"name": "adversarial_regularization", "adv_grad_norm": "l7"}}, "one of infinity, l2"),
        ({"augment": {"zoom": 2}}, "augment has no field zoom"),
        ({"augment": {"share": "all"}}, "share must be a finite number"),
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
        ({"recipe": {"name": []}}, "recipe must be one of"),
        ({"architecture": []}, "architecture must be of type str"),
        ({"pretrained": "torchvision"}, "pretrained must be empty for digit_cnn: only mobilenet_v2, resnet18"),
        ({"base_replay": 0, "collected_weight": 0}, "base_replay must be more than 0 .* shows no picture"),
        ({"base_replay": 0, "collected_share": 0}, "base_replay must be more than 0 .* shows no picture"),
        ({"recipe": {"name": "fgsm", "epsilon": -0.1}}, "recipe fgsm's epsilon must be 0 or more"),
        ({"recipe": {"name": "fgsm", "clean_share": 1.1}}, "recipe fgsm's clean_share must be 0 to 1"),
        ({"recipe": {"name": "pgd", "step_size": 0}}, "recipe pgd's step_size must be more than 0"),
        ({"recipe": {"name": "pgd", "steps": 0}}, "recipe pgd's steps must be more than 0"),
        ({"recipe": {"name": "trades", "steps": True}}, "recipe trades's steps must be of type int"),
        ({"recipe": {"name": "trades", "beta": -1}}, "recipe trades's beta must be 0 or more"),
        ({"recipe": {"name": "adversarial_regularization", "multiplier": -1}}, "multiplier must be 0 or more"),
        ({"recipe": {"name": "adversarial_regularization", "adv_step_size": -1}}, "adv_step_size must be 0 or more"),
        ({"augment": {"noise_share": 1.5}}, "augment's noise_share must be 0 to 1"),
        ({"augment": {"smallest": 0}}, "augment's smallest must be more than 0"),
        ({"augment": {"smallest": 1.2, "largest": 1.1}}, "augment's largest must be at least its smallest"),
        ({"augment": {"gaussian": -0.1}}, "augment's gaussian must be 0 or more"),
        ({"augment": {"crop": 1.5}}, "augment's crop must be of type int"),
        ({"seed": -1}, r"seed must be 0 to 2\*\*64 - 1"),
        ([], "must be an object"),
    ],
)
def test_refuses(value, sentence):
    with pytest.raises(ConfigError, match=sentence) as refusal:
        Config.from_json(value)
    assert str(refusal.value).endswith(".")


FLOATS = [
    (part, field.name)
    for part in (Config(), Augment(), *(recipe() for recipe in RECIPES.values()))
    for field in fields(part)
    if isinstance(field.default, float)
]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf, 10**400, True, "1"])
@pytest.mark.parametrize(("part", "name"), FLOATS)
def test_every_float_is_a_finite_number(part, name, value):
    with pytest.raises(ConfigError, match=f"'s {name} must be a finite number"):
        replace(part, **{name: value})


@pytest.mark.parametrize("kind", [Config, Augment, *RECIPES.values()])
def test_every_field_is_explained_also_those_that_recipes_share(kind):
    assert list(field_docs(kind)) == [field.name for field in fields(kind)]
    assert all(field_docs(kind).values())


def test_a_recipe_explains_a_shared_field_in_its_own_way_where_it_means_something_else():
    assert "l2" in field_docs(Pgd)["epsilon"]
    assert "l2" not in field_docs(Trades)["epsilon"]


def test_a_field_without_a_docstring_has_no_explanation_to_show():
    @dataclass
    class Bare:
        field: int = 0

    with pytest.raises(KeyError):
        field_docs(Bare)


def test_a_stored_recipe_has_the_fields_and_values_that_it_always_had():
    assert Config(recipe=Pgd()).to_json()["recipe"] == {
        "name": "pgd",
        "epsilon": 0.3,
        "step_size": 0.01,
        "steps": 40,
        "norm": "linf",
        "warm_up": 0.0,
    }


def test_a_config_is_built_read_and_checked_without_torch_or_numpy():
    code = (
        "import sys\n"
        "from models_zoo.training.config import Config, NEXT, next_config\n"
        "from models_zoo.training.describe import field_docs\n"
        "assert next_config({'recipe': {'name': 'trades'}}).recipe.attack(0.5).steps == 40\n"
        "assert Config.from_json(NEXT.to_json()) == NEXT\n"
        "assert field_docs(type(NEXT.augment))\n"
        "print({'torch', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert done.stdout == "set()\n", done.stderr
