"""What the command line refuses, before anything is trained."""

import json

import pytest

from models_zoo.command import build_parser, main, read_config
from models_zoo.config import FIRST, Config


def config_of(*options: str) -> Config:
    return read_config(build_parser().parse_args(["folder", *options]))


def test_options_change_the_ready_config():
    config = config_of("--epochs", "3", "--recipe", "pgd,steps=7", "--augment", "none", "--base-replay", "all")
    assert (config.epochs, config.recipe.steps, config.augment, config.base_replay) == (3, 7, None, None)


def test_a_config_is_read_from_a_runs_own_file(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"config": FIRST.to_json(), "data_sha256": "abc"}))
    assert config_of("--config", str(tmp_path / "config.json")) == FIRST


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--suites", "base,speed"], "there is no suite 'speed'"),
        (["--at-most", "0"], "give 1 or more"),
        (["--base-replay", "none"], "base_replay must be of type"),
        (["--base-replay", "0", "--device", "tpu9"], "There is no device tpu9 here: choose one of auto, cpu"),
        (["--base-replay", "0", "--device", "cuda:99"], "There is no device cuda:99 here"),
        (["--recipe", "pgd,epsilon=nan"], "epsilon must be a finite number"),
        (["--augment", "share=2"], "share must be 0 to 1"),
        (["--config", "nowhere.json"], "nowhere.json can't be read"),
    ],
)
def test_refuses_with_a_sentence(tmp_path, monkeypatch, capsys, options, sentence):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as refusal:
        main(["folder", *options])
    assert sentence in f"{refusal.value.code}{capsys.readouterr().err}"
    assert not (tmp_path / "folder").exists()
