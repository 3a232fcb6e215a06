from datetime import timedelta

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from rounds.models import Example
from tests.api.conftest import assert_problem


@pytest.fixture
def example(open_round, alice, draw) -> Example:
    return draw(alice, open_round.task, fooling=True)


def url(example: Example) -> str:
    return f"/api/v1/examples/{example.pk}/image/"


def test_its_author_sees_a_drawing(api, alice, example):
    response = api(alice).get(url(example))
    assert response.status_code == 200
    assert response["Content-Type"] == "image/png"
    assert response.content == bytes(example.drawing.png)


def test_researchers_and_admins_see_all_drawings(api, ruth, adam, example):
    assert [api(person).get(url(example)).status_code for person in (ruth, adam)] == [200, 200]


def test_the_validator_who_was_handed_it_sees_it_as_long_as_they_hold_it(api, bob, carol, example, leased):
    assert_problem(api(bob).get(url(example)), 404, detail="not assigned to you")
    assert leased(bob) == example
    assert api(bob).get(url(example)).status_code == 200
    assert_problem(api(carol).get(url(example)), 404)
    Example.objects.update(leased_until=timezone.now() - timedelta(seconds=1))
    assert_problem(api(bob).get(url(example)), 404)


def test_a_guest_sees_their_own_only(guest, open_round, ask, send, pen, example):
    own = send(guest, ask(guest)["id"], pen.digit("5", fooling=False)).json()
    assert guest.get(own["image_url"]).status_code == 200
    assert_problem(guest.get(url(example)), 404)
    assert_problem(APIClient().get(own["image_url"]), 404)


def test_the_answer_holds_the_picture_only_and_is_cached_privately(api, alice, bob, example, leased):
    leased(bob)
    to_bob, to_alice = api(bob).get(url(example)), api(alice).get(url(example))
    assert to_bob["Cache-Control"].startswith("private")
    assert "Authorization" in to_bob["Vary"]
    assert "Cookie" in to_bob["Vary"]
    assert (to_bob.content, dict(to_bob.headers)) == (to_alice.content, dict(to_alice.headers))


def test_a_drawing_that_is_not_there_is_answered_like_one_that_is_not_yours(api, bob, example):
    missing = api(bob).get("/api/v1/examples/999999/image/")
    assert missing.json() == api(bob).get(url(example)).json()
