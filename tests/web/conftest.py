"""Visitors: each of the cast in a browser of their own."""

from collections.abc import Callable

import pytest
from django.http import HttpResponse
from django.test import Client

from rounds.models import Annotator


@pytest.fixture
def visit() -> Callable[[Annotator | None], Client]:
    """visit(alice) → a client that is logged in as alice; visit(None) → a visitor without an account."""

    def visit(hand: Annotator | None) -> Client:
        client = Client()
        if hand is not None:
            assert hand.user is not None
            client.force_login(hand.user)
        return client

    return visit


def text_of(response: HttpResponse) -> str:
    """The page with every run of white space as one space, so that a sentence can be looked for."""
    return " ".join(response.content.decode().split())
