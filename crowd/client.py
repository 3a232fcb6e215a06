"""A program's way to a running site: API version 1 over HTTP, and nothing else of the platform.

A `Site` is an address with the connections to it; a `Client` is one person there. Whatever is worth sending again is
sent again: after a network error, a 429 or a 5xx, as long as `PATIENCE` lasts. That is safe, because a drawing carries
a key of its own and every other call can be repeated.
"""

import http.client
import json
import random
import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

#: Seconds between two attempts where the site doesn't say, doubled each time; the last one gives up.
PATIENCE = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
#: Statuses after which the same request may well succeed.
PASSING = frozenset({429, 500, 502, 503, 504})
SECONDS_TO_ANSWER = 60
LONGEST_WAIT = 120
#: Servers hang up on connections that are idle for a few seconds; after this many a new one is opened first.
IDLE_SECONDS = 1.0

Json = Any


class Problem(Exception):
    """The site said no. `code` is for programs, the message for people."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status, self.code, self.detail = status, code, detail


class Unreachable(Exception):
    """The site did not answer, however often it was asked."""


@dataclass(frozen=True)
class Answer:
    """What came back: `body` is bytes; `headers` are as `http.client` gives them."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self) -> Json:
        """The body as JSON; None for an empty one. Raises Problem for anything else: it is not the API that answers."""
        try:
            return json.loads(self.body) if self.body else None
        except ValueError as error:
            said = "What answers at this address is not the API: use the site's right address (https://…)."
            raise Problem(self.status, "not_the_api", said) from error

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Seconds, where the site says how long to wait."""
        said = self.headers.get("Retry-After", "")
        return float(said) if said.isdigit() else None


class Calls:
    """How the calls went. Thread-safe.

    Attributes:
        seconds: by call, how long each attempt took that succeeded; refusals are quicker, failures slower.
        outcomes: by (call, status or network error), the number of attempts.
        load: attempts that succeeded, and seconds, within `under_load`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.load = (0, 0.0)
        self._succeeded = 0

    def note(self, call: str, outcome: str, seconds: float) -> None:
        with self._lock:
            self.outcomes[call, outcome] += 1
            if outcome.startswith("2"):
                self.seconds[call].append(seconds)
                self._succeeded += 1

    @contextmanager
    def under_load(self) -> Iterator[None]:
        """A time in which the site is as busy as the crowd can make it, so that its calls per second say something."""
        before, started = self._succeeded, time.monotonic()
        try:
            yield
        finally:
            calls, seconds = self.load
            self.load = calls + self._succeeded - before, seconds + time.monotonic() - started


class Site:
    """A site's address and the connections to it, one for each thread. Shared by everybody who goes there.

    Args:
        url: where the site is, e.g. `http://127.0.0.1:8000`; a path in it is kept.
        calls: where to note how the calls went.
        sleep: how to wait, seconds; true where it is over and nobody is to ask again (as `threading.Event.wait` says).
    """

    def __init__(self, url: str, *, calls: Calls | None = None, sleep: Callable[[float], object] = time.sleep) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"“{url}” is no address of a site. Give one like http://127.0.0.1:8000.")
        self.url = url.rstrip("/")
        self.calls = calls or Calls()
        self.sleep = sleep
        self._parts = parts
        self._own = threading.local()

    def request(
        self, call: str, method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        """The answer to a request, sent again while that may help; `call` is its name in `calls`.

        Raises:
            Problem: the site refused or sends one elsewhere, or still fails at the last attempt.
            Unreachable: no answer came at the last attempt.
        """
        for wait in (*PATIENCE, None):
            try:
                answer = self._once(call, method, path, headers or {}, body)
            except (OSError, http.client.HTTPException) as error:
                if wait is None:
                    what = f"{type(error).__name__}: {error}"
                    raise Unreachable(
                        f"{self.url} does not answer ({what}): start the site, or use its right address."
                    ) from error
                self._wait(_jittered(wait))
                continue
            if answer.is_success:
                return answer
            if wait is None or answer.status not in PASSING:
                raise _problem(answer)
            self._wait(min(answer.retry_after or _jittered(wait), LONGEST_WAIT))
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, seconds: float) -> None:
        if self.sleep(seconds):
            raise Unreachable(f"{self.url} was not asked again: it is over.")

    def _once(self, call: str, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        with self._noted(call) as noted:
            connection = self._connection()
            try:
                connection.request(method, self._parts.path.rstrip("/") + path, body=body, headers=headers)
                response = connection.getresponse()
                answer = Answer(response.status, response.headers, response.read())
                self._own.used = time.monotonic()
            except (OSError, http.client.HTTPException):
                connection.close()
                raise
            noted.append(str(answer.status))
            return answer

    @contextmanager
    def _noted(self, call: str) -> Iterator[list[str]]:
        """Takes the time; what is appended is the outcome, otherwise it is the error's name."""
        outcome: list[str] = []
        started = time.perf_counter()
        try:
            yield outcome
        except Exception as error:
            outcome.append(type(error).__name__)
            raise
        finally:
            self.calls.note(call, outcome[0], time.perf_counter() - started)

    def _connection(self) -> http.client.HTTPConnection:
        """This thread's connection. One that was closed opens itself again at the next request."""
        own = self._own
        if not hasattr(own, "connection"):
            own.connection, own.used = self._connect(), time.monotonic()
        elif time.monotonic() - own.used > IDLE_SECONDS:
            own.connection.close()
        return own.connection

    def _connect(self) -> http.client.HTTPConnection:
        secure = self._parts.scheme == "https"
        kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return kind(self._parts.hostname or "", self._parts.port, timeout=SECONDS_TO_ANSWER)


@dataclass
class Client:
    """Somebody at a site, by their token; without one a guest. Not to be used by two threads at once."""

    site: Site
    token: str = field(default="", repr=False)

    # --- drawing

    def ask_prompt(self, task: str) -> Json:
        """What to draw next: the prompt that is open already, or a new one."""
        return self._post("ask prompt", f"/tasks/{task}/prompts/")

    def send_drawing(self, prompt: int, png: bytes) -> Json:
        """The stored example with its verdict. Sent under a new key, so that no repetition stores it twice."""
        boundary = uuid.uuid4().hex
        headers = {
            "Idempotency-Key": str(uuid.uuid4()),
            "Content-Type": f"multipart/form-data; boundary={boundary}",
        }
        return self._call(
            "send drawing", "POST", f"/prompts/{prompt}/examples/", headers, _form(boundary, "image", png)
        ).json()

    def give_up(self, prompt: int) -> None:
        """Finishes a prompt without success; nothing happens to one that is finished already."""
        self._unless("prompt_finished", lambda: self._post("give up", f"/prompts/{prompt}/give_up/"))

    # --- validating

    def next_validation(self, task: str) -> Json | None:
        """`{"example", "image_url", "choices"}`; None when nothing waits for this validator."""
        return self._get("next validation", f"/tasks/{task}/validations/next/")

    def image(self, example: int) -> bytes:
        """The PNG of an example that lies on one's desk, or that one may see for another reason."""
        return self._call("image", "GET", f"/examples/{example}/image/").body

    def answer(self, example: int, answer: str) -> bool:
        """Whether the answer counted: False where others had settled the example, or it had gone to somebody else."""
        given = {"answer": answer}
        try:
            # A repetition finds its first attempt stored.
            self._unless("already_validated", lambda: self._post("answer", f"/examples/{example}/validations/", given))
        except Problem as problem:
            if problem.code in ("settled", "not_leased", "round_closed"):
                return False
            raise
        return True

    # --- rounds

    def rounds(self, task: str) -> list[Json]:
        """All rounds of a task, newest first."""
        found: list[Json] = []
        page, more = 1, True
        while more:
            listed = self._get("rounds", f"/tasks/{task}/rounds/?{urlencode({'page': page})}")
            found += listed["results"]
            page, more = page + 1, listed["next"] is not None
        return found

    def round(self, round: int) -> Json:
        return self._get("round", f"/rounds/{round}/")

    # --- moves, for admins

    def open(self, round: int) -> Json:
        return self._post("open", f"/rounds/{round}/open/")

    def close(self, round: int) -> Json:
        return self._post("close", f"/rounds/{round}/close/")

    def train(self, round: int) -> Json:
        return self._post("train", f"/rounds/{round}/train/")

    def accept(self, round: int) -> Json:
        return self._post("accept", f"/rounds/{round}/accept/")

    def keep(self, round: int) -> Json:
        return self._post("keep", f"/rounds/{round}/keep/")

    # --- data sets, for researchers

    def ask_export(self, round: int) -> Json:
        return self._post("ask export", f"/rounds/{round}/exports/")

    def export(self, export: int) -> Json:
        return self._get("export", f"/exports/{export}/")

    def download(self, export: int) -> bytes:
        """The data set as a zip file."""
        return self._call("download", "GET", f"/exports/{export}/download/").body

    # --- how

    def _get(self, call: str, path: str) -> Json:
        return self._call(call, "GET", path).json()

    def _post(self, call: str, path: str, given: Json = None) -> Json:
        body = json.dumps(given or {}).encode()
        return self._call(call, "POST", path, {"Content-Type": "application/json"}, body).json()

    def _call(
        self, call: str, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Answer:
        who = {"Authorization": f"Token {self.token}"} if self.token else {}
        return self.site.request(call, method, f"/api/v1{path}", headers={**(headers or {}), **who}, body=body)

    @staticmethod
    def _unless(code: str, act: Callable[[], Json]) -> None:
        """Acts; a problem with this code says that it is done already."""
        try:
            act()
        except Problem as problem:
            if problem.code != code:
                raise


def _problem(answer: Answer) -> Problem:
    """The problem in an answer; `unknown` is the code of one that is not the API's own (a proxy's page, say)."""
    if answer.status < 400:
        where = answer.headers.get("Location", "another address")
        return Problem(answer.status, "redirected", f"The site sends us to {where}: use its right address (https://…).")
    try:
        said = json.loads(answer.body)
        return Problem(answer.status, said["code"], said["detail"])
    except (ValueError, KeyError, TypeError):
        return Problem(answer.status, "unknown", answer.body[:200].decode(errors="replace"))


def _jittered(seconds: float) -> float:
    """So that many who were sent away at once don't all come back at once."""
    return seconds * random.uniform(0.5, 1.5)


def _form(boundary: str, name: str, png: bytes) -> bytes:
    """A multipart form with one file in it."""
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="drawing.png"\r\n'
        "Content-Type: image/png\r\n\r\n"
    )
    return head.encode() + png + f"\r\n--{boundary}--\r\n".encode()
