import json

import pytest
from rest_framework.test import APIClient

from rounds import predictor, services
from rounds.api import examples
from rounds.errors import ErrorKind
from rounds.models import Drawing, Example, Prompt, Round, Task
from tests.api.conftest import assert_problem, rows


def test_a_fooling_drawing_gets_its_verdict_and_finishes_the_prompt(api, alice, open_round, ask, send, pen):
    prompt = ask(api(alice))
    response = send(api(alice), prompt["id"], pen.digit(prompt["label"], fooling=True))
    assert response.status_code == 201
    example = response.json()
    assert example["fooled"]
    assert example["prediction"] != example["label"] == prompt["label"]
    assert sum(example["probabilities"]) == pytest.approx(1, abs=1e-4)
    assert max(example["probabilities"]) == example["probabilities"][int(example["prediction"])]
    assert (example["try_number"], example["prompt_finished"]) == (1, True)
    assert example["model"] == {"id": open_round.adversary_id, "number": 1, "name": "Graphite"}
    assert example["verification"] == "pending"
    assert api(alice).get(f"/api/v1/prompts/{prompt['id']}/").json()["status"] == "fooled"


def test_a_drawing_that_does_not_fool_leaves_the_prompt_open(api, alice, open_round, ask, send, pen):
    prompt = ask(api(alice))
    example = send(api(alice), prompt["id"], pen.digit(prompt["label"], fooling=False)).json()
    assert not example["fooled"]
    assert not example["prompt_finished"]
    after = api(alice).get(f"/api/v1/prompts/{prompt['id']}/").json()
    assert (after["status"], after["try_count"], after["tries_left"]) == ("open", 1, 19)


def test_a_guests_drawing_is_scored_and_not_counted(guest, open_round, ask, send, pen):
    prompt = ask(guest, label="7")
    example = send(guest, prompt["id"], pen.digit("7", fooling=True)).json()
    assert example["fooled"]
    assert example["practice"]
    assert example["verification"] == "unqueued"
    assert guest.get(f"/api/v1/rounds/{open_round.pk}/").json()["counts"]["attempts"] == 0


def test_the_same_key_twice_stores_one_example_and_answers_the_same(api, alice, open_round, ask, send, pen):
    for fooling in (False, True):
        prompt = ask(api(alice))
        image = pen.digit(prompt["label"], fooling=fooling)
        first = send(api(alice), prompt["id"], image, key=f"drawing-{fooling}")
        before = rows()
        second = send(api(alice), prompt["id"], image, key=f"drawing-{fooling}")
        assert (first.status_code, second.status_code) == (201, 200)
        assert first.json() == second.json()
        assert rows() == before


def test_the_same_key_is_answered_after_the_round_has_closed(api, alice, adam, open_round, ask, send, pen):
    prompt = ask(api(alice))
    image = pen.digit(prompt["label"], fooling=False)
    first = send(api(alice), prompt["id"], image, key="kept by the page")
    services.close_round(round=open_round, by=adam.user)
    second = send(api(alice), prompt["id"], image, key="kept by the page")
    assert (second.status_code, second.json()) == (200, first.json())


def test_a_key_is_not_for_two_drawings(api, alice, open_round, ask, send, pen):
    prompt = ask(api(alice))
    send(api(alice), prompt["id"], pen.digit(prompt["label"], fooling=False), key="once")
    before = rows()
    other = send(api(alice), prompt["id"], pen.digit(prompt["label"], fooling=False, nth=1), key="once")
    assert_problem(other, 409, "idempotency_key_reused", detail="Use a new key")
    assert rows() == before


@pytest.mark.parametrize("key", ["k" * 101, "schlüssel", "tab\there"])
def test_a_key_that_cannot_be_kept_is_refused(api, alice, open_round, ask, send, pen, key):
    prompt = ask(api(alice))
    before = rows()
    response = send(api(alice), prompt["id"], pen.digit(prompt["label"], fooling=False), key=key)
    assert_problem(response, 400, "idempotency_key", detail="at most 100")
    assert rows() == before


def test_somebody_elses_prompt_takes_nothing(api, alice, bob, guest, open_round, ask, send, pen):
    prompt = ask(api(alice))
    ask(guest)
    clients = (api(bob), guest, APIClient())
    image = pen.digit(prompt["label"], fooling=True)
    before = rows()
    assert_problem(send(clients[0], prompt["id"], image), 404, "not_found", detail="no such prompt of yours")
    assert_problem(send(clients[1], prompt["id"], image), 404, "not_found", detail="no such prompt of yours")
    assert_problem(send(clients[2], prompt["id"], image), 401, "not_authenticated", detail="Log in")
    assert_problem(send(clients[0], 10**18, image), 404, "not_found")
    assert rows() == before


def test_a_wrong_token_stores_nothing(api, alice, open_round, ask, send, pen):
    prompt = ask(api(alice))
    before = rows()
    stranger = APIClient(HTTP_AUTHORIZATION="Token wrong")
    assert_problem(send(stranger, prompt["id"], pen.digit(prompt["label"], fooling=True)), 401)
    assert rows() == before


def test_a_finished_prompt_takes_no_more(api, alice, open_round, ask, send, pen):
    prompt = ask(api(alice))
    send(api(alice), prompt["id"], pen.digit(prompt["label"], fooling=True))
    before = rows()
    again = send(api(alice), prompt["id"], pen.digit(prompt["label"], fooling=True, nth=1))
    assert_problem(again, 409, "prompt_finished", detail="Ask for the next one")
    assert rows() == before


def test_a_closed_round_names_the_one_that_is_open_now(api, alice, adam, open_round, ask, send, pen):
    prompt = ask(api(alice))
    image = pen.digit(prompt["label"], fooling=True)
    services.close_round(round=open_round, by=adam.user)
    before = rows()
    problem = assert_problem(send(api(alice), prompt["id"], image), 409, "round_closed", detail="No round is open")
    assert problem["open_round"] is None
    upcoming = services.keep_adversary(round=Round.objects.get(), by=adam.user)
    problem = assert_problem(send(api(alice), prompt["id"], image), 409, "round_closed", detail="Round 2 is open now")
    assert problem["open_round"] == upcoming.pk
    assert rows()["rounds.Example"] == before["rounds.Example"]


def test_who_is_no_annotator_any_more_draws_no_more(api, alice, open_round, ask, send, pen):
    prompt = ask(api(alice))
    alice.user.groups.clear()
    before = rows()
    response = send(api(alice), prompt["id"], pen.digit(prompt["label"], fooling=True))
    assert_problem(response, 403, "not_allowed", detail="role annotator")
    assert rows() == before


def test_an_adversary_that_cannot_be_loaded_stores_nothing(api, alice, open_round, ask, send, pen, monkeypatch):
    def broken(*_: object) -> None:
        raise ErrorKind.ADVERSARY_UNAVAILABLE.error()

    prompt = ask(api(alice))
    image = pen.digit(prompt["label"], fooling=True)
    monkeypatch.setattr(predictor, "predict", broken)
    before = rows()
    response = send(api(alice), prompt["id"], image)
    assert_problem(response, 503, "adversary_unavailable", detail="Keep the drawing and send it again")
    assert int(response["Retry-After"]) > 0
    assert rows() == before


def test_the_last_try_finishes_the_prompt(api, alice, digits, adversary, ask, send, pen):
    Task.objects.update(tries_per_prompt=2)
    digits.refresh_from_db()
    services.open_round(round=services.draft_round(task=digits, adversary=adversary), by=None)
    prompt = ask(api(alice))
    tries = [
        send(api(alice), prompt["id"], pen.digit(prompt["label"], fooling=False, nth=n)).json()["prompt_finished"]
        for n in range(2)
    ]
    assert tries == [False, True]
    assert Prompt.objects.get().status == "exhausted"


def test_an_example_can_be_taken_back_by_its_author_once(api, alice, bob, open_round, draw):
    url = f"/api/v1/examples/{draw(alice, open_round.task, fooling=True).pk}/retract/"
    assert_problem(api(bob).post(url), 404, "not_found", detail="no such example of yours")
    assert not Example.objects.get().retracted_at
    assert api(alice).post(url).json()["retracted"]
    assert_problem(api(alice).post(url), 409, "not_retractable", detail="taken back already")
    assert Drawing.objects.count() == 1


def test_the_service_gets_who_asks_and_refuses_even_where_the_view_does_not(
    api, alice, bob, open_round, draw, monkeypatch
):
    url = f"/api/v1/examples/{draw(alice, open_round.task, fooling=True).pk}/retract/"
    monkeypatch.setattr(examples, "is_own", lambda request, person: True)
    assert_problem(api(bob).post(url), 409, "not_yours", detail="Only the person who drew")
    assert not Example.objects.get().retracted_at


def test_a_guest_takes_back_what_they_drew_and_nobody_else_does(guest, open_round, ask, send, pen):
    example = send(guest, ask(guest)["id"], pen.digit("3", fooling=False)).json()
    url = f"/api/v1/examples/{example['id']}/retract/"
    stranger = APIClient()
    assert_problem(stranger.post(url), 404, "not_found")
    ask(stranger)
    assert_problem(stranger.post(url), 404, "not_found")
    assert guest.post(url).json()["retracted"]


def test_a_settled_example_stays(api, alice, bob, carol, open_round, draw, validate):
    example = draw(alice, open_round.task, fooling=True)
    for validator in (bob, carol):
        validate(validator, example, example.label)
    assert_problem(api(alice).post(f"/api/v1/examples/{example.pk}/retract/"), 409, "not_retractable")


def test_the_answer_is_json_that_a_page_can_read(guest, open_round, ask, send, pen):
    """No NaN, no numpy: what was stored reads back as what was sent."""
    example = send(guest, ask(guest)["id"], pen.digit("3", fooling=False)).json()
    assert json.loads(json.dumps(example)) == example
    assert Example.objects.get().probabilities == example["probabilities"]
