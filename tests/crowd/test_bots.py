"""What bots do at a site, a step at a time."""

import pytest
from rest_framework.authtoken.models import Token

from crowd.bots import AnnotatorBot, CurrentWork, ValidatorBot
from crowd.client import ApiClient
from crowd.ground_truth import GroundTruth
from crowd.transport import Site
from rounds.models import Example, Prompt, Validation

from .toys import toy_crowd

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


def client_of(person, url):
    return ApiClient(Site(url), Token.objects.get_or_create(user=person.user)[0].key)


def annotator_bot(person, url, ground_truth):
    return AnnotatorBot(toy_crowd().annotators[0], client_of(person, url), "digits", ground_truth)


def validator_bot(person, url, ground_truth):
    return ValidatorBot("bob", toy_crowd().validators[-1], client_of(person, url), "digits", ground_truth)


def test_bots_without_work_do_nothing(live_server, open_round, alice, bob):
    idle = CurrentWork(open_round.pk, 1)
    assert annotator_bot(alice, live_server.url, GroundTruth()).step(idle) is False
    assert validator_bot(bob, live_server.url, GroundTruth()).step(idle) is False
    assert not Prompt.objects.exists()


def test_an_annotator_bot_finishes_one_prompt_and_a_validator_bot_answers_for_what_it_drew(
    live_server, open_round, alice, bob
):
    ground_truth = GroundTruth()
    annotator, validator = (
        annotator_bot(alice, live_server.url, ground_truth),
        validator_bot(bob, live_server.url, ground_truth),
    )
    assert annotator.step(CurrentWork(open_round.pk, 1, draw=True)) is True
    assert Prompt.objects.get().status != Prompt.Status.OPEN
    Example.objects.update(verification="pending")  # as if every try were sampled
    assert validator.step(CurrentWork(open_round.pk, 1, validate=True)) is True
    assert [answer.answer for answer in validator.answers] == [Validation.objects.get().answer]


def test_an_annotator_bot_does_not_draw_in_another_round_than_the_current_one(live_server, open_round, alice):
    bot = annotator_bot(alice, live_server.url, GroundTruth())
    assert bot.step(CurrentWork(open_round.pk + 1, 2, draw=True)) is False
    assert not Example.objects.exists()


def test_a_validator_bot_does_not_answer_for_a_drawing_that_the_crowd_did_not_make(
    live_server, open_round, alice, bob, draw
):
    draw(alice, open_round.task, fooling=True)
    bot = validator_bot(bob, live_server.url, GroundTruth())
    work = CurrentWork(open_round.pk, 1, validate=True)
    assert bot.step(work) is False
    assert bot.is_blocked
    assert not Validation.objects.exists()

    Example.objects.update(verification="verified")  # other people have settled it
    assert bot.step(work) is False
    assert not bot.is_blocked
