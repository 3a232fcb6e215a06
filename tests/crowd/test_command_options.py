"""What the options of `manage.py crowd` accept, and the crowd that they describe. No site and no database."""

import pytest
from django.core.management import CommandError, call_command

from crowd.management.commands import crowd

from .toys import toy_crowd

SHARES = ["--wrong-digit", "--scrawl", "--errors", "--unreadable"]
ONE_OR_MORE = ["--annotators", "--tries", "--target"]
ZERO_OR_MORE = ["--validators", "--seed", "--careless", "--rounds", "--leave"]


def parsed(*options):
    return vars(crowd.Command().create_parser("manage.py", "crowd").parse_args(options))


def who_is_careless(people):
    return [validator.is_careless for validator in people.validators]


@pytest.mark.parametrize("value", ["5", "-1", "1.01", "-0.01", "nan", "inf", "5%", "often", ""])
@pytest.mark.parametrize("option", SHARES)
def test_a_share_has_to_be_between_0_and_1(option, value):
    with pytest.raises(CommandError, match=rf"{option}: '{value}' is not a share: give a number from 0 to 1, such as"):
        parsed(option, value)


@pytest.mark.parametrize("value", ["0", "-3", "2.5", "many", ""])
@pytest.mark.parametrize("option", ONE_OR_MORE)
def test_some_numbers_have_to_be_1_or_more(option, value):
    with pytest.raises(CommandError, match=rf"{option}: '{value}' is not possible: give a whole number, 1 or more"):
        parsed(option, value)


@pytest.mark.parametrize("value", ["-1", "2.5", "many", ""])
@pytest.mark.parametrize("option", ZERO_OR_MORE)
def test_some_numbers_have_to_be_0_or_more(option, value):
    with pytest.raises(CommandError, match=rf"{option}: '{value}' is not possible: give a whole number, 0 or more"):
        parsed(option, value)


@pytest.mark.parametrize("value", ["1", "0", "-1", "2.5", "many", ""])
def test_one_thread_has_to_draw_and_one_to_validate(value):
    with pytest.raises(CommandError, match=r"--threads: .* is not possible: give a whole number, 2 or more"):
        parsed("--threads", value)


@pytest.mark.parametrize(
    ("option", "value", "number"),
    [
        *[(option, value, float(value)) for option in SHARES for value in ("0", "0.05", "1")],
        *[(option, value, int(value)) for option in ONE_OR_MORE for value in ("1", "12")],
        *[(option, value, int(value)) for option in ZERO_OR_MORE for value in ("0", "12")],
    ],
)
def test_a_number_in_its_range_is_accepted(option, value, number):
    assert parsed(option, value)[option.removeprefix("--").replace("-", "_")] == number


def test_more_annotators_than_there_is_handwriting_for_are_refused(toy_people):
    """A quarter as many are held out: 19 and 4 can have one of 24 trajectories of each digit, 20 and 5 can't."""
    assert len(crowd.make_crowd_for(parsed("--annotators", "19")).annotators) == 19
    with pytest.raises(CommandError, match=r"25 writers can't be made.*: choose 1 to 24, .* held-out writers together"):
        call_command("crowd", "--annotators", "20")


def test_more_careless_validators_than_validators_are_refused(toy_people):
    with pytest.raises(CommandError, match=r"6 of 5 validators can't be careless: choose 0 to 5"):
        call_command("crowd", "--annotators", "4", "--validators", "5", "--careless", "6")


def test_writers_have_similar_shapes_unless_the_option_says_random(toy_people):
    def sevens(people):
        return [annotator.writer.trajectory_ids[7].tolist() for annotator in people.annotators]

    def sevens_of_command(*options):
        return sevens(crowd.make_crowd_for(parsed("--annotators", "4", "--validators", "5", *options)))

    similar, random = (sevens(toy_crowd(by_shape=by_shape)) for by_shape in (True, False))
    assert similar != random
    assert sevens_of_command() == sevens_of_command("--hands", "similar") == similar
    assert sevens_of_command("--hands", "random") == random


@pytest.mark.parametrize("validators", [0, 1, 2, 3, 10])
def test_by_default_the_command_has_as_many_careless_validators_as_the_library(toy_people, validators):
    people = crowd.make_crowd_for(parsed("--annotators", "4", "--validators", str(validators)))
    assert who_is_careless(people) == who_is_careless(toy_crowd(validators=validators))


@pytest.mark.parametrize(("validators", "careless"), [(2, 2), (3, 3), (5, 0), (5, 1), (5, 4)])
def test_as_many_validators_are_careless_as_the_option_says(toy_people, validators, careless):
    options = ["--annotators", "4", "--validators", str(validators), "--careless", str(careless)]
    people = crowd.make_crowd_for(parsed(*options))
    assert who_is_careless(people) == [True] * careless + [False] * (validators - careless)
    assert who_is_careless(people) == who_is_careless(toy_crowd(validators=validators, careless=careless))
