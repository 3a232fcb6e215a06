import pytest
from rest_framework.test import APIClient
from rest_framework.throttling import SimpleRateThrottle

from tests.api.conftest import assert_problem

URL = "/api/v1/auth/token/"
PASSWORD = "a long enough password"


def test_a_password_gets_a_token_that_works(guest, alice):
    token = guest.post(URL, {"username": "alice", "password": PASSWORD}).json()["token"]
    client = APIClient(HTTP_AUTHORIZATION=f"Token {token}")
    assert client.get("/api/v1/me/").json() == {
        "username": "alice",
        "guest": False,
        "roles": ["annotator", "validator"],
    }


def test_asking_again_gives_the_same_token(guest, alice):
    first, second = (guest.post(URL, {"username": "alice", "password": PASSWORD}).json() for _ in range(2))
    assert first == second


def test_the_address_does_as_well_as_the_name(guest, alice):
    assert guest.post(URL, {"username": "alice@example.org", "password": PASSWORD}).status_code == 200


def test_a_wrong_password_is_refused_with_no_more_than_that(guest, alice):
    wrong = guest.post(URL, {"username": "alice", "password": "no"})
    assert_problem(wrong, 401, "wrong_credentials", detail="Check both")
    assert wrong["WWW-Authenticate"] == "Token"
    assert guest.post(URL, {"username": "nobody", "password": "no"}).json() == wrong.json()


def test_a_closed_account_gets_no_token(guest, alice):
    alice.user.is_active = False
    alice.user.save()
    assert_problem(guest.post(URL, {"username": "alice", "password": PASSWORD}), 401)


def test_a_missing_field_is_named(guest, alice):
    problem = assert_problem(guest.post(URL, {"username": "alice"}), 400, "invalid", detail="password")
    assert problem["errors"] == [{"field": "password", "detail": "This field is required.", "code": "required"}]


def test_guessing_passwords_is_slowed_down(guest, alice, monkeypatch):
    monkeypatch.setitem(SimpleRateThrottle.THROTTLE_RATES, "login", "3/min")
    for _ in range(3):
        guest.post(URL, {"username": "alice", "password": "no"})
    response = guest.post(URL, {"username": "alice", "password": PASSWORD})
    assert_problem(response, 429, "throttled", detail="Wait")
    assert 0 < int(response["Retry-After"]) <= 60


@pytest.mark.parametrize("header", ["Token", "Token a b", "Token nonsense", "Token \x00"])
def test_a_wrong_token_is_refused_and_not_taken_for_a_guest(guest, alice, open_round, header):
    for response in (
        guest.get("/api/v1/me/", HTTP_AUTHORIZATION=header),
        guest.post("/api/v1/tasks/digits/prompts/", {}, HTTP_AUTHORIZATION=header),
    ):
        assert_problem(response, 401, "authentication_failed", detail="/api/v1/auth/token/")
        assert response["WWW-Authenticate"] == "Token"


def test_a_missing_token_is_asked_for(guest, open_round):
    response = guest.get("/api/v1/tasks/digits/validations/next/")
    assert_problem(response, 401, "not_authenticated", detail="Log in")
    assert response["WWW-Authenticate"] == "Token"


def test_a_guest_reads_that_they_are_one(guest):
    assert guest.get("/api/v1/me/").json() == {"username": None, "guest": True, "roles": []}
