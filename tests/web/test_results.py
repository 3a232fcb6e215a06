"""What is public of a task and its rounds."""

import pytest
from django.urls import reverse

from rounds import services
from rounds.models import Evaluation, Round, Task
from tests.rows import a_model

from .conftest import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def verified(open_round, alice, bob, carol, draw, validate):
    """A drawing of alice's that fooled, and that two people verified."""
    example = draw(alice, open_round.task, fooling=True)
    validate(bob, example, example.label)
    return validate(carol, example, example.label)


def test_the_task_page_shows_each_round_with_its_numbers(visit, open_round, verified, alice, draw):
    draw(alice, open_round.task, fooling=True)
    for nth in range(3):
        draw(alice, open_round.task, fooling=False, nth=nth)
    page = text_of(visit(None).get("/tasks/digits/"))
    assert "40.0 % <span" in page  # MER with its interval
    assert "2/5" in page
    assert "20.0 %" in page
    assert "1/5" in page
    assert "up to 40.0 % with 1 pending" in page
    assert "Graphite" in page
    assert "<svg" in page
    assert "The line begins with the next round." in page  # one round makes none


def test_the_task_page_shows_the_models_on_their_test_sets(visit, open_round):
    page = text_of(visit(None).get("/tasks/digits/"))
    assert "Base test set" in page
    assert "n = 10,000" in page


def test_the_task_page_shows_a_robust_model_against_its_plain_reference(visit, open_round):
    robust = a_model(open_round.task, parent=open_round.adversary, recipe="pgd")
    plain = open_round.adversary.evaluations.get(suite="base_test")
    Evaluation.objects.create(model=robust, suite="base_test", correct=plain.correct - 120, n=plain.n)
    page = text_of(visit(None).get("/tasks/digits/"))
    assert "<small>pgd</small>" in page
    assert "Charcoal against Graphite" in page
    assert "<td>−1.2<small>[−" in page


def test_a_task_without_a_round_says_what_will_be_here(visit, digits, adam):
    assert "No round has been opened yet" in text_of(visit(None).get("/tasks/digits/"))
    assert "Open the first round" in text_of(visit(adam).get("/tasks/digits/"))


def test_a_round_that_nobody_played_says_so(visit, open_round):
    page = text_of(visit(None).get(open_round.get_absolute_url()))
    assert "Nobody has drawn in this round yet" in page
    assert "No try has counted against it yet." in page


def test_the_round_page_shows_rates_classes_confusion_and_what_happened(visit, open_round, verified):
    page = text_of(visit(None).get(open_round.get_absolute_url()))
    for words in ("MER, fooled of all attempts", "By class", "Label noise", "Krippendorff", "0 of 200 examples"):
        assert words.replace("0 of", "1 of") in page or words in page
    assert "<b>Opened</b>" in page


def test_the_public_page_does_not_name_the_admin_who_moved_the_round(visit, open_round, adam):
    services.close_round(round=open_round, by=adam.user, why="enough for tonight")
    page = text_of(visit(None).get(open_round.get_absolute_url()))
    assert "Enough for tonight" in page
    assert "by an admin" in page
    assert "adam" not in page


def test_a_draft_is_not_public(visit, digits, adversary, adam):
    draft = services.draft_round(task=digits, adversary=adversary)
    assert visit(None).get(reverse("round", args=[draft.pk])).status_code == 404
    assert visit(adam).get(reverse("round", args=[draft.pk])).status_code == 404


def test_a_finished_round_shows_its_stored_numbers(visit, open_round, verified, adam):
    services.close_round(round=open_round, by=adam.user)
    services.keep_adversary(round=Round.objects.get(pk=open_round.pk), by=adam.user)
    page = text_of(visit(None).get(open_round.get_absolute_url()))
    assert 'aria-current="step">done' in page
    assert "1/1" in page


def test_only_a_verified_drawing_can_be_seen_by_anybody(visit, open_round, verified, bob, draw):
    shown = visit(None).get(reverse("drawing", args=[verified.pk]))
    assert shown.status_code == 200
    assert shown["Content-Type"] == "image/png"
    pending = draw(bob, open_round.task, fooling=True, nth=1)
    assert visit(None).get(reverse("drawing", args=[pending.pk])).status_code == 404
    assert visit(bob).get(reverse("drawing", args=[pending.pk])).status_code == 404


def test_a_pending_drawing_hangs_in_no_gallery(visit, open_round, alice, draw):
    draw(alice, open_round.task, fooling=True)
    for address in ("/", "/tasks/digits/", open_round.get_absolute_url()):
        assert "/drawings/" not in text_of(visit(None).get(address))


def test_the_leaderboard_lists_people_by_verified_drawings(visit, open_round, verified):
    page = text_of(visit(None).get("/tasks/digits/leaderboard/"))
    assert "alice" in page
    assert "under 20 attempts" in page
    assert "Graphite" in page


def test_an_empty_leaderboard_invites(visit, open_round):
    assert "Be the first" in text_of(visit(None).get("/tasks/digits/leaderboard/"))


def test_an_unknown_task_is_a_404_on_every_page(visit, db):
    for address in ("/tasks/x/", "/tasks/x/draw/", "/tasks/x/leaderboard/"):
        assert visit(None).get(address).status_code == 404


def test_a_page_costs_the_same_number_of_queries_with_more_examples(
    visit, open_round, alice, draw, django_assert_max_num_queries
):
    for nth in range(3):
        draw(alice, open_round.task, fooling=False, nth=nth)
    with django_assert_max_num_queries(25):
        visit(None).get("/tasks/digits/")
    with django_assert_max_num_queries(25):
        visit(None).get(open_round.get_absolute_url())


def test_two_tasks_live_side_by_side(visit, open_round):
    Task.objects.create(slug="letters", name="Letters", labels=["a", "b"])
    page = text_of(visit(None).get("/tasks/letters/"))
    assert reverse("draw", args=["letters"]) in page  # the menu follows the page's task
