"""A server whose responses a test decides, and a site that the command `crowd` can play on."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from crowd import bot_threads, campaign
from crowd.client import ApiClient
from crowd.management.commands import crowd
from crowd.transport import Site

from .toys import toy_handwriting


class ScriptedServer(ThreadingHTTPServer):
    """Answers each request, after `delay` seconds, with the next of `responses`: (status, headers, body), or None to
    close the connection without an answer."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), ScriptedHandler)
        self.responses: list[tuple[int, dict[str, str], bytes] | None] = []
        self.requests: list[tuple[str, str, dict[str, str], bytes]] = []
        """(method, path, headers, body)"""
        self.connections: set[Any] = set()
        self.delay = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class ScriptedHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: ScriptedServer

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests.append((self.command, self.path, dict(self.headers), body))
        self.server.connections.add(self.client_address)
        time.sleep(self.server.delay)
        response = self.server.responses.pop(0)
        if response is None:
            self.close_connection = True
            return
        status, headers, content = response
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET  # noqa: N815

    def log_message(self, *message: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[ScriptedServer]:
    server = ScriptedServer()
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
def guest(server: ScriptedServer, waits: list[float]) -> ApiClient:
    """A client of the scripted server, without an account."""
    return ApiClient(Site(server.url, sleep=waits.append))


@pytest.fixture
def toy_people(monkeypatch):
    """The command's people have made-up handwriting: 24 trajectories of each digit, which mostly fool a model."""
    monkeypatch.setattr(crowd, "load_handwriting", toy_handwriting)


@pytest.fixture
def local_site(toy_people, monkeypatch, settings, live_server):
    """The command plays at the site of this database, and polls it often."""
    settings.SITE_URL = live_server.url
    monkeypatch.setattr(campaign, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(bot_threads, "PAUSE_SECONDS", 0.025)


@pytest.fixture
def request_lock(monkeypatch):
    """One request at a time: with SQLite in memory, all threads of the site under test share one connection."""
    lock = threading.RLock()
    attempt = Site._attempt

    def attempt_in_turn(*args):
        with lock:
            return attempt(*args)

    monkeypatch.setattr(Site, "_attempt", attempt_in_turn)
    return lock
