import json

import pytest

from rounds import services
from rounds.models import Example, Round, Validation
from tests.api.conftest import assert_problem, rows

NEXT = "/api/v1/tasks/digits/validations/next/"


@pytest.fixture
def example(open_round, alice, draw) -> Example:
    return draw(alice, open_round.task, fooling=True)


def url(example: Example) -> str:
    return f"/api/v1/examples/{example.pk}/validations/"


def test_a_validator_is_handed_a_drawing_and_nothing_that_tells_what_it_is(api, bob, example):
    response = api(bob).get(NEXT)
    assert response.status_code == 200
    assert response.json() == {
        "example": example.pk,
        "image_url": f"/api/v1/examples/{example.pk}/image/",
        "choices": [*"0123456789", "unreadable", "abuse"],
    }
    assert response["Cache-Control"] == "private, no-store"


def test_no_header_tells_either(api, bob, example):
    response = api(bob).get(NEXT)
    assert "alice" not in json.dumps(dict(response.headers))


def test_asking_again_hands_out_the_same_drawing_and_others_get_another(api, alice, bob, carol, example, draw):
    second = draw(alice, example.round.task, fooling=True)
    assert api(bob).get(NEXT).json() == api(bob).get(NEXT).json()
    handed = {api(person).get(NEXT).json()["example"] for person in (bob, carol)}
    assert handed == {example.pk, second.pk}


def test_with_nothing_to_validate_the_answer_is_empty(api, alice, bob, open_round, example):
    assert api(alice).get(NEXT).status_code == 204
    Example.objects.all().delete()
    response = api(bob).get(NEXT)
    assert (response.status_code, response.content) == (204, b"")


def test_who_is_no_validator_is_handed_nothing(api, ruth, guest, example):
    assert_problem(api(ruth).get(NEXT), 403, "not_allowed", detail="role validator")
    assert_problem(guest.get(NEXT), 401, "not_authenticated")
    assert not Example.objects.get().leased_to


def test_an_answer_is_stored_and_says_no_more_than_was_said(api, bob, example, leased):
    leased(bob)
    response = api(bob).post(url(example), {"answer": "4"})
    assert response.status_code == 201
    answer = response.json()
    assert set(answer) == {"id", "example", "answer", "reason", "created_at"}
    assert (answer["example"], answer["answer"]) == (example.pk, "4")
    assert Validation.objects.get().validator == bob


def test_two_that_agree_verify_it(api, bob, carol, example, leased):
    for validator in (bob, carol):
        leased(validator)
        api(validator).post(url(example), {"answer": example.label})
    example.refresh_from_db()
    assert example.verification == "verified"


def test_a_second_answer_is_refused(api, bob, example, leased):
    leased(bob)
    api(bob).post(url(example), {"answer": "4"})
    client, before = api(bob), rows()
    assert_problem(client.post(url(example), {"answer": "5"}), 409, "already_validated", detail="Ask for the next one")
    assert rows() == before


def test_ones_own_drawing_is_refused(api, alice, example):
    client, before = api(alice), rows()
    problem = assert_problem(client.post(url(example), {"answer": example.label}), 403, "own_example")
    assert "others validate it" in problem["detail"]
    assert rows() == before


def test_what_was_not_handed_out_is_refused(api, bob, carol, example, leased):
    leased(bob)
    client, before = api(carol), rows()
    assert_problem(client.post(url(example), {"answer": "4"}), 409, "not_leased", detail="not assigned to you")
    assert rows() == before


@pytest.mark.parametrize(
    ("body", "code", "detail"),
    [
        ({"answer": "x"}, "answer", "Use one of: 0, 1"),
        ({"answer": ""}, "invalid", "answer"),
        ({}, "invalid", "required"),
        ({"answer": "abuse"}, "reason", "Say in a few words"),
        ({"answer": "abuse", "reason": "r" * 501}, "invalid", "500"),
        ({"answer": ["4"]}, "invalid", "answer"),
        ({"answer": "4\x00"}, "invalid", "answer"),
        (["4"], "invalid", "dictionary"),
    ],
)
def test_an_answer_of_another_form_is_refused(api, bob, example, leased, body, code, detail):
    leased(bob)
    client, before = api(bob), rows()
    assert_problem(client.post(url(example), body), 400, code, detail=detail)
    assert rows() == before


def test_an_example_that_is_not_there_takes_no_answer(api, bob, digits):
    assert_problem(api(bob).post("/api/v1/examples/99/validations/", {"answer": "4"}), 404, detail="no example")


def test_once_training_has_begun_the_numbers_are_final(api, bob, adam, example, leased):
    leased(bob)
    services.keep_adversary(round=services.close_round(round=Round.objects.get(), by=adam.user), by=adam.user)
    client, before = api(bob), rows()
    assert_problem(client.post(url(example), {"answer": "4"}), 409, "round_closed", detail="no longer takes answers")
    assert rows() == before


def test_a_reported_drawing_waits_for_an_admin_who_rejects_it(api, bob, adam, example, leased):
    leased(bob)
    api(bob).post(url(example), {"answer": "abuse", "reason": "it is a face"})
    decided = api(adam).post(f"/api/v1/examples/{example.pk}/dispute/", {"abusive": True})
    assert decided.json() == {"example": example.pk, "verification": "rejected", "rejected_as": "abuse"}


def test_or_sends_it_back_to_the_validators(api, bob, adam, example, leased):
    leased(bob)
    api(bob).post(url(example), {"answer": "abuse", "reason": "it is a face"})
    decided = api(adam).post(f"/api/v1/examples/{example.pk}/dispute/", {"abusive": False}).json()
    assert decided["verification"] == "pending"


def test_only_admins_decide_only_once_and_only_what_is_disputed(api, bob, adam, example, leased):
    decide = f"/api/v1/examples/{example.pk}/dispute/"
    assert_problem(api(bob).post(decide, {"abusive": True}), 403, "not_allowed", detail="role admin")
    assert_problem(api(adam).post(decide, {"abusive": True}), 409, "not_disputed", detail="nothing to decide")
    assert_problem(api(adam).post(decide, {}), 400, "invalid", detail="abusive")
    assert_problem(api(adam).post("/api/v1/examples/99/dispute/", {"abusive": True}), 404)
