import pytest
from django.db import IntegrityError, transaction

from rounds import selectors, services
from rounds.errors import Invalid, Refused, Unavailable
from rounds.models import Drawing, Example, Person, Prompt

pytestmark = pytest.mark.django_db


@pytest.fixture
def prompt(open_round, alice) -> Prompt:
    """Alice's prompt, loaded as a request would."""
    return reload(services.issue_prompt(task=open_round.task, annotator=alice)[0])


def reload(prompt: Prompt) -> Prompt:
    found = selectors.prompt_to_score(prompt.pk)
    assert found
    return found


def test_a_fooling_drawing_is_stored_with_its_verdict_and_sent_to_validation(open_round, alice, draw):
    example = draw(alice, open_round.task, fooling=True)
    assert example.fooled
    assert example.prediction != example.label
    assert example.model == open_round.adversary
    assert len(example.probabilities) == 10
    assert sum(example.probabilities) == pytest.approx(1, abs=1e-4)
    assert example.verification == Example.Verification.PENDING
    assert example.prompt.status == Prompt.Status.FOOLED


def test_a_drawing_that_does_not_fool_leaves_the_prompt_open_for_another_try(open_round, alice, draw):
    first = draw(alice, open_round.task, fooling=False)
    second = draw(alice, open_round.task, fooling=False, nth=1)
    assert not first.fooled
    assert first.prompt_id == second.prompt_id
    assert (first.try_number, second.try_number) == (1, 2)
    assert Prompt.objects.get().try_count == 2


def test_a_share_of_what_does_not_fool_is_validated_too(digits, adversary, alice, draw):
    digits.sample_rate = 1.0
    digits.save()
    services.open_round(round=services.draft_round(task=digits, adversary=adversary), by=None)
    assert draw(alice, digits, fooling=False).verification == Example.Verification.PENDING


def test_practice_is_scored_and_never_validated(open_round, draw):
    guest = Person.objects.create(guest_key="12345678-1234-5678-1234-567812345678")
    example = draw(guest, open_round.task, fooling=True)
    assert example.fooled
    assert example.practice
    assert example.verification == Example.Verification.UNQUEUED
    assert selectors.counts(open_round)["attempts"] == 0


def test_a_prompt_ends_when_its_tries_are_used_up(digits, adversary, alice, draw):
    digits.tries_per_prompt = 2
    digits.save()
    services.open_round(round=services.draft_round(task=digits, adversary=adversary), by=None)
    draw(alice, digits, fooling=False)
    assert draw(alice, digits, fooling=False, nth=1).prompt.status == Prompt.Status.EXHAUSTED


def test_a_finished_prompt_takes_no_more(open_round, alice, draw, pen):
    example = draw(alice, open_round.task, fooling=True)
    with pytest.raises(Refused, match="finished"):
        services.submit_example(prompt=example.prompt, image=pen.digit("7", fooling=True))
    assert Example.objects.count() == 1


def test_the_same_key_twice_stores_one_example_and_answers_the_same(prompt, pen):
    image = pen.digit(prompt.label, fooling=False)
    first = services.submit_example(prompt=prompt, image=image, idempotency_key="a")
    again = services.submit_example(prompt=reload(prompt), image=image, idempotency_key="a")
    assert first.stored
    assert not again.stored
    assert again.example == first.example
    assert Prompt.objects.get().try_count == 1


def test_the_same_key_answers_the_same_after_the_prompt_is_finished(prompt, pen):
    image = pen.digit(prompt.label, fooling=True)
    first = services.submit_example(prompt=prompt, image=image, idempotency_key="a")
    again = services.submit_example(prompt=reload(prompt), image=image, idempotency_key="a")
    assert (again.stored, again.example) == (False, first.example)


def test_the_same_key_answers_the_same_after_the_round_is_closed(prompt, pen):
    image = pen.digit(prompt.label, fooling=True)
    first = services.submit_example(prompt=prompt, image=image, idempotency_key="a")
    services.close_round(round=prompt.round, by=None)
    assert services.submit_example(prompt=reload(prompt), image=image, idempotency_key="a").example == first.example


def test_a_key_is_not_used_for_another_drawing(prompt, pen):
    services.submit_example(prompt=prompt, image=pen.digit(prompt.label, fooling=False), idempotency_key="a")
    other = pen.digit(prompt.label, fooling=False, nth=1)
    with pytest.raises(Refused, match="new key"):
        services.submit_example(prompt=reload(prompt), image=other, idempotency_key="a")
    assert Example.objects.count() == 1


def test_the_same_drawing_twice_is_two_tries_and_one_set_of_pixels(prompt, pen):
    image = pen.digit(prompt.label, fooling=False)
    services.submit_example(prompt=prompt, image=image)
    services.submit_example(prompt=reload(prompt), image=image)
    assert Example.objects.count() == 2
    assert Drawing.objects.count() == 1


def test_a_round_that_closed_while_the_drawing_was_scored_stores_nothing(prompt, pen):
    # The prompt in hand still says "open", as it would in a request that was scoring when the admin closed.
    services.close_round(round=type(prompt.round).objects.get(), by=None)
    with pytest.raises(Refused, match="Round 1 is closed") as refusal:
        services.submit_example(prompt=prompt, image=pen.digit(prompt.label, fooling=True))
    assert refusal.value.code == "round_closed"
    assert not Example.objects.exists()
    assert not Drawing.objects.exists()
    assert Prompt.objects.get().try_count == 0


def test_the_refusal_names_the_round_that_is_open_now(prompt, adversary, pen):
    services.close_round(round=prompt.round, by=None)
    services.keep_adversary(round=prompt.round, by=None)
    with pytest.raises(Refused, match="Round 2 is open now") as refusal:
        services.submit_example(prompt=reload(prompt), image=pen.digit(prompt.label, fooling=True))
    assert refusal.value.members["open_round"]


def test_two_tabs_do_not_get_the_same_try_number(prompt, pen):
    other_tab = reload(prompt)
    services.submit_example(prompt=prompt, image=pen.digit(prompt.label, fooling=False))
    with pytest.raises(Refused, match="Another try"):
        services.submit_example(prompt=other_tab, image=pen.digit(prompt.label, fooling=False, nth=1))
    assert Example.objects.count() == 1


def test_bytes_that_are_no_picture_are_refused(prompt):
    with pytest.raises(Invalid, match="PNG or JPEG"):
        services.submit_example(prompt=prompt, image=b"not a picture")
    assert not Example.objects.exists()


def test_an_adversary_whose_files_are_gone_stores_nothing_and_says_so(prompt, pen, settings, tmp_path):
    prompt.round.adversary.folder = "models/gone"
    with pytest.raises(Unavailable, match="Keep the drawing"):
        services.submit_example(prompt=prompt, image=pen.digit(prompt.label, fooling=True))
    assert not Example.objects.exists()


def test_the_verdict_is_the_same_as_the_model_gives_in_a_notebook(prompt, pen, small_model):
    from models_zoo.data.images import canonical_png, to_array
    from models_zoo.networks.predict import probabilities

    image = pen.digit(prompt.label, fooling=True)
    example = services.submit_example(prompt=prompt, image=image).example
    expected = probabilities(small_model.model, to_array(canonical_png(image))[None])[0]
    assert example.probabilities == pytest.approx(expected.tolist(), abs=1e-5)


def test_the_database_refuses_a_verdict_that_contradicts_itself(open_round, alice, draw):
    example = draw(alice, open_round.task, fooling=True)
    with pytest.raises(IntegrityError), transaction.atomic():
        Example.objects.filter(pk=example.pk).update(fooled=False)


def test_an_example_can_be_taken_back_while_its_round_is_open(open_round, alice, draw):
    example = draw(alice, open_round.task, fooling=True)
    services.retract_example(example=example, by=alice)
    assert selectors.counts(open_round)["attempts"] == 0
    with pytest.raises(Refused, match="can't be taken back"):
        services.retract_example(example=example, by=alice)


def test_a_miss_stays_among_the_attempts(open_round, alice, draw):
    example = draw(alice, open_round.task, fooling=False)
    with pytest.raises(Refused, match="Only a drawing that fooled"):
        services.retract_example(example=example, by=alice)
    assert selectors.counts(open_round)["attempts"] == 1


def test_nobody_takes_back_what_somebody_else_drew(open_round, alice, bob, draw):
    example = draw(alice, open_round.task, fooling=True)
    with pytest.raises(Refused, match="Only the person who drew"):
        services.retract_example(example=example, by=bob)
