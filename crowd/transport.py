"""HTTP requests to a site, repeated after errors that may pass. Knows nothing of the site's API."""

import http.client
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from crowd.call_log import CallLog

#: Seconds to wait before each retry, unless the site names a time. After the last retry the request has failed.
RETRY_DELAYS = (0.2, 0.4, 0.8, 1.6, 3.2, 6.4)
#: Statuses after which the same request may succeed later.
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
TIMEOUT_SECONDS = 60
#: The longest wait that a site's `Retry-After` can ask for.
MAX_RETRY_AFTER = 120
#: Servers close connections that are idle for a few seconds; after this many a new one is opened.
MAX_IDLE_SECONDS = 1.0


class SiteUnreachable(Exception):
    """The site did not answer, or the campaign ended before the next retry."""


@dataclass(frozen=True)
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300

    @property
    def retry_after(self) -> float | None:
        """Seconds; None where the site does not say how long to wait."""
        value = self.headers.get("Retry-After", "")
        return float(value) if value.isdigit() else None


class Site:
    """A site's address, with one connection for each thread. Shared by all clients of the site.

    Args:
        url: the site's address, e.g. `http://127.0.0.1:8000`; it may have a path.
        log: records every attempt.
        sleep: waits so many seconds; a true result means that no more requests are to be sent, as after
            `threading.Event.wait`.

    Raises:
        ValueError: the URL is not the address of a site.
    """

    def __init__(self, url: str, *, log: CallLog | None = None, sleep: Callable[[float], object] = time.sleep) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"“{url}” is not the address of a site. Give one like http://127.0.0.1:8000.")
        self.url = url.rstrip("/")
        self.log = log or CallLog()
        self.sleep = sleep
        self._parts = parts
        self._thread = threading.local()

    def request(
        self, call: str, method: str, path: str, *, headers: dict[str, str] | None = None, body: bytes = b""
    ) -> Response:
        """The response to a request, whatever its status; `call` is the request's name in the log.

        Repeating a request has to be safe: it is sent again after network errors and `RETRIED_STATUSES`.

        Raises:
            SiteUnreachable: the last retry ended with a network error.
        """
        for delay in (*RETRY_DELAYS, None):
            try:
                response = self._attempt(call, method, path, headers or {}, body)
            except (OSError, http.client.HTTPException) as error:
                if delay is None:
                    raise SiteUnreachable(
                        f"{self.url} does not answer ({type(error).__name__}: {error}): start the site, or use its "
                        "right address."
                    ) from error
                self._wait(_with_jitter(delay))
                continue
            if delay is None or response.status not in RETRIED_STATUSES:
                return response
            self._wait(min(response.retry_after or _with_jitter(delay), MAX_RETRY_AFTER))
        raise AssertionError("the last attempt returns or raises")

    def _wait(self, seconds: float) -> None:
        if self.sleep(seconds):
            raise SiteUnreachable(f"The request to {self.url} was not repeated: the campaign has ended.")

    def _attempt(self, call: str, method: str, path: str, headers: dict[str, str], body: bytes) -> Response:
        with self._logged(call) as outcome:
            connection = self._connection()
            try:
                connection.request(method, self._parts.path.rstrip("/") + path, body=body, headers=headers)
                received = connection.getresponse()
                response = Response(received.status, received.headers, received.read())
                self._thread.last_used = time.monotonic()
            except (OSError, http.client.HTTPException):
                connection.close()
                raise
            outcome.append(str(response.status))
            return response

    @contextmanager
    def _logged(self, call: str) -> Iterator[list[str]]:
        """Logs the duration and the outcome: what is appended to the list, or the name of the error that is raised."""
        outcome: list[str] = []
        started = time.perf_counter()
        try:
            yield outcome
        except Exception as error:
            outcome.append(type(error).__name__)
            raise
        finally:
            self.log.record(call, outcome[0], time.perf_counter() - started)

    def _connection(self) -> http.client.HTTPConnection:
        """This thread's connection. One that was closed opens again by itself at the next request."""
        thread = self._thread
        if not hasattr(thread, "connection"):
            thread.connection, thread.last_used = self._connect(), time.monotonic()
        elif time.monotonic() - thread.last_used > MAX_IDLE_SECONDS:
            thread.connection.close()
        return thread.connection

    def _connect(self) -> http.client.HTTPConnection:
        secure = self._parts.scheme == "https"
        connection_type = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        return connection_type(self._parts.hostname or "", self._parts.port, timeout=TIMEOUT_SECONDS)


def _with_jitter(seconds: float) -> float:
    """Varied at random, so that clients that failed at the same moment don't all return at the same moment."""
    return seconds * random.uniform(0.5, 1.5)
