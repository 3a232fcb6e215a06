"""`python -m bench.rounds`: what it plays, what it writes, and what it refuses. Toys, not MNIST."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from bench import rounds
from bench.experiment import after_rounds, arms, measure
from bench.experiment.results import read_csv
from models_zoo.training.config import Config
from tests.crowd.toys import toy_handwriting
from tests.models_zoo.conftest import serve_as_mnist, toy_base

from .made_up import table_in

QUICK = Config(architecture="mnist_cnn", epochs=1, base_replay=256, lr=0.05, threads=1)
DOCS = Path(__file__).parents[2] / "docs"
SMALL = ["--rounds", "2", "--per-round", "12", "--annotators", "10", "--threads", "1"]


@pytest.fixture
def play(monkeypatch, tmp_path):
    """play(*options) → the folder of the page, after small trainings in a folder of their own."""
    quick = {name: replace(arm, config=replace(QUICK, warm_start=True)) for name, arm in arms.MAIN.items()}
    monkeypatch.setattr("bench.experiment.run.ARMS", arms.ARMS | quick)
    monkeypatch.setattr(rounds, "FIRST", QUICK)
    monkeypatch.setattr(measure, "CORRUPTED", 4)
    monkeypatch.setattr(after_rounds, "FRESH_ATTEMPTS", 60)
    serve_as_mnist(monkeypatch, toy_base())
    monkeypatch.setattr(rounds, "load_handwriting", lambda: toy_handwriting(60))

    (tmp_path / "docs").mkdir()
    shutil.copy(DOCS / "results.md", tmp_path / "docs")

    def play(*options):
        rounds.main(["--folder", str(tmp_path / "rounds"), "--page", str(tmp_path / "docs" / "results.md"), *options])
        return tmp_path / "docs"

    return play


def test_it_plays_its_arms_and_writes_tables_charts_and_counts(play, capsys):
    docs = play(*SMALL, "--arms", "dynamic", "ordinary")
    page = (docs / "results.md").read_text()
    assert "| dynamic | 2 | 24 |" in table_in(page, "costs")
    assert "| ordinary, after round 2 |" in table_in(page, "fresh-annotators")
    pictures = {path.name for path in (docs / "images/results").iterdir()}
    assert pictures == {"main.svg", "mnist.svg", "still-misread.svg"}
    assert set(read_csv(docs).seeds[0]) == {"dynamic", "ordinary", after_rounds.NOT_AVERAGED}
    assert capsys.readouterr().out.splitlines()[-1].endswith(": noise, trainings, training-time.")


def test_what_is_written_by_hand_and_tables_without_counts_stay_as_they_are(play):
    page = (play(*SMALL, "--arms", "dynamic") / "results.md").read_text()
    before = (DOCS / "results.md").read_text()
    assert table_in(page, "noise") == table_in(before, "noise")
    assert table_in(page, "main") != table_in(before, "main")
    assert page.partition("<!-- table")[0] == before.partition("<!-- table")[0]
    assert page.rpartition("<!-- end")[2] == before.rpartition("<!-- end")[2]


def test_the_page_is_made_again_from_its_csv_files_alone(play, tmp_path):
    docs = play(*SMALL, "--arms", "dynamic")
    page = (docs / "results.md").read_text()
    shutil.rmtree(tmp_path / "rounds")
    (docs / "results.md").write_text(page.replace(table_in(page, "main"), "| old |"))
    assert (play("--page-only") / "results.md").read_text() == page


def test_the_page_has_what_was_played_whatever_the_command_requests_later(play):
    play(*SMALL, "--arms", "dynamic", "ordinary")
    page = (play(*SMALL, "--arms", "dynamic") / "results.md").read_text()
    assert "| ordinary | 2 | 24 |" in table_in(page, "costs")


def test_seeds_that_are_not_finished_are_named_and_left_out(play, capsys):
    play(*SMALL, "--arms", "dynamic", "--seeds", "0", "1")
    docs = play("--rounds", "3", *SMALL[2:], "--arms", "dynamic", "--seeds", "1")
    assert "Left out: dynamic (seed 0: 2 of 3 rounds)." in capsys.readouterr().out
    assert list(read_csv(docs).seeds) == [1]


def test_other_settings_in_the_same_folder_are_refused(play):
    play(*SMALL, "--arms", "dynamic")
    with pytest.raises(SystemExit, match="other settings were used there: use another --folder"):
        play(*SMALL, "--arms", "dynamic", "--per-round", "13")


def test_without_the_dynamic_arm_there_is_no_page_but_nothing_is_lost(play, tmp_path):
    with pytest.raises(SystemExit, match="Every table compares with the dynamic arm, so run --arms dynamic as well"):
        play(*SMALL, "--arms", "ordinary")
    assert (tmp_path / "rounds/seed-0/ordinary/round-02/result.json").exists()
    play(*SMALL, "--arms", "dynamic")


def test_an_arm_on_anothers_examples_needs_that_one_first(play):
    with pytest.raises(SystemExit, match="trains on what dynamic collected: run that arm first"):
        play(*SMALL, "--arms", "once")


def test_more_people_than_there_is_handwriting_for_are_refused(play):
    with pytest.raises(SystemExit, match=r"1500 writers can't be made.*: choose 1 to 6"):
        play("--annotators", "1200")


def test_a_page_of_nothing_is_refused(play):
    with pytest.raises(SystemExit, match=r"results\.csv is missing: run without --page-only first"):
        play("--page-only")


def test_a_page_without_places_for_its_tables_is_refused_before_anything_is_trained(play, tmp_path):
    (tmp_path / "docs" / "results.md").write_text("# Results\n")
    with pytest.raises(SystemExit, match="has no place for a table: it needs the lines <!-- table: main"):
        play(*SMALL)
    assert not (tmp_path / "rounds").exists()


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


def test_stopped_with_ctrl_c_it_says_how_to_go_on(play, monkeypatch):
    def stop(experiment, name):
        raise KeyboardInterrupt

    monkeypatch.setattr(rounds.Experiment, "run", stop)
    with pytest.raises(SystemExit, match="Stopped; the same command goes on from there"):
        play(*SMALL)


def test_what_cannot_be_stored_is_reported_in_a_sentence(play, tmp_path):
    (tmp_path / "rounds").touch()
    with pytest.raises(SystemExit, match=r"Nothing more can be stored in .* mend that, then go on"):
        play(*SMALL, "--arms", "dynamic")


def test_a_round_in_which_nobody_fooled_the_model_says_so(play, monkeypatch):
    monkeypatch.setattr("bench.experiment.run.MAX_ATTEMPTS", 0)
    with pytest.raises(SystemExit, match="0 attempts and not one verified drawing"):
        play(*SMALL, "--arms", "dynamic")
