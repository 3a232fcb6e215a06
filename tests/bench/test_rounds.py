"""`python -m bench.rounds`: what it plays, what it writes, and what it refuses. Toys, not MNIST."""

import csv
from dataclasses import replace

import pytest

from bench import rounds
from bench.experiment import arms, measure, readings
from models_zoo.training.config import Config
from tests.crowd.toys import toy_handwriting
from tests.models_zoo.conftest import toy_base

QUICK = Config(architecture="mnist_cnn", epochs=1, base_replay=256, lr=0.05, threads=1)
SMALL = ["--rounds", "2", "--per-round", "12", "--annotators", "10", "--threads", "1"]


@pytest.fixture
def play(monkeypatch, tmp_path):
    """play(*options) → what the command wrote, with small trainings in a folder of its own."""
    quick = {name: replace(arm, config=replace(QUICK, warm_start=True)) for name, arm in arms.MAIN.items()}
    monkeypatch.setattr("bench.experiment.run.ARMS", arms.ARMS | quick)
    monkeypatch.setattr(rounds, "FIRST", QUICK)
    monkeypatch.setattr(measure, "CORRUPTED", 4)
    monkeypatch.setattr(readings, "CHALLENGE", 60)
    monkeypatch.setattr(rounds, "ensure_mnist", lambda folder, progress: None)
    monkeypatch.setattr(rounds, "load_mnist", lambda folder: toy_base())
    monkeypatch.setattr(rounds, "load_handwriting", lambda: toy_handwriting(60))

    def play(*options):
        rounds.main(["--folder", str(tmp_path / "rounds"), "--page", str(tmp_path / "docs" / "results.md"), *options])
        return tmp_path / "docs"

    return play


def test_it_plays_its_arms_and_writes_the_page_with_its_charts_and_counts(play):
    docs = play(*SMALL, "--arms", "dynamic", "ordinary")
    told = " ".join((docs / "results.md").read_text().split())
    assert "| rounds finished | dynamic 2, ordinary 2; with seed 0 where nothing else stands |" in told
    assert "| not here | arms that were not run: “static: fool the first model” (static), " in told
    assert "Each round closes at 12 verified examples" in told
    assert "| ordinary, after round 2 |" in told.split("people who know none of them?")[1].split("##")[0]
    pictures = {path.name for path in (docs / "images/results").iterdir()}
    assert pictures == {"fooled.svg", "held-out.svg", "mnist.svg", "still-misread.svg"}
    with (docs / "results-by-hand.csv").open() as lines:
        rows = list(csv.DictReader(lines))
    assert {row["arm"] for row in rows} == {"dynamic", "ordinary"}


def test_the_page_tells_of_what_was_played_whatever_the_command_says_later(play):
    play(*SMALL, "--arms", "dynamic")
    told = " ".join((play("--page-only", "--per-round", "99") / "results.md").read_text().split())
    assert "Each round closes at 12 verified examples" in told
    assert "10 simulated annotators" in told


def test_other_settings_in_the_same_folder_are_refused(play):
    play(*SMALL, "--arms", "dynamic")
    with pytest.raises(SystemExit, match="other settings were used there: use another --folder"):
        play(*SMALL, "--arms", "dynamic", "--per-round", "13")


def test_without_the_dynamic_arm_there_is_no_page_but_nothing_is_lost(play, tmp_path):
    with pytest.raises(SystemExit, match="it is about the dynamic arm, so run --arms dynamic as well"):
        play(*SMALL, "--arms", "ordinary")
    assert (tmp_path / "rounds/seed-0/ordinary/round-02/result.json").exists()
    play(*SMALL, "--arms", "dynamic")


def test_an_arm_on_anothers_examples_asks_for_that_one_first(play):
    with pytest.raises(SystemExit, match="trains on what dynamic collected: run that arm first"):
        play(*SMALL, "--arms", "once")


def test_more_people_than_there_is_handwriting_for_are_refused(play):
    with pytest.raises(SystemExit, match=r"1500 hands can't be made.*: choose 1 to 6"):
        play("--annotators", "1200")


def test_a_page_of_nothing_is_refused(play):
    with pytest.raises(SystemExit, match="has no results yet: run without --page-only first"):
        play("--page-only")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--short", "--rounds", "2"], "--short has a size of its own and no page"),
        (["--short", "--page-only"], "--short has a size of its own and no page"),
        (["--per-round", "0"], "--per-round must be 1 or more"),
        (["--annotators", "9"], "--annotators must be 10 or more"),
        (["--seeds", "0", "-1"], "--seeds must be 0 or more"),
        (["--threads", "-1"], "--threads must be 0 or more"),
        (["--arms", "dynamics"], "invalid choice: 'dynamics'"),
    ],
)
def test_options_that_make_no_sense_are_refused_before_anything_is_trained(play, tmp_path, capsys, options, sentence):
    with pytest.raises(SystemExit):
        play(*options)
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "rounds").exists()


def test_stopped_by_hand_it_says_how_to_go_on(play, monkeypatch):
    def stop(experiment, name):
        raise KeyboardInterrupt

    monkeypatch.setattr(rounds.Experiment, "run", stop)
    with pytest.raises(SystemExit, match="Stopped; the same command goes on from there"):
        play(*SMALL)


def test_what_cannot_be_kept_is_told_in_a_sentence(play, tmp_path):
    (tmp_path / "rounds").touch()
    with pytest.raises(SystemExit, match=r"Nothing more can be kept in .* mend that, then go on"):
        play(*SMALL, "--arms", "dynamic")


def test_a_round_in_which_nobody_fooled_the_model_says_so(play, monkeypatch):
    monkeypatch.setattr("bench.experiment.run.MOST_ATTEMPTS", 0)
    with pytest.raises(SystemExit, match="0 attempts and not one verified drawing"):
        play(*SMALL, "--arms", "dynamic")
