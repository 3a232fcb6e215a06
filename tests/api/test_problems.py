"""Whatever goes wrong under /api/, the answer is a problem with a sentence."""

import pytest
from django.db import OperationalError
from django.test import Client
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from rounds import selectors
from tests.api.conftest import assert_problem, rows

PROMPTS = "/api/v1/tasks/digits/prompts/"


@pytest.mark.parametrize("path", ["", "v1/", "v2/tasks/", "v1/tasks/digits/nothing/", "v1/rounds/one/", "v1/tasks"])
@pytest.mark.parametrize("method", ["get", "post", "delete"])
def test_an_address_that_leads_nowhere_is_answered_with_where_the_calls_are_listed(path, method):
    response = getattr(Client(enforce_csrf_checks=True), method)(f"/api/{path}")
    assert_problem(response, 404, "not_found", detail="/api/docs/")


def test_a_forgotten_slash_is_pointed_out():
    assert_problem(Client().get("/api/v1/tasks"), 404, detail="end with a slash")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{label: 7}", id="no quotes"),
        pytest.param(b"draw", id="text"),
        pytest.param(b"{", id="cut off"),
        pytest.param(b"\xff\xfe", id="no UTF-8"),
        pytest.param(b'{"label": NaN}', id="NaN"),
        pytest.param(b"[" * 60_000, id="deep"),
        pytest.param(b'{"a": ' + b"9" * 5000 + b"}", id="long number"),
    ],
)
def test_json_that_is_not_valid_is_refused_and_leaves_nothing_behind(api, alice, guest, open_round, body):
    for client in (api(alice), guest):
        before = rows()
        response = client.generic("POST", PROMPTS, body, content_type="application/json")
        assert_problem(response, 400, "parse_error", detail="Correct it and send it again")
        assert rows() == before


def test_a_body_of_another_type_is_refused_with_the_type_to_send(guest, open_round):
    response = guest.generic("POST", PROMPTS, b"label=7", content_type="application/x-www-form-urlencoded")
    assert_problem(response, 415, "unsupported_media_type", detail="Send application/json")


def test_a_body_without_its_length_is_not_read(guest, open_round):
    sent = {"HTTP_TRANSFER_ENCODING": "chunked", "CONTENT_LENGTH": ""}
    response = guest.generic("POST", PROMPTS, b'{"label": "7"}', content_type="application/json", **sent)
    assert_problem(response, 400, "parse_error", detail="without its length")


def test_json_longer_than_any_call_needs_is_refused(guest, open_round):
    assert_problem(guest.post(PROMPTS, {"label": "7" * 70_000}), 413, "too_large", detail="64 KB")


def test_a_method_that_does_nothing_names_those_that_do(guest, open_round):
    response = guest.delete(PROMPTS)
    assert_problem(response, 405, "method_not_allowed", detail="This address takes POST")
    assert "POST" in response["Allow"]


def test_an_accept_header_is_no_reason_to_refuse(guest, digits):
    response = guest.get("/api/v1/tasks/", headers={"Accept": "text/html"})
    assert response["Content-Type"] == "application/json"
    assert_problem(guest.get("/api/v1/tasks/x/", headers={"Accept": "text/html"}), 404)


def test_a_session_without_its_csrf_token_is_refused_with_how_to_send_it(alice, open_round):
    browser = APIClient(enforce_csrf_checks=True)
    browser.force_login(alice.user)
    assert_problem(browser.post(PROMPTS), 403, "permission_denied", detail="X-CSRFToken")


def test_a_session_with_its_csrf_token_works(alice, open_round):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice.user)
    token = "a" * 32
    browser.cookies["csrftoken"] = token
    response = browser.post(PROMPTS, {}, content_type="application/json", headers={"X-CSRFToken": token})
    assert response.status_code == 201


@pytest.mark.parametrize("who", ["guest", "person"])
def test_too_many_requests_are_refused_with_how_long_to_wait(api, alice, guest, digits, monkeypatch, who):
    monkeypatch.setitem(SimpleRateThrottle.THROTTLE_RATES, who, "2/min")
    client = guest if who == "guest" else api(alice)
    assert [client.get("/api/v1/tasks/").status_code for _ in range(2)] == [200, 200]
    response = client.get("/api/v1/tasks/")
    assert_problem(response, 429, "throttled", detail="Wait")
    assert 0 < int(response["Retry-After"]) <= 60
    assert (api(alice) if who == "guest" else guest).get("/api/v1/tasks/").status_code == 200


def test_a_guest_does_not_get_around_it_by_claiming_another_address(guest, digits, monkeypatch):
    monkeypatch.setitem(SimpleRateThrottle.THROTTLE_RATES, "guest", "2/min")
    answers = [guest.get("/api/v1/tasks/", headers={"X-Forwarded-For": f"10.0.0.{n}"}).status_code for n in range(3)]
    assert answers == [200, 200, 429]


@pytest.fixture
def broken(monkeypatch):
    """broken(error) → reading a task's open round fails with it."""

    def broken(error: Exception) -> None:
        def fail(*_: object) -> None:
            raise error

        monkeypatch.setattr(selectors, "open_round", fail)

    return broken


def test_an_unexpected_error_is_logged_and_not_shown(digits, broken, caplog):
    broken(ZeroDivisionError("secret detail"))
    response = Client(raise_request_exception=False).get("/api/v1/tasks/digits/")
    assert_problem(response, 500, "server_error", detail="it was logged")
    assert b"secret" not in response.content
    assert "ZeroDivisionError: secret detail" in caplog.text


def test_a_database_that_does_not_answer_is_worth_another_try(digits, broken, caplog):
    broken(OperationalError("database is locked"))
    response = Client().get("/api/v1/tasks/digits/")
    assert_problem(response, 503, "unavailable", detail="Send the request again")
    assert int(response["Retry-After"]) > 0
    assert "database is locked" in caplog.text
