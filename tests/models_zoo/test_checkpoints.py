"""A folder is a model only when weights and JSON are both whole and belong together."""

import re

import pytest
import torch
from safetensors.torch import load_file, save_file

from models_zoo.networks.architectures import UnknownArchitectureError, build
from models_zoo.networks.catalogue import ARCHITECTURES, FOR_PHOTOGRAPHS, accepts
from models_zoo.networks.checkpoints import CheckpointError, load_meta, load_model, save_model, weights_hash
from models_zoo.networks.pretrained import NoWeights, pretrained_weights

META = {"architecture": "digit_cnn", "classes": 10}


@pytest.fixture
def model():
    torch.manual_seed(0)
    return build("digit_cnn").eval()


def test_a_saved_model_gives_the_same_answers(tmp_path, model):
    digest = save_model(tmp_path, model, META)
    again = load_model(str(tmp_path))
    pictures = torch.rand(4, 1, 28, 28)
    assert torch.equal(again(pictures), model(pictures))
    assert not again.training
    assert digest == weights_hash(again) == load_meta(tmp_path)["weights_hash"]


def test_the_hash_depends_on_values_names_shapes_and_types_but_not_on_layout(model):
    state = model.state_dict()
    digest = weights_hash(model)
    assert weights_hash(dict(reversed(state.items()))) == digest
    assert weights_hash(model.to(memory_format=torch.channels_last)) == digest
    name = "1.weight"
    assert weights_hash({**state, name: state[name] + 1e-7}) != digest
    assert weights_hash({**state, name: state[name].flatten()}) != digest
    assert weights_hash({**state, name: state[name].double()}) != digest
    assert weights_hash({("x" + key if key == name else key): value for key, value in state.items()}) != digest


def test_weights_without_json_are_no_model(tmp_path, model):
    save_model(tmp_path, model, META)
    (tmp_path / "model.json").unlink()
    with pytest.raises(CheckpointError, match="no finished model"):
        load_model(tmp_path)


@pytest.mark.parametrize("content", [b"", b"half a file", None])
def test_damaged_or_missing_weights_are_refused(tmp_path, model, content):
    save_model(tmp_path, model, META)
    weights = tmp_path / "model.safetensors"
    weights.unlink() if content is None else weights.write_bytes(content)
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_model(tmp_path)


def test_weights_of_another_model_are_refused(tmp_path, model):
    save_model(tmp_path, model, META)
    state = load_file(tmp_path / "model.safetensors")
    save_file(state | {"1.weight": state["1.weight"] * 2}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="not the ones"):
        load_model(tmp_path)


@pytest.mark.parametrize("meta", [META, META | {"classes": 7}, META | {"architecture": "sixth_cnn"}])
def test_weights_of_a_network_that_only_another_version_of_the_code_builds_are_named_as_such(tmp_path, meta):
    save_model(tmp_path, build("mnist_cnn"), meta)
    with pytest.raises(CheckpointError, match=f"are of another {meta['architecture']} than this version builds: train"):
        load_model(tmp_path)


@pytest.mark.parametrize("content", ["{", "[]", '{"architecture": "digit_cnn"}'])
def test_json_that_describes_no_model_is_refused(tmp_path, model, content):
    save_model(tmp_path, model, META)
    (tmp_path / "model.json").write_text(content)
    with pytest.raises(CheckpointError):
        load_model(tmp_path)


def parameters(network):
    return sum(parameter.numel() for parameter in network.parameters())


def test_the_original_network_has_21840_parameters_and_ours_at_most_300000():
    assert parameters(build("mnist_cnn")) == 21_840
    assert parameters(build("digit_cnn")) == 255_762


def test_an_unknown_architecture_is_named_with_the_known_ones():
    with pytest.raises(UnknownArchitectureError, match="choose one of mnist_cnn, digit_cnn"):
        build("alexnet")


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_every_architecture_takes_its_pictures_and_is_as_large_as_the_catalogue_says(name):
    stored = (2, 32, 32, 3) if name in FOR_PHOTOGRAPHS else (2, 28, 28)
    shape = (2, 3, 32, 32) if name in FOR_PHOTOGRAPHS else (2, 1, 28, 28)
    network = build(name, classes=7).eval()
    assert accepts(name, stored)
    assert network(torch.rand(shape)).shape == (2, 7)
    count = parameters(build(name))
    size = f"{count / 1e6:.1f} million" if name in FOR_PHOTOGRAPHS else f"{count:,}"
    assert f" {size} parameters." in ARCHITECTURES[name]


def test_the_first_layers_of_photo_networks_keep_the_resolution():
    network = build("resnet18")[1]
    assert network.maxpool(network.conv1(torch.rand(1, 3, 64, 64))).shape[2:] == (64, 64)


def test_pretrained_weights_come_from_a_named_file(tmp_path, caplog):
    from models_zoo.networks._torchvision import torchvision

    torch.manual_seed(1)
    theirs = torchvision.models.resnet18().state_dict()
    save_file(theirs, tmp_path / "resnet18.safetensors")
    with caplog.at_level("INFO"):
        weights = pretrained_weights("resnet18", str(tmp_path / "resnet18.safetensors"))
    network = build("resnet18", classes=200, pretrained=weights)[1]
    assert torch.equal(network.layer3[0].conv1.weight, theirs["layer3.0.conv1.weight"])
    assert torch.equal(network.conv1.weight, theirs["conv1.weight"][:, :, 2:5, 2:5])
    assert network.fc.out_features == 200
    assert "starts from the pretrained weights" in caplog.text


def test_pretrained_densenets_are_read_by_their_old_names(tmp_path):
    from models_zoo.networks._torchvision import torchvision

    theirs = torchvision.models.densenet121().state_dict()
    old = {re.sub(r"(denselayer\d+\.(?:norm|conv))([12])", r"\1.\2", name): tensor for name, tensor in theirs.items()}
    assert old.keys() != theirs.keys()
    save_file(old, tmp_path / "densenet121.safetensors")
    weights = pretrained_weights("densenet121", str(tmp_path / "densenet121.safetensors"))
    network = build("densenet121", pretrained=weights)[1]
    layer = "features.denseblock1.denselayer1.conv1.weight"
    assert torch.equal(network.state_dict()[layer], theirs[layer])


@pytest.mark.parametrize("name", ["resnet18", "digit_cnn"])
def test_a_file_that_does_not_fit_is_not_taken(tmp_path, name):
    from models_zoo.networks._torchvision import torchvision

    save_file(torchvision.models.resnet18(num_classes=7).state_dict(), tmp_path / "seven.safetensors")
    with pytest.raises(NoWeights):
        pretrained_weights(name, str(tmp_path / "seven.safetensors"))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(NoWeights, match="there is no such file"):
        pretrained_weights("resnet18", str(tmp_path / "nowhere.safetensors"))
