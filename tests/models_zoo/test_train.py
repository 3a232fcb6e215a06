"""One training: it learns, it repeats itself exactly, it survives being killed, and it fails with a sentence."""

import errno
import json
import multiprocessing
import os
import platform
import shutil
import signal
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from models_zoo import files
from models_zoo.networks.architectures import build
from models_zoo.networks.checkpoints import load_meta, load_model, load_trained, read_tensors, save_model, weights_hash
from models_zoo.networks.predict import accuracy
from models_zoo.training import losses
from models_zoo.training import run as training_run
from models_zoo.training.augment import Augment
from models_zoo.training.fit import Config, TrainingFailed, fit
from models_zoo.training.recipes import Pgd
from tests.models_zoo.conftest import toy_base, toys, with_collected

SMALL = Config(epochs=3, batch_size=64, lr=0.1, threads=1, device="cpu")
EVERYTHING = replace(
    SMALL, augment=Augment(noise_share=0.5), label_smoothing=0.1, base_replay=256, collected_weight=2.5
)


def test_a_model_learns_base_and_collected_pictures(run_folder, base):
    fitted = fit(run_folder, replace(SMALL, epochs=6), base=base)
    assert accuracy(fitted.model, base.test_images, base.test_labels).accuracy > 0.95
    assert accuracy(fitted.model, *toys(20, seed=5)).accuracy > 0.9


def test_a_finished_folder_holds_the_model_its_config_and_its_history(run_folder, base):
    fitted = fit(run_folder, SMALL, base=base)
    assert weights_hash(load_model(run_folder)) == fitted.weights_hash
    assert Config.from_json(files.read_json(run_folder / "config.json")["config"]) == SMALL
    assert [row["epoch"] for row in files.read_json(run_folder / "metrics.json")] == [1, 2, 3]
    assert fitted.epochs[-1]["dev"].keys() == {"base", "collected"}
    assert load_meta(run_folder)["versions"]["torch"] == str(torch.__version__)
    assert fitted.weights_hash in (run_folder / "README.md").read_text()
    assert not (run_folder / "checkpoint.safetensors").exists()


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("architecture", ["digit_cnn", "mnist_cnn"])
def test_same_seed_and_data_give_the_same_weights(tmp_path, base, architecture, threads):
    config = replace(EVERYTHING, architecture=architecture, threads=threads)
    first = fit(with_collected(tmp_path / "first"), config, base=base)
    second = fit(with_collected(tmp_path / "second"), config, base=base)
    assert first.weights_hash == second.weights_hash


def test_another_seed_gives_other_weights(tmp_path, base):
    first = fit(tmp_path / "first", SMALL, base=base)
    assert fit(tmp_path / "second", replace(SMALL, seed=1), base=base).weights_hash != first.weights_hash


def test_the_callers_random_state_and_threads_are_left_alone(tmp_path, base):
    torch.manual_seed(7)
    threads, expected = torch.get_num_threads(), torch.rand(3)
    torch.manual_seed(7)
    fit(tmp_path, replace(SMALL, epochs=1), base=base)
    assert torch.equal(torch.rand(3), expected)
    assert torch.get_num_threads() == threads


ELSEWHERE = multiprocessing.get_context("forkserver")
ELSEWHERE.set_forkserver_preload([__name__])


def run_elsewhere(folder, config, *, kill_at=None):
    """A training in another process, to its end or killed at a moment: an epoch and its `middle` or `end`."""
    here, there = ELSEWHERE.Pipe()
    child = ELSEWHERE.Process(target=train_until, args=(folder, config, kill_at, there))
    child.start()
    there.close()
    if kill_at:
        assert here.recv() == kill_at
        child.kill()
    child.join()
    assert child.exitcode == (-signal.SIGKILL if kill_at else 0)


def train_until(folder, config, moment, caller):
    def show(progress):
        if (progress.epoch, "middle" if progress.dev is None else "end") == moment:
            caller.send(moment)
            caller.recv()  # until killed

    training_run.SECONDS_BETWEEN_REPORTS = 0
    fit(folder, config, base=toy_base(), on_progress=show)


def test_another_process_gives_the_same_weights(tmp_path, base):
    config = replace(EVERYTHING, architecture="mnist_cnn", threads=2)
    run_elsewhere(with_collected(tmp_path / "elsewhere"), config)
    here = fit(with_collected(tmp_path / "here"), config, base=base)
    assert load_meta(tmp_path / "elsewhere")["weights_hash"] == here.weights_hash


@pytest.mark.parametrize(
    "changes",
    [
        {"threads": 1, "epochs": 4},
        {"threads": 2, "epochs": 30, "patience": 2, "schedule": "constant", "optimiser": "adamw", "lr": 0.01},
    ],
)
def test_a_run_killed_at_any_epoch_ends_with_the_same_weights_as_one_that_was_not(tmp_path, base, changes):
    config = replace(EVERYTHING, architecture="mnist_cnn", base_replay=128, **changes)
    whole = fit(with_collected(tmp_path / "whole"), config, base=base)
    last = len(whole.epochs)
    middle = last // 2 + 1
    assert (last < config.epochs) == bool(config.patience)

    killed = with_collected(tmp_path / "killed")
    run_elsewhere(killed, config, kill_at=(1, "middle"))
    assert not (killed / "checkpoint.safetensors").exists()
    run_elsewhere(killed, config, kill_at=(middle, "middle"))
    assert len(epochs_in(killed)) == middle - 1 > 0
    run_elsewhere(killed, config, kill_at=(last, "end"))
    assert len(epochs_in(killed)) == last
    assert not (killed / "model.json").exists()
    again = fit(killed, config, base=base, on_progress=lambda progress: pytest.fail("no epoch was left"))

    assert again.weights_hash == whole.weights_hash
    assert [row["loss"] for row in again.epochs] == [row["loss"] for row in whole.epochs]


def epochs_in(folder):
    _, metadata = read_tensors(folder / "checkpoint.safetensors")
    return json.loads(metadata["history"])


@pytest.mark.parametrize(
    "changes",
    [
        {"optimiser": "adamw", "lr": 0.002},
        {"schedule": "plateau"},
        {"recipe": Pgd(epsilon=0.1, step_size=0.05, steps=2, warm_up=0.9)},
    ],
)
def test_an_aborted_run_goes_on_from_its_last_epoch(tmp_path, base, changes):
    config = replace(EVERYTHING, **changes)
    whole = fit(tmp_path / "whole", config, base=base)

    abort(tmp_path / "aborted", config, base, after=2)
    assert fit(tmp_path / "aborted", config, base=base).weights_hash == whole.weights_hash


def abort(folder, config, base, *, after=1):
    """A run that ends after an epoch, with what it has written so far."""

    def stop(progress):
        if progress.epoch == after and progress.dev is not None:
            raise KeyError("stop")

    with pytest.raises(KeyError, match="stop"):
        fit(folder, config, base=base, on_progress=stop)
    return folder


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity") or os.cpu_count() == 1, reason="needs cores to choose from")
@pytest.mark.parametrize("moved", ["*", "checkpoint.safetensors"])
def test_a_run_that_goes_on_where_there_are_more_cores_keeps_its_number_of_threads(tmp_path, base, moved):
    config, cores = replace(SMALL, threads=0), os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        abort(tmp_path / "begun", config, base)
    finally:
        os.sched_setaffinity(0, cores)
    (tmp_path / "there").mkdir()
    for path in (tmp_path / "begun").glob(moved):
        path.rename(tmp_path / "there" / path.name)
    fitted = fit(tmp_path / "there", config, base=base)
    assert load_meta(tmp_path / "there")["threads"] == 1
    assert fitted.weights_hash == fit(tmp_path / "whole", SMALL, base=base).weights_hash


def test_what_decides_the_weights_is_written_down_when_a_run_begins(tmp_path, base):
    parent = save_model(tmp_path / "parent", build("digit_cnn"), {"architecture": "digit_cnn", "classes": 10})
    stored = files.read_json(abort(tmp_path, replace(SMALL, warm_start=True), base) / "config.json")
    assert (stored["threads"], stored["device"], stored["resumed_with"]) == (1, "cpu", [])
    assert (stored["cpu"], stored["first_weights"]) == (torch.backends.cpu.get_cpu_capability(), "the parent's")
    assert (stored["parent_weights_hash"], stored["pretrained_sha256"]) == (parent, None)
    assert stored["versions"] == {
        "python": platform.python_version(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }


def test_a_model_names_the_pretrained_weights_that_it_began_from_though_they_are_gone_since(tmp_path):
    from models_zoo.networks._torchvision import torchvision

    theirs = torchvision.models.mobilenet_v2().state_dict()
    save_file(theirs, tmp_path / "theirs.safetensors")
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    folder = only_collected(tmp_path, images, np.arange(8))
    config = replace(SMALL, architecture="mobilenet_v2", epochs=1, batch_size=8, lr=0.001, base_replay=0)
    config = replace(config, pretrained=str(tmp_path / "theirs.safetensors"))
    abort(folder, config, None)
    (tmp_path / "theirs.safetensors").rename(tmp_path / "elsewhere")
    fit(folder, config, base=None)
    meta, card = load_meta(folder), (folder / "README.md").read_text()
    assert meta["pretrained_sha256"] == weights_hash(theirs)
    assert weights_hash(theirs) in card
    assert f"| first weights | pretrained, {tmp_path / 'theirs.safetensors'} |" in card
    assert meta["versions"]["torchvision"] == torchvision.__version__


def photo_run(folder, **changes):
    """A run of a small network of torchvision's on eight pictures, and its config."""
    images = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), dtype=np.uint8)
    config = replace(SMALL, architecture="mobilenet_v2", epochs=1, batch_size=8, lr=0.001, base_replay=0)
    return only_collected(folder, images, np.arange(8)), replace(config, **changes)


@pytest.mark.parametrize("name", ["typo.pth", "typo.safetensors"])
def test_a_named_file_of_weights_that_is_not_there_fails_and_leaves_the_folder_free(tmp_path, name):
    folder, config = photo_run(tmp_path / "run", pretrained=str(tmp_path / name))
    sentence = f"no weights for mobilenet_v2 in {tmp_path / name} \\(there is no such file\\): correct the path, or"
    with pytest.raises(TrainingFailed, match=sentence):
        fit(folder, config, base=None)
    assert not (folder / "config.json").exists()


def test_a_named_file_of_another_networks_weights_fails(tmp_path):
    save_file(build("mnist_cnn").state_dict(), tmp_path / "digits.safetensors")
    folder, config = photo_run(tmp_path / "run", pretrained=str(tmp_path / "digits.safetensors"))
    with pytest.raises(
        TrainingFailed, match=r"no weights for mobilenet_v2 in .*digits\.safetensors \(Error"
    ) as failure:
        fit(folder, config, base=None)
    assert len(str(failure.value)) < 500


def test_where_torchvisions_weights_cannot_be_fetched_model_and_card_say_so(tmp_path, monkeypatch, caplog):
    from models_zoo.networks._torchvision import torchvision

    def offline(name):
        raise OSError("the network\nis | unreachable")

    monkeypatch.setattr(torchvision.models, "get_model_weights", offline)
    folder, config = photo_run(tmp_path, pretrained="torchvision")
    fit(folder, config, base=None)
    meta, card = load_meta(folder), (folder / "README.md").read_text()
    assert meta["pretrained_sha256"] is None
    assert meta["first_weights"] == "from scratch (wanted torchvision's weights: the network is | unreachable)"
    assert "| first weights | from scratch (wanted torchvision's weights: the network is \\| unreachable) |" in card
    assert "pretrained torchvision" not in card
    assert "mobilenet_v2 starts from scratch: torchvision's weights can't be had" in caplog.text


def test_other_versions_that_a_run_went_on_with_are_warned_of_and_listed_once(tmp_path, base, monkeypatch, caplog):
    whole = fit(tmp_path / "whole", SMALL, base=base)
    run = tmp_path / "run"
    with monkeypatch.context() as earlier:
        earlier.setattr(platform, "python_version", lambda: "3.9.1")
        abort(run, SMALL, base)
    now = platform.python_version()
    abort(run, SMALL, base, after=2)
    assert f"python was 3.9.1, is {now}" in caplog.text
    assert fit(run, SMALL, base=base).weights_hash == whole.weights_hash
    assert caplog.text.count("python was") == 1
    meta = load_meta(run)
    assert meta["versions"]["python"] == "3.9.1"
    (other,) = meta["resumed_with"]
    assert (other["after_epoch"], other["versions"]["python"], other["device"]) == (1, now, "cpu")
    machine = f"cpu ({torch.backends.cpu.get_cpu_capability()})"
    assert f"| after epoch 1 on | {machine}; numpy {np.__version__}, python {now}" in (run / "README.md").read_text()


def test_another_kind_of_cpu_that_a_run_went_on_with_is_warned_of_and_listed(tmp_path, base, monkeypatch, caplog):
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "ELSEWHERE")
        abort(tmp_path, SMALL, base)
    fit(tmp_path, SMALL, base=base)
    here = torch.backends.cpu.get_cpu_capability()
    assert f"the CPU's capability was ELSEWHERE, is {here}" in caplog.text
    meta = load_meta(tmp_path)
    assert (meta["cpu"], meta["resumed_with"][0]["cpu"]) == ("ELSEWHERE", here)


def test_versions_of_which_no_epoch_is_left_are_not_named(tmp_path, base, monkeypatch, caplog):
    with monkeypatch.context() as earlier:
        earlier.setattr(platform, "python_version", lambda: "3.9.1")
        (abort(tmp_path, SMALL, base) / "checkpoint.safetensors").unlink()
    fit(tmp_path, SMALL, base=base)
    assert (load_meta(tmp_path)["versions"]["python"], load_meta(tmp_path)["resumed_with"]) == (
        platform.python_version(), [],
    )  # fmt: skip
    assert not caplog.text


def test_a_run_does_not_go_on_from_another_parent(tmp_path, base):
    config = replace(SMALL, warm_start=True)
    for seed in (1, 2):
        torch.manual_seed(seed)
        save_model(tmp_path / "parent", build("digit_cnn"), {"architecture": "digit_cnn", "classes": 10})
        if seed == 1:
            abort(tmp_path, config, base)
    with pytest.raises(TrainingFailed, match="began from another parent: bring back the one that it had"):
        fit(tmp_path, config, base=base)


def test_a_run_names_its_parents_weights_from_before_averaging_and_goes_on_with_no_others(tmp_path, base):
    first = fit(tmp_path / "first", SMALL, base=base)
    config = replace(SMALL, warm_start=True, parent_share=0.5)
    parent = line_of(first, tmp_path / "line", replace(config, epochs=1), base=base)[1]
    meta = load_meta(parent.folder)
    run = abort(child_of(parent, tmp_path / "run"), config, base)
    assert (
        load_meta(fit(child_of(parent, tmp_path / "whole"), config, base=base).folder)["parent_trained_hash"]
        == (meta["trained_hash"])
    )
    save_model(run / "parent", parent.model, meta, trained=first.model.state_dict())
    with pytest.raises(TrainingFailed, match="began from another parent"):
        fit(run, config, base=base)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_on_a_gpu_an_aborted_run_ends_with_the_same_weights_too(tmp_path, base):
    config = replace(EVERYTHING, device="cuda")
    whole = fit(with_collected(tmp_path / "whole"), config, base=base)
    assert load_meta(whole.folder)["device"].startswith("cuda")
    assert fit(abort(with_collected(tmp_path / "run"), config, base), config, base=base).weights_hash == (
        whole.weights_hash
    )


def test_a_run_that_an_earlier_version_of_the_code_began_goes_on(tmp_path, base):
    whole = fit(tmp_path / "whole", SMALL, base=base)
    run = abort(tmp_path / "run", SMALL, base)
    stored = files.read_json(run / "config.json")
    files.write_json(run / "config.json", {name: stored[name] for name in ("config", "data_sha256")})
    tensors, metadata = read_tensors(run / "checkpoint.safetensors")
    save_file(tensors, run / "checkpoint.safetensors", metadata={"history": metadata["history"]})
    resumed = []
    again = fit(run, SMALL, base=base, on_progress=lambda progress: resumed.append(progress.epoch))
    assert (min(resumed), again.weights_hash) == (2, whole.weights_hash)
    assert load_meta(run)["threads"] == 1
    assert not {"cpu", "first_weights"} & load_meta(run).keys()


def test_a_checkpoint_of_an_earlier_version_that_calls_its_provenance_claim_is_held_to_it(tmp_path, base):
    run = abort(tmp_path, SMALL, base)
    tensors, metadata = read_tensors(run / "checkpoint.safetensors")
    metadata["claim"] = metadata.pop("provenance")
    save_file(tensors, run / "checkpoint.safetensors", metadata=metadata)
    (run / "config.json").unlink()
    with pytest.raises(TrainingFailed, match="seed was 0, is 1"):
        fit(run, replace(SMALL, seed=1), base=base)


def test_a_checkpoint_of_another_version_of_the_network_costs_time_but_changes_nothing(tmp_path, base, caplog):
    whole = fit(tmp_path / "whole", SMALL, base=base)
    checkpoint = abort(tmp_path / "run", SMALL, base) / "checkpoint.safetensors"
    tensors, metadata = read_tensors(checkpoint)
    without_its_last_layer = {name: tensor for name, tensor in tensors.items() if not name.startswith("model.19.")}
    assert without_its_last_layer.keys() < tensors.keys()
    save_file(without_its_last_layer, checkpoint, metadata=metadata)
    assert fit(tmp_path / "run", SMALL, base=base).weights_hash == whole.weights_hash
    assert "another network than this version builds. The training starts over." in caplog.text


def test_a_damaged_checkpoint_costs_time_but_changes_nothing(tmp_path, base, caplog):
    whole = fit(tmp_path / "whole", SMALL, base=base)
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged" / "checkpoint.safetensors").write_bytes(b"half a file")
    assert fit(tmp_path / "damaged", SMALL, base=base).weights_hash == whole.weights_hash
    assert "starts over" in caplog.text


def test_a_finished_run_is_returned_at_once(run_folder, base):
    fitted = fit(run_folder, SMALL, base=base)
    again = fit(run_folder, SMALL, base=base, on_progress=lambda progress: pytest.fail("it trained again"))
    assert again.weights_hash == fitted.weights_hash
    assert again.epochs == fitted.epochs


def test_progress_counts_up_to_the_end(tmp_path, base, monkeypatch):
    monkeypatch.setattr("models_zoo.training.run.SECONDS_BETWEEN_REPORTS", 0)
    seen = []
    fit(tmp_path, SMALL, base=base, on_progress=seen.append)
    assert [progress.step for progress in seen] == list(range(1, 31))
    assert [progress.epoch for progress in seen if progress.dev is not None] == [1, 2, 3]
    assert seen[-1].seconds_left == 0
    assert all(progress.seconds_left > 0 for progress in seen[:-1])


def child_of(parent, folder):
    """A run's folder with this model as its parent."""
    shutil.copytree(parent.folder, with_collected(folder) / "parent", ignore=shutil.ignore_patterns("data", "parent"))
    return folder


def test_a_warm_start_begins_where_the_parent_ended(tmp_path, base):
    parent = fit(tmp_path / "parent_run", replace(SMALL, epochs=4), base=base)
    child = child_of(parent, tmp_path / "child")
    first = fit(child, replace(SMALL, epochs=1, lr=0.001, warm_start=True), base=base).epochs[0]
    assert first["loss"] < fit(tmp_path / "cold", replace(SMALL, epochs=1, lr=0.001), base=base).epochs[0]["loss"] / 2


def line_of(first, folder, config, *, base):
    """Three trainings in a row, each with the one before as its parent."""
    models = [first]
    for number in (1, 2, 3):
        models.append(fit(child_of(models[-1], folder / str(number)), replace(config, seed=number), base=base))
    return models[1:]


@pytest.mark.parametrize(("most", "shares"), [(0.9, (0, 1 / 5, 2 / 6)), (0.25, (0, 1 / 5, 0.25))])
def test_trainings_in_a_line_are_averaged_and_each_goes_on_from_what_was_trained(tmp_path, base, most, shares):
    first = fit(tmp_path / "first", SMALL, base=base)
    config = replace(SMALL, epochs=1, warm_start=True)
    plain = line_of(first, tmp_path / "plain", config, base=base)
    averaged = line_of(first, tmp_path / "averaged", replace(config, parent_share=most), base=base)

    expected = first.model.state_dict()
    for trained, mixed, share in zip(plain, averaged, shares, strict=True):
        assert weights_hash(load_trained(mixed.folder)) == trained.weights_hash
        for name, tensor in trained.model.state_dict().items():
            if tensor.is_floating_point():
                expected[name] = share * expected[name] + (1 - share) * tensor
                torch.testing.assert_close(mixed.model.state_dict()[name], expected[name])
            else:
                assert torch.equal(mixed.model.state_dict()[name], tensor), name
        assert mixed.epochs[-1]["dev"] == trained.epochs[-1]["dev"]
    assert averaged[2].weights_hash != plain[2].weights_hash


def test_without_a_warm_start_there_is_no_parent_to_keep_a_share_of(tmp_path, base):
    cold = fit(tmp_path / "cold", SMALL, base=base)
    assert fit(tmp_path / "share", replace(SMALL, parent_share=0.5), base=base).weights_hash == cold.weights_hash


def test_early_stopping_keeps_the_best_epoch(run_folder, base):
    fitted = fit(run_folder, replace(SMALL, epochs=30, patience=2, schedule="constant"), base=base)
    accuracies = [row["dev_accuracy"] for row in fitted.epochs]
    best = accuracies.index(max(accuracies))
    assert len(accuracies) == best + 3 < 30
    dev = fitted.epochs[best]["dev"]["base"]
    assert accuracy(fitted.model, base.dev_images, base.dev_labels).correct == dev["correct"]


def test_early_stopping_brings_back_the_best_epoch_when_later_ones_spoil_the_model(tmp_path, base, monkeypatch):
    def spoilt(recipe, step):
        return losses.loss(recipe, step if step.done < 0.4 else replace(step, labels=(step.labels + 1) % 10))

    monkeypatch.setattr(training_run, "loss", spoilt)
    config = replace(SMALL, epochs=5, patience=3, schedule="constant", lr=0.05)
    fitted = fit(tmp_path, config, base=base)
    right = [row["dev"]["base"]["correct"] for row in fitted.epochs]
    assert max(right) > 80
    assert max(right) in right[:2]
    assert right[-1] < 20
    assert accuracy(fitted.model, base.dev_images, base.dev_labels).correct == max(right)


def test_a_loss_is_given_the_share_of_the_run_that_is_done_also_after_resuming(tmp_path, base, monkeypatch):
    done = []

    def listen(recipe, step):
        done.append(step.done)
        return losses.loss(recipe, step)

    monkeypatch.setattr(training_run, "loss", listen)
    abort(tmp_path, SMALL, base)
    assert len(done) == 10
    fit(tmp_path, SMALL, base=base)
    assert done == pytest.approx([step / 30 for step in range(30)])


UNLEARNABLE = Pgd(epsilon=1.0, step_size=1.0, steps=1)


def with_twice_the_dev_set(base):
    return replace(base, dev_images=base.dev_images.repeat(2, axis=0), dev_labels=base.dev_labels.repeat(2))


def test_a_model_that_gives_every_picture_one_answer_fails_with_advice_and_is_no_model(tmp_path, base):
    for advice, changes in {
        r"label \d. Train again with a lower lr, with a warm_up \(such as 0.5\) or with a smaller epsilon\.$": {},
        "with a lower lr, with a warm_up": {"patience": 2},
    }.items():
        folder = tmp_path / str(len(changes))
        for _ in ("when it ends", "when it is called again"):
            with pytest.raises(TrainingFailed, match=advice):
                fit(folder, replace(SMALL, recipe=UNLEARNABLE, **changes), base=with_twice_the_dev_set(base))
        assert not (folder / "model.json").exists()


def test_the_advice_for_a_plain_recipe_does_not_mention_attacks(tmp_path, base, monkeypatch):
    def always_seven(recipe, step):
        return losses.loss(recipe, replace(step, labels=torch.full_like(step.labels, 7)))

    monkeypatch.setattr(training_run, "loss", always_seven)
    with pytest.raises(TrainingFailed, match=r"dev set the label 7\. Train again with a lower lr\.$"):
        fit(tmp_path / "run", SMALL, base=with_twice_the_dev_set(base))
    assert fit(tmp_path / "few", replace(SMALL, epochs=1), base=base).weights_hash
    sevens = base.dev_images[base.dev_labels == 7].repeat(20, axis=0)
    only = replace(base, dev_images=sevens, dev_labels=np.full(len(sevens), 7))
    assert len(sevens) == 200
    assert fit(tmp_path / "only", replace(SMALL, epochs=1), base=only).weights_hash


@pytest.mark.parametrize("name", ["model.safetensors", "model.json", "metrics.json", "checkpoint.safetensors"])
def test_a_full_disk_fails_with_a_sentence_and_the_run_goes_on_later(tmp_path, base, monkeypatch, name):
    whole = fit(tmp_path / "whole", SMALL, base=base)
    write = os.replace

    def full(source, target):
        if Path(target).name == name:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(TrainingFailed, match="disk is full"):
        fit(tmp_path / "run", SMALL, base=base)
    assert not (tmp_path / "run" / "model.json").exists()
    assert not [path for path in (tmp_path / "run").iterdir() if path.name.startswith(".")]
    monkeypatch.undo()
    assert fit(tmp_path / "run", SMALL, base=base).weights_hash == whole.weights_hash


def test_a_run_that_was_killed_after_its_model_was_written_gets_its_card_and_leaves_no_checkpoint(tmp_path, base):
    fit(tmp_path, SMALL, base=base)
    (tmp_path / "README.md").unlink()
    (tmp_path / "checkpoint.safetensors").write_bytes(b"of the last epoch")
    fit(tmp_path, SMALL, base=base)
    assert (tmp_path / "README.md").exists()
    assert not (tmp_path / "checkpoint.safetensors").exists()


def test_a_diverging_run_fails_and_leaves_no_model(tmp_path, base):
    with pytest.raises(TrainingFailed, match="diverged"):
        fit(tmp_path, replace(SMALL, lr=1e30), base=base)
    assert not (tmp_path / "model.json").exists()
    assert not (tmp_path / "checkpoint.safetensors").exists()


def test_a_full_gpu_fails_with_a_sentence_and_leaves_no_model(tmp_path, base, monkeypatch):
    def too_much(recipe, step):
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(training_run, "loss", too_much)
    with pytest.raises(TrainingFailed, match="GPU's memory is full: train again with a lower batch_size"):
        fit(tmp_path, SMALL, base=base)
    assert not (tmp_path / "model.json").exists()


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_refused(tmp_path, base):
    with pytest.raises(TrainingFailed, match="no device cuda here: choose one of auto, cpu"):
        fit(tmp_path, replace(SMALL, device="cuda"), base=base)
    assert not (tmp_path / "config.json").exists()


def only_collected(folder, images, labels):
    (folder / "data").mkdir(parents=True)
    np.save(folder / "data" / "train_images.npy", images)
    np.save(folder / "data" / "train_labels.npy", labels)
    return folder


def test_an_empty_training_set_fails(tmp_path):
    with pytest.raises(TrainingFailed, match="empty"):
        fit(tmp_path, replace(SMALL, base_replay=0), base=None)


def test_an_empty_collection_is_no_failure_beside_base_data(tmp_path, base):
    none = only_collected(tmp_path, np.zeros((0, 28, 28), dtype=np.uint8), np.zeros(0, dtype=np.int64))
    assert fit(none, replace(SMALL, epochs=1), base=base).epochs


def test_a_training_set_of_one_class_fails(tmp_path):
    images, _ = toys(20)
    folder = only_collected(tmp_path, images, np.full(20, 3))
    with pytest.raises(TrainingFailed, match="only the label 3"):
        fit(folder, replace(SMALL, base_replay=0), base=None)


@pytest.mark.parametrize("label", [-1, 10])
def test_a_label_outside_the_task_fails(tmp_path, label):
    images, labels = toys(20)
    labels[7] = label
    with pytest.raises(TrainingFailed, match=f"the label {label}"):
        fit(only_collected(tmp_path, images, labels), replace(SMALL, base_replay=0), base=None)


def test_pictures_without_labels_fail(tmp_path):
    images, labels = toys(20)
    with pytest.raises(TrainingFailed, match="20 train pictures but 19 labels"):
        fit(only_collected(tmp_path, images, labels[1:]), replace(SMALL, base_replay=0), base=None)


@pytest.mark.parametrize("choice", [{"patience": 1}, {"schedule": "plateau"}])
def test_choosing_by_dev_accuracy_without_a_dev_set_fails(tmp_path, choice):
    with pytest.raises(TrainingFailed, match="no dev set"):
        fit(only_collected(tmp_path, *toys(20)), replace(SMALL, base_replay=0, **choice), base=None)


def test_a_missing_base_set_fails(tmp_path):
    with pytest.raises(TrainingFailed, match="base set is missing"):
        fit(tmp_path, SMALL, base=None)


def test_a_missing_parent_fails(tmp_path, base):
    with pytest.raises(TrainingFailed, match="no parent"):
        fit(tmp_path, replace(SMALL, warm_start=True), base=base)


def test_a_parent_of_another_architecture_fails(tmp_path, base):
    fit(tmp_path / "parent", replace(SMALL, epochs=1, architecture="mnist_cnn"), base=base)
    with pytest.raises(TrainingFailed, match="mnist_cnn for 10 labels"):
        fit(tmp_path, replace(SMALL, warm_start=True), base=base)


def test_a_damaged_parent_fails(tmp_path, base):
    fit(tmp_path / "parent", replace(SMALL, epochs=1), base=base)
    (tmp_path / "parent" / "model.safetensors").write_bytes(b"half a file")
    with pytest.raises(TrainingFailed, match="cannot be read"):
        fit(tmp_path, replace(SMALL, warm_start=True), base=base)


def test_a_parent_of_another_version_of_the_network_fails(tmp_path, base):
    save_model(tmp_path / "parent", build("mnist_cnn"), {"architecture": "digit_cnn", "classes": 10})
    with pytest.raises(TrainingFailed, match="another digit_cnn than this version builds"):
        fit(tmp_path, replace(SMALL, warm_start=True), base=base)


def test_a_folder_is_never_mixed_with_another_run(run_folder, base):
    fit(run_folder, SMALL, base=base)
    for changes, named in [
        ({"seed": 2}, "seed was 0, is 2"),
        ({"lr": 0.05, "base_replay": 9}, "lr was 0.1, is 0.05; base_replay was none, is 9"),
        ({"recipe": Pgd()}, "recipe was standard, is pgd"),
        ({"augment": Augment()}, "augment was none, is set"),
    ]:
        with pytest.raises(TrainingFailed, match=rf"another config or other data \({named}\): use a new folder"):
            fit(run_folder, replace(SMALL, **changes), base=base)
    with pytest.raises(TrainingFailed, match=r"other data \(the training data is not the same\): use a new folder"):
        fit(run_folder, SMALL, base=toy_base(320))


def test_what_differs_inside_recipe_and_augmentation_is_named_by_its_field(tmp_path, base):
    config = replace(SMALL, epochs=1, augment=Augment(), recipe=Pgd(epsilon=0.1, steps=1))
    fit(tmp_path, config, base=base)
    other = replace(config, recipe=Pgd(epsilon=0.1, steps=1, warm_up=0.5), augment=Augment(flip=True))
    with pytest.raises(TrainingFailed, match=r"\(recipe.warm_up was 0.0, is 0.5; augment.flip was False, is True\)"):
        fit(tmp_path, other, base=base)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('{"config": {"lr"', "config.json is damaged: use a new folder, or bring the file back as it was."),
        ("\x80", "config.json is damaged: use a new folder"),
        ("{}", "config.json is not a run's: use a new folder, or bring the file back as it was."),
        ("[1]", "config.json is not a run's"),
        ('{"config": {"magic": 1}, "data_sha256": ""}', "The config has no field magic"),
        ('{"config": [], "data_sha256": ""}', "The config must be an object of fields and values."),
    ],
)
def test_a_damaged_config_fails_with_a_sentence(run_folder, base, text, sentence):
    (run_folder / "config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(TrainingFailed) as failure:
        fit(run_folder, SMALL, base=base)
    assert sentence in str(failure.value)
