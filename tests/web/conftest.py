"""Test clients for visitors and for the named people of tests/conftest.py."""

from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client

from rounds.models import Person


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


def text_of(response: HttpResponse) -> str:
    """The page with every run of white space as one space, so that a sentence can be looked for."""
    return " ".join(response.content.decode().split())
