"""The validation page: blind, one drawing at a time."""

import pytest
from django.test import Client

from rounds import services
from rounds.models import Example, Validation

from .conftest import text_of

pytestmark = pytest.mark.django_db
ADDRESS = "/tasks/digits/validate/"


@pytest.fixture
def pending(open_round, alice, draw) -> Example:
    return draw(alice, open_round.task, fooling=True)


def answer(client: Client, example: Example, given: str, reason: str = "", **headers: str):
    form = {"example": example.pk, "answer": given, "reason": reason}
    return client.post(ADDRESS, form, follow=True, headers=headers)


def test_a_visitor_is_asked_to_log_in(visit, open_round):
    assert visit(None).get(ADDRESS)["Location"] == f"/accounts/login/?next={ADDRESS}"


def test_a_page_whose_log_in_has_expired_leads_to_the_log_in_and_back(visit, open_round):
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{ADDRESS}"}
    assert visit(None).post(ADDRESS, headers=headers)["HX-Redirect"] == f"/accounts/login/?next={ADDRESS}"


def test_an_account_without_the_role_reads_which_it_needs(visit, open_round, ruth):
    response = visit(ruth).get(ADDRESS)
    assert response.status_code == 403
    assert "role validator" in text_of(response)


def test_a_validator_sees_the_drawing_and_nothing_else_of_it(visit, pending, bob):
    page = text_of(visit(bob).get(ADDRESS))
    assert f"/api/v1/examples/{pending.pk}/image/" in page
    assert "alice" not in page
    assert "Graphite" not in page
    # Every label stands on its button, once: none of them is set apart.
    assert [page.count(f'name="answer" value="{label}"') for label in pending.round.task.labels] == [1] * 10


def test_a_reload_shows_the_same_drawing(visit, open_round, pending, alice, bob, draw):
    draw(alice, open_round.task, fooling=True, nth=1)
    client = visit(bob)
    first = client.get(ADDRESS).context["example"]
    assert client.get(ADDRESS).context["example"] == first


def test_an_answer_is_stored_and_the_next_drawing_comes(visit, pending, bob):
    client = visit(bob)
    client.get(ADDRESS)
    page = text_of(answer(client, pending, pending.label))
    assert Validation.objects.get().answer == pending.label
    assert "Nothing to check right now" in page
    assert "You have answered 1 today" in page
    assert f"Recorded: {pending.label}." in page


def test_with_htmx_only_the_panel_comes_back(visit, pending, bob):
    client = visit(bob)
    client.get(ADDRESS)
    response = answer(client, pending, "unreadable", **{"HX-Request": "true"})
    assert response.status_code == 200
    assert text_of(response).startswith('<div id="validate-panel">')


def test_abuse_needs_a_reason(visit, pending, bob):
    client = visit(bob)
    client.get(ADDRESS)
    assert "Say in a few words what is abusive" in text_of(answer(client, pending, "abuse"))
    assert not Validation.objects.exists()
    answer(client, pending, "abuse", "It is somebody's name.")
    assert Validation.objects.get().reason == "It is somebody's name."


def test_nobody_is_shown_their_own_drawing(visit, pending, alice):
    assert "Nothing to check right now" in text_of(visit(alice).get(ADDRESS))


def test_a_second_answer_is_refused_with_a_sentence(visit, pending, bob, carol, validate):
    client = visit(bob)
    client.get(ADDRESS)
    answer(client, pending, "unreadable")
    assert "You have answered for this example already" in text_of(answer(client, pending, "3"))
    assert Validation.objects.count() == 1


def test_an_answer_to_a_drawing_that_went_to_somebody_else_is_refused(visit, pending, bob):
    client = visit(bob)
    assert "not assigned to you" in text_of(answer(client, pending, "3"))


@pytest.mark.parametrize("number", ["", "x", "999999", "9" * 30, "-1"])
def test_a_form_with_no_such_example_changes_nothing(visit, pending, bob, number):
    client = visit(bob)
    response = client.post(ADDRESS, {"example": number, "answer": "3"}, follow=True)
    assert response.status_code == 200
    assert not Validation.objects.exists()


def test_an_answer_that_is_none_is_refused(visit, pending, bob):
    client = visit(bob)
    client.get(ADDRESS)
    assert "is no answer here" in text_of(answer(client, pending, "cat"))


def test_when_the_round_has_moved_on_the_page_says_so(visit, open_round, pending, bob, adam):
    client = visit(bob)
    client.get(ADDRESS)
    services.close_round(round=open_round, by=adam.user)
    services.keep_adversary(round=open_round, by=adam.user)
    assert "no longer takes answers" in text_of(answer(client, pending, "3"))


def test_an_empty_queue_polls_by_itself(visit, open_round, bob):
    page = text_of(visit(bob).get(ADDRESS))
    assert "Nothing to check right now" in page
    assert 'hx-trigger="every' in page


def test_an_empty_queue_of_a_closed_round_promises_drawings_of_the_next_one_only(visit, open_round, bob):
    services.close_round(round=open_round, by=None)
    page = text_of(visit(bob).get(ADDRESS))
    assert "Round 1 is closed" in page
    assert "Drawings of the next round appear here by themselves" in page
