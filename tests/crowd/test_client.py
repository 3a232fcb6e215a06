"""The client against scripted responses, and against the real site."""

import pytest
from rest_framework.authtoken.models import Token

from crowd.client import ApiClient, ApiError
from crowd.transport import RETRY_DELAYS, Site
from rounds.models import Example, Person, Prompt


def client_of(person: Person, url: str) -> ApiClient:
    return ApiClient(Site(url), Token.objects.get_or_create(user=person.user)[0].key)


# --- Against scripted responses


def keys_of(server):
    return {headers["Idempotency-Key"] for _, _, headers, _ in server.requests}


def test_a_drawing_is_sent_again_under_the_same_key(server, guest):
    server.responses = [None, (503, {}, b""), (200, {}, b'{"id": 1}')]
    assert guest.send_drawing(4, b"png") == {"id": 1}
    assert len(server.requests) == 3
    assert len(keys_of(server)) == 1
    assert len({body for _, _, _, body in server.requests}) == 1


def test_two_drawings_have_two_keys(server, guest):
    server.responses = [(201, {}, b"{}"), (201, {}, b"{}")]
    guest.send_drawing(4, b"png")
    guest.send_drawing(4, b"png")
    assert len(keys_of(server)) == 2


def test_a_refusal_is_raised_with_its_code_and_sentence(server, guest, waits):
    server.responses = [(409, {}, b'{"code": "no_open_round", "detail": "No round is open."}')]
    with pytest.raises(ApiError, match="No round is open") as caught:
        guest.request_prompt("digits")
    assert (caught.value.status, caught.value.code) == (409, "no_open_round")
    assert waits == []


def test_an_error_that_is_not_the_apis_own_is_raised_with_its_body(server, guest):
    server.responses = [(500, {}, b"oops")] * (len(RETRY_DELAYS) + 1)
    with pytest.raises(ApiError, match="500 unknown: oops"):
        guest.round(5)


def test_a_redirection_is_not_followed_and_its_target_is_named(server, guest):
    server.responses = [(301, {"Location": "https://dadc.example.org/"}, b"")]
    with pytest.raises(ApiError, match=r"301 .* redirects to https://dadc\.example\.org/: use its right address"):
        guest.round(5)


def test_a_page_in_place_of_the_api_is_reported_with_a_remedy(server, guest):
    server.responses = [(200, {}, b"<html>Welcome!</html>")]
    with pytest.raises(ApiError, match=r"200 .* not with this API: use the site's right address"):
        guest.round(5)


def test_an_answer_whose_first_attempt_was_stored_is_counted(server, guest):
    server.responses = [None, (409, {}, b'{"code": "already_validated", "detail": "You have answered."}')]
    assert guest.answer(3, "7") is True


def test_an_answer_that_came_too_late_is_not_counted(server, guest):
    server.responses = [(409, {}, b'{"code": "settled", "detail": "Others have settled it."}')]
    assert guest.answer(3, "7") is False


def test_all_pages_of_the_rounds_are_read(server, guest):
    server.responses = [
        (200, {}, b'{"results": [{"number": 2}], "next": "/more"}'),
        (200, {}, b'{"results": [{"number": 1}], "next": null}'),
    ]
    assert guest.rounds("digits") == [{"number": 2}, {"number": 1}]
    assert [path for _, path, _, _ in server.requests] == [f"/api/v1/tasks/digits/rounds/?page={n}" for n in (1, 2)]


# --- Against the real site


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_alice_draws_and_gives_up(live_server, open_round, alice, pen):
    client = client_of(alice, live_server.url)
    prompt = client.request_prompt("digits")
    verdict = client.send_drawing(prompt["id"], pen.digit(prompt["label"], fooling=False))
    assert verdict["fooled"] is False
    client.give_up(prompt["id"])
    client.give_up(prompt["id"])  # it is finished already: no error
    assert Prompt.objects.get().status == Prompt.Status.GIVEN_UP


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_bob_validates_what_alice_drew(live_server, open_round, alice, bob, pen):
    annotator = client_of(alice, live_server.url)
    prompt = annotator.request_prompt("digits")
    annotator.send_drawing(prompt["id"], pen.digit(prompt["label"], fooling=True))
    validator = client_of(bob, live_server.url)
    leased = validator.next_validation("digits")
    example = Example.objects.get()
    assert leased["example"] == example.pk
    assert validator.image(leased["example"]) == bytes(example.drawing.png)
    assert validator.answer(leased["example"], prompt["label"]) is True
    assert validator.next_validation("digits") is None


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_adam_lists_and_closes_the_round(live_server, open_round, adam):
    client = client_of(adam, live_server.url)
    assert [round["number"] for round in client.rounds("digits")] == [1]
    assert client.close(open_round.pk)["status"] == "validating"
    assert client.keep(open_round.pk)["next_round"]["number"] == 2
