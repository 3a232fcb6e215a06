"""Who is in a crowd, and what `manage.py crowd` refuses to be asked for. No site and no database."""

import pytest
from django.core.management import CommandError, call_command

from crowd.management.commands import crowd

from .toys import toy_crowd, toy_handwriting


@pytest.fixture
def toy_people(monkeypatch):
    """People whose handwriting is made up: 24 trajectories of each digit."""
    monkeypatch.setattr(crowd, "load_handwriting", toy_handwriting)


def options_of(*given):
    """What the command makes of its command line."""
    return vars(crowd.Command().create_parser("manage.py", "crowd").parse_args(given))


def who_is_careless(people):
    return [validator.is_careless for validator in people.validators]


# --- What is refused ----------------------------------------------------------------------------------------------

SHARES = ["--wrong-digit", "--scrawl", "--errors", "--unreadable"]
ONE_OR_MORE = ["--annotators", "--tries", "--target"]
ZERO_OR_MORE = ["--validators", "--seed", "--careless", "--rounds", "--leave"]


@pytest.mark.parametrize("value", ["5", "-1", "1.01", "-0.01", "nan", "inf", "5%", "often", ""])
@pytest.mark.parametrize("option", SHARES)
def test_a_share_that_is_none_is_refused(option, value):
    with pytest.raises(CommandError, match=rf"{option}: '{value}' is no share: give a number from 0 to 1, such as"):
        options_of(option, value)


@pytest.mark.parametrize("value", ["0", "-3", "2.5", "many", ""])
@pytest.mark.parametrize("option", ONE_OR_MORE)
def test_a_number_that_has_to_be_one_at_least_is_refused_below(option, value):
    with pytest.raises(CommandError, match=rf"{option}: '{value}' is no such number: give a whole number, 1 or more"):
        options_of(option, value)


@pytest.mark.parametrize("value", ["-1", "2.5", "many", ""])
@pytest.mark.parametrize("option", ZERO_OR_MORE)
def test_a_number_that_may_be_zero_is_refused_below(option, value):
    with pytest.raises(CommandError, match=rf"{option}: '{value}' is no such number: give a whole number, 0 or more"):
        options_of(option, value)


@pytest.mark.parametrize("value", ["1", "0", "-1", "2.5", "many", ""])
def test_fewer_threads_than_one_to_draw_and_one_to_validate_are_refused(value):
    with pytest.raises(CommandError, match=r"--threads: .* no such number: give a whole number, 2 or more"):
        options_of("--threads", value)


@pytest.mark.parametrize(
    ("option", "value", "read"),
    [
        *[(option, value, float(value)) for option in SHARES for value in ("0", "0.05", "1")],
        *[(option, value, int(value)) for option in ONE_OR_MORE for value in ("1", "12")],
        *[(option, value, int(value)) for option in ZERO_OR_MORE for value in ("0", "12")],
    ],
)
def test_a_number_in_its_range_is_taken_as_it_is(option, value, read):
    assert options_of(option, value)[option.removeprefix("--").replace("-", "_")] == read


def test_more_annotators_than_can_have_hands_are_told_in_a_sentence(toy_people):
    """A quarter as many hands are held out: 19 and 4 can have one of 24 trajectories of each digit, 20 and 5 can't."""
    assert len(crowd.people(options_of("--annotators", "19")).annotators) == 19
    with pytest.raises(CommandError, match=r"25 hands can't be made.*: choose 1 to 24, .* held-out hands together"):
        call_command("crowd", "--annotators", "20")


def test_more_careless_validators_than_validators_are_told_in_a_sentence(toy_people):
    with pytest.raises(CommandError, match=r"6 of 5 validators can't be careless: choose 0 to 5"):
        call_command("crowd", "--annotators", "4", "--validators", "5", "--careless", "6")


# --- Who is careless ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("validators", "careless"), [(0, 0), (1, 0), (2, 0), (3, 2), (10, 2)])
def test_two_validators_are_careless_when_there_are_more_and_the_command_agrees(toy_people, validators, careless):
    made = who_is_careless(toy_crowd(validators=validators))
    assert made == [True] * careless + [False] * (validators - careless)
    assert who_is_careless(crowd.people(options_of("--annotators", "4", "--validators", str(validators)))) == made


@pytest.mark.parametrize(("validators", "careless"), [(2, 2), (3, 3), (5, 0), (5, 1), (5, 4)])
def test_as_many_validators_are_careless_as_one_asks_for(toy_people, validators, careless):
    given = ["--annotators", "4", "--validators", str(validators), "--careless", str(careless)]
    asked_for = who_is_careless(crowd.people(options_of(*given)))
    assert asked_for == [True] * careless + [False] * (validators - careless)
    assert asked_for == who_is_careless(toy_crowd(validators=validators, careless=careless))


@pytest.mark.parametrize("careless", [-1, 6])
def test_a_crowd_has_no_more_careless_validators_than_validators_and_no_fewer_than_none(careless):
    with pytest.raises(ValueError, match=rf"^{careless} of 5 validators .*: choose 0 to 5\.$"):
        toy_crowd(validators=5, careless=careless)
