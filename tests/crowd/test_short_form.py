"""Three small rounds on real digits and real handwriting: the loop does what it is for. About half a minute."""

import pytest

from bench.crowd import HandwritingError, load_handwriting
from bench.experiment import numbers
from bench.experiment.run import Experiment
from bench.rounds import SHORT
from tests.models_zoo.conftest import mnist  # noqa: F401  the fixture


@pytest.fixture
def handwriting():
    try:
        return load_handwriting()
    except HandwritingError as error:
        pytest.skip(str(error))


def test_three_rounds_teach_the_model_writers_it_never_saw(tmp_path, mnist, handwriting):  # noqa: F811
    Experiment(tmp_path, SHORT, 0, mnist, handwriting, say=lambda sentence: None).run("dynamic")
    results = numbers.read(tmp_path)
    # Safe to ask: fewer errors than at the start, compared hand by hand on the same drawings.
    assert numbers.fewer_errors(results, ("dynamic", 3), ("dynamic", 0)).is_sure
    # Every round was played out, and validation let hardly a wrong label through.
    rounds = [row for number in (1, 2, 3) for row in results.of("dynamic", number)]
    assert [row["counts"]["verified"] for row in rounds] == [SHORT.per_round] * 3
    assert numbers.counted(rounds, "verified_wrongly") <= 0.05 * 3 * SHORT.per_round
