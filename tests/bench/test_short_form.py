"""Three small rounds on real digits and real handwriting: the loop does what it is for. About half a minute."""

import pytest

from bench import rounds
from bench.experiment import numbers
from bench.experiment.results import read_played
from crowd import HandwritingError, load_handwriting
from tests.models_zoo.conftest import mnist, serve_as_mnist  # noqa: F401  the fixture


@pytest.fixture
def handwriting():
    try:
        return load_handwriting()
    except HandwritingError as error:
        pytest.skip(str(error))


@pytest.fixture
def play_short(monkeypatch, mnist, handwriting, tmp_path):  # noqa: F811
    """play_short() → what `python -m bench.rounds --short` leaves, of the dynamic arm."""
    serve_as_mnist(monkeypatch, mnist)
    monkeypatch.setattr(rounds, "load_handwriting", lambda: handwriting)

    def play():
        rounds.main(["--short", "--arms", "dynamic", "--folder", str(tmp_path)])
        return read_played(tmp_path / "short")

    return play


def test_three_rounds_teach_the_model_writers_it_never_saw(play_short, capsys):
    found = play_short()
    # Holds with a wide margin: fewer errors than at the start, compared writer by writer on the same drawings.
    assert numbers.fewer_errors(found, ("dynamic", 3), ("dynamic", 0)).is_significant
    assert "% fewer [" in capsys.readouterr().out.splitlines()[-1]
    # Every round was played out, and validation let hardly a wrong label through.
    played = [result for number in (1, 2, 3) for result in found.of("dynamic", number)]
    assert [result.totals["verified"][0] for result in played] == [rounds.SHORT.per_round] * 3
    assert numbers.total(played, "verified_wrongly") <= 0.05 * 3 * rounds.SHORT.per_round
