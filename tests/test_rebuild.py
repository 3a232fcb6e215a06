"""A stored model is trained again from what database and storage hold of it."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command

from models_zoo.training.rebuild import rebuild
from rounds import services
from rounds.models import Example, ModelVersion
from rounds.training import execute, runs
from rounds.training.inputs import write_inputs

from .conftest import SMALL

pytestmark = pytest.mark.django_db
QUICK = {"epochs": 1, "base_replay": 600, "architecture": "mnist_cnn", "threads": 1}


@pytest.fixture
def model(open_round, alice, bob, carol, draw, validate, adam) -> ModelVersion:
    """Model 2 of digits, trained on ten verified drawings."""
    for nth in range(10):
        example = draw(alice, open_round.task, fooling=True, nth=nth // 5)
        validate(bob, example, example.label)
        validate(carol, example, example.label)
    services.close_round(round=open_round, by=adam.user)
    run = services.start_training(round=open_round, by=adam.user, recipe=QUICK)
    execute.execute(runs.claim_run(run_id=run.pk, worker="one"))
    return ModelVersion.objects.get(number=2)


def test_a_model_trained_on_drawings_from_a_parent_comes_out_the_same(model, capsys, tmp_path, base):
    call_command("rebuild", "digits", "2", into=tmp_path / "folder")
    printed = capsys.readouterr().out
    assert printed.count(model.weights_hash) == 2
    assert "The weights agree." in printed
    # The folder can be rebuilt without the site.
    assert (tmp_path / "folder" / "README.md").exists()
    assert rebuild(tmp_path / "folder", base=base).agrees


def test_the_first_model_comes_out_the_same(adversary, capsys):
    assert SMALL.threads  # its weights depend on how many
    call_command("rebuild", "digits", "1")
    assert "The weights agree." in capsys.readouterr().out


def test_other_weights_than_the_recorded_ones_are_reported(adversary):
    ModelVersion.objects.update(weights_hash="0" * 64)
    with pytest.raises(CommandError, match="do NOT agree"):
        call_command("rebuild", "digits", "1")


def test_examples_that_were_altered_since_are_reported(model):
    Example.objects.update(label="7", prediction="1")
    with pytest.raises(CommandError, match="altered after the freeze"):
        call_command("rebuild", "digits", "2")


def test_files_that_are_lost_are_reported(adversary):
    default_storage.delete(f"{adversary.folder}/model.json")
    default_storage.save(f"{adversary.folder}/model.json", ContentFile(b"half of"))
    with pytest.raises(CommandError, match="missing or damaged"):
        call_command("rebuild", "digits", "1")


def test_a_model_that_is_not_there_is_reported(adversary):
    with pytest.raises(CommandError, match="no model 9"):
        call_command("rebuild", "digits", "9")


def test_a_folder_with_something_in_it_is_left_alone(adversary, tmp_path):
    with pytest.raises(CommandError, match="name a new folder"):
        call_command("rebuild", "digits", "1", into=tmp_path)


def test_an_averaged_models_child_goes_on_from_what_was_trained(model, tmp_path):
    default_storage.save(f"{model.folder}/trained.safetensors", ContentFile(b"as the training left them"))
    write_inputs(tmp_path, None, model)
    assert (tmp_path / "parent" / "trained.safetensors").read_bytes() == b"as the training left them"
