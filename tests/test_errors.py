"""The table of errors: codes, statuses, sentences with their fields."""

import string
import subprocess
import sys

import pytest

from rounds.errors import MEMBERS, ErrorKind, Invalid, Missing, NotAllowed, Refused, Unavailable


@pytest.mark.parametrize("kind", ErrorKind, ids=lambda kind: kind.name)
def test_the_sample_values_are_those_of_the_sentence_and_the_members(kind):
    fields = {field for _, field, _, _ in string.Formatter().parse(kind.sentence) if field}
    assert fields <= set(kind.samples) <= fields | set(MEMBERS)


def test_a_code_has_one_status():
    assert len({(kind.code, kind.status) for kind in ErrorKind}) == len({kind.code for kind in ErrorKind})


def test_no_two_situations_share_a_sentence():
    assert len({kind.sentence for kind in ErrorKind}) == len(ErrorKind)


def test_an_error_has_its_sentence_filled_and_the_members_for_programs():
    error = ErrorKind.ROUND_CLOSED.error(number=1, open_number=2, open_round=17)
    assert (error.status, error.code) == (409, "round_closed")
    assert error.detail.startswith("Round 1 is closed. Round 2 is open now;")
    assert error.members == {"open_round": 17}
    assert str(error) == error.detail


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        (ErrorKind.REASON_MISSING, Invalid),
        (ErrorKind.OWN_EXAMPLE, NotAllowed),
        (ErrorKind.NOT_YOUR_EXAMPLE, Missing),
        (ErrorKind.SETTLED, Refused),
        (ErrorKind.ADVERSARY_UNAVAILABLE, Unavailable),
    ],
)
def test_the_class_of_an_error_goes_by_its_status(kind, error):
    assert type(kind.error()) is error


def test_what_a_person_typed_is_not_taken_for_a_field():
    assert "“{labels}”" in ErrorKind.LABEL_UNKNOWN.error(label="{labels}", labels="0, 1").detail


def test_the_table_can_be_read_without_django():
    code = "import rounds.errors, sys; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
