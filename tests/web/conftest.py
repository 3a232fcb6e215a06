"""Test clients for visitors and for the named people of tests/conftest.py."""

from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from rounds.models import Person

from .browser import Chromium, Sheet

Open = Callable[..., Sheet]


@pytest.fixture
def visit() -> Callable[[Person | None], Client]:
    """visit(alice) → a client that is logged in as alice; visit(None) → a visitor without an account."""

    def visit(person: Person | None) -> Client:
        client = Client()
        if person is not None:
            assert person.user is not None
            client.force_login(person.user)
        return client

    return visit


@pytest.fixture(scope="module")
def chromium() -> Iterator[Chromium]:
    browser = Chromium()
    yield browser
    browser.stop()


@pytest.fixture
def window(chromium: Chromium, live_server) -> Iterator[Open]:
    """window("/path/", alice) → a page in a browser of alice's own; without a name, a visitor's."""
    opened: list[Sheet] = []

    def open_window(path: str, person: Person | None = None, **options) -> Sheet:
        new = chromium.window(live_server.url, session_of(person, live_server.url), **options)
        opened.append(Sheet(chromium, new.page))
        opened[-1].go(path)
        return opened[-1]

    yield open_window
    for page in opened:
        page.close()


def session_of(person: Person | None, url: str) -> list[dict[str, str]]:
    if person is None:
        return []
    client = Client()
    client.force_login(person.user)
    name = settings.SESSION_COOKIE_NAME
    return [{"name": name, "value": client.cookies[name].value, "url": url}]


def text_of(response: HttpResponse) -> str:
    """The page with every run of white space as one space, so that a sentence can be looked for."""
    return " ".join(response.content.decode().split())
