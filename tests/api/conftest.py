"""Clients for the cast, and what every answer of the API is held to."""

from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from rounds import services
from rounds.models import Example, Person, Prompt, Task


@pytest.fixture
def api(db) -> Callable[[Person], APIClient]:
    """api(alice) → a client that sends alice's token."""

    def of(person: Person) -> APIClient:
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Token {Token.objects.get_or_create(user=person.user)[0].key}")
        return client

    return of


@pytest.fixture
def guest(db) -> APIClient:
    """A browser without an account."""
    return APIClient()


@pytest.fixture
def ask(digits: Task) -> Callable[[APIClient], dict[str, Any]]:
    """ask(client) → the prompt it is given."""

    def ask(client: APIClient, **wanted: str) -> dict[str, Any]:
        response = client.post("/api/v1/tasks/digits/prompts/", wanted)
        assert response.status_code in (200, 201), response.content
        return response.json()

    return ask


@pytest.fixture
def send():
    """send(client, prompt_id, png) → the response; `key` is the Idempotency-Key."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    def send(client: APIClient, prompt: int, image: bytes, *, key: str | None = None) -> Any:
        return client.post(
            f"/api/v1/prompts/{prompt}/examples/",
            {"image": SimpleUploadedFile("drawing.png", image, "image/png")},
            format="multipart",
            headers={"Idempotency-Key": key} if key else {},
        )

    return send


@pytest.fixture
def leased():
    """leased(bob) → the example that the queue hands to bob."""

    def leased(validator: Person) -> Example:
        example = services.lease_next(task=Task.objects.get(), validator=validator)
        assert example is not None
        return example

    return leased


@pytest.fixture
def scored():
    """scored(pk) → a prompt with everything loaded."""
    return lambda pk: Prompt.objects.select_related("round__adversary", "round__task", "annotator").get(pk=pk)


def rows() -> dict[str, int]:
    """How many rows every table has."""
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def assert_problem(response: Any, status: int, code: str | None = None, says: str = "") -> dict[str, Any]:
    """The response is a problem with this status and code, and a sentence that has `says` in it."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["type"] == "about:blank"
    assert problem["title"]
    assert problem["detail"][0].isupper() or ": " in problem["detail"] or problem["detail"][0] == "“"
    assert problem["detail"].endswith((".", "?")), problem["detail"]
    if code:
        assert problem["code"] == code, problem
    assert says in problem["detail"], problem["detail"]
    return problem
