"""The client against the running site, and against a server that misbehaves."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from rest_framework.authtoken.models import Token

from crowd.client import PATIENCE, Calls, Client, Problem, Site, Unreachable
from rounds.models import Example, Person, Prompt


class Moody(ThreadingHTTPServer):
    """Answers each request after `seconds` with the next of `answers`: (status, headers, body), or None to hang up."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MoodyHandler)
        self.answers: list[tuple[int, dict[str, str], bytes] | None] = []
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.connections: set[Any] = set()
        self.seconds = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def keys(self) -> set[str]:
        """The different keys that drawings were sent under."""
        return {headers["Idempotency-Key"] for _, _, headers, _ in self.asked}


class MoodyHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Moody

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        self.server.connections.add(self.client_address)
        time.sleep(self.server.seconds)
        answer = self.server.answers.pop(0)
        if answer is None:
            self.close_connection = True
            return
        status, headers, content = answer
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *said: Any) -> None:
        pass


@pytest.fixture
def moody() -> Iterator[Moody]:
    server = Moody()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def waits() -> list[float]:
    """The seconds that the client has waited between attempts."""
    return []


@pytest.fixture
def guest(moody: Moody, waits: list[float]) -> Client:
    return Client(Site(moody.url, sleep=waits.append))


def client_of(person: Person, site: str) -> Client:
    return Client(Site(site), Token.objects.get_or_create(user=person.user)[0].key)


# --- against a server that misbehaves


def test_it_waits_as_long_as_a_throttled_answer_says(moody, guest, waits):
    moody.answers = [(429, {"Retry-After": "7"}, b"{}"), (200, {}, b'{"number": 1}')]
    assert guest.round(5) == {"number": 1}
    assert waits == [7]


def test_it_asks_again_after_an_error_of_the_server(moody, guest, waits):
    moody.answers = [(500, {}, b"oops"), (502, {}, b"<html>"), (503, {"Retry-After": "5"}, b""), (200, {}, b"{}")]
    guest.round(5)
    assert len(waits) == 3
    assert waits[2] == 5
    assert waits[0] < waits[1] * 3  # longer and longer, but never at the same moment as everybody else


def test_it_asks_again_when_the_server_hangs_up(moody, guest):
    moody.answers = [None, None, (200, {}, b"{}")]
    guest.round(5)
    assert len(moody.asked) == 3


def test_a_drawing_is_sent_again_under_the_same_key(moody, guest):
    moody.answers = [None, (503, {}, b""), (200, {}, b'{"id": 1}')]
    assert guest.send_drawing(4, b"png") == {"id": 1}
    assert len(moody.asked) == 3
    assert len(moody.keys) == 1
    assert len({body for _, _, _, body in moody.asked}) == 1


def test_two_drawings_have_two_keys(moody, guest):
    moody.answers = [(201, {}, b"{}"), (201, {}, b"{}")]
    guest.send_drawing(4, b"png")
    guest.send_drawing(4, b"png")
    assert len(moody.keys) == 2


def test_a_refusal_is_not_asked_for_twice(moody, guest, waits):
    moody.answers = [(409, {}, b'{"code": "no_open_round", "detail": "No round is open."}')]
    with pytest.raises(Problem, match="No round is open") as caught:
        guest.ask_prompt("digits")
    assert (caught.value.status, caught.value.code) == (409, "no_open_round")
    assert waits == []


def test_it_gives_up_on_a_server_that_keeps_failing(moody, guest, waits):
    moody.answers = [(500, {}, b"oops")] * (len(PATIENCE) + 1)
    with pytest.raises(Problem, match="500 unknown: oops"):
        guest.round(5)
    assert len(waits) == len(PATIENCE)


def test_nobody_there_is_said_in_a_sentence(moody, waits):
    moody.server_close()
    with pytest.raises(Unreachable, match=r"does not answer .*: start the site, or use its right address"):
        Client(Site(moody.url, sleep=waits.append)).round(5)


def test_a_site_that_sends_us_elsewhere_is_not_followed_but_named(moody, guest):
    moody.answers = [(301, {"Location": "https://dadc.example.org/"}, b"")]
    with pytest.raises(Problem, match=r"301 .* sends us to https://dadc\.example\.org/: use its right address"):
        guest.round(5)


def test_a_page_where_the_api_should_be_is_told_in_a_sentence(moody, guest):
    moody.answers = [(200, {}, b"<html>Welcome!</html>")]
    with pytest.raises(Problem, match=r"200 .* not the API: use the site's right address"):
        guest.round(5)


def test_an_answer_that_had_arrived_before_counts(moody, guest):
    moody.answers = [None, (409, {}, b'{"code": "already_validated", "detail": "You have answered."}')]
    assert guest.answer(3, "7") is True


def test_an_answer_that_came_too_late_does_not_count(moody, guest):
    moody.answers = [(409, {}, b'{"code": "settled", "detail": "Others have settled it."}')]
    assert guest.answer(3, "7") is False


def test_an_answer_that_took_long_leaves_its_connection_fresh(moody, guest, monkeypatch):
    monkeypatch.setattr("crowd.client.IDLE_SECONDS", 0.5)
    moody.answers, moody.seconds = [(200, {}, b"{}")] * 2, 0.6
    guest.round(5)
    moody.seconds = 0
    guest.round(5)
    assert len(moody.connections) == 1


def test_a_connection_that_was_idle_for_long_is_opened_anew(moody, guest, monkeypatch):
    monkeypatch.setattr("crowd.client.IDLE_SECONDS", 0.0)
    moody.answers = [(200, {}, b"{}")] * 2
    guest.round(5)
    guest.round(5)
    assert len(moody.connections) == 2


def test_every_attempt_is_noted_with_its_outcome_and_the_time_of_those_that_succeed(moody, waits):
    calls = Calls()
    moody.answers = [None, (500, {}, b""), (200, {}, b"{}")]
    Client(Site(moody.url, calls=calls, sleep=waits.append)).round(5)
    assert calls.outcomes == {("round", "RemoteDisconnected"): 1, ("round", "500"): 1, ("round", "200"): 1}
    assert len(calls.seconds["round"]) == 1


def test_what_succeeds_under_load_is_counted_apart(moody, waits):
    calls = Calls()
    client = Client(Site(moody.url, calls=calls, sleep=waits.append))
    moody.answers = [(200, {}, b"{}"), (500, {}, b""), (200, {}, b"{}"), (200, {}, b"{}")]
    client.round(5)
    for _ in range(2):
        with calls.under_load():
            client.round(5)
    succeeded, seconds = calls.load
    assert succeeded == 2
    assert 0 < seconds < 10


def test_something_that_is_no_address_is_refused():
    with pytest.raises(ValueError, match="no address"):
        Site("localhost:8000")


def test_a_path_in_the_address_is_kept(moody, waits):
    moody.answers = [(200, {}, b"{}")]
    Client(Site(moody.url + "/dadc/", sleep=waits.append)).round(5)
    assert moody.asked[0][1] == "/dadc/api/v1/rounds/5/"


# --- against the site


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_alice_draws_and_gives_up(live_server, open_round, alice, pen):
    client = client_of(alice, live_server.url)
    prompt = client.ask_prompt("digits")
    verdict = client.send_drawing(prompt["id"], pen.digit(prompt["label"], fooling=False))
    assert verdict["fooled"] is False
    client.give_up(prompt["id"])
    client.give_up(prompt["id"])  # finished already: nothing happens
    assert Prompt.objects.get().status == Prompt.Status.GIVEN_UP


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_bob_looks_at_what_alice_drew_and_answers(live_server, open_round, alice, bob, pen):
    drawing_client = client_of(alice, live_server.url)
    prompt = drawing_client.ask_prompt("digits")
    drawing_client.send_drawing(prompt["id"], pen.digit(prompt["label"], fooling=True))
    client = client_of(bob, live_server.url)
    handed = client.next_validation("digits")
    example = Example.objects.get()
    assert handed["example"] == example.pk
    assert client.image(handed["example"]) == bytes(example.drawing.png)
    assert client.answer(handed["example"], prompt["label"]) is True
    assert client.next_validation("digits") is None


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_adam_sees_and_closes_the_round(live_server, open_round, adam):
    client = client_of(adam, live_server.url)
    assert [round["number"] for round in client.rounds("digits")] == [1]
    assert client.close(open_round.pk)["status"] == "validating"
    assert client.keep(open_round.pk)["next_round"]["number"] == 2
