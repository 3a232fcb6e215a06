"""Clients for the cast, and checks of every answer of the API."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from drf_spectacular.generators import SchemaGenerator
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from rounds import services
from rounds.api.base import ApiView
from rounds.errors import ErrorKind
from rounds.models import Example, Person, Prompt, Task


@dataclass(frozen=True)
class Documented:
    """A call as the schema describes it."""

    name: str
    errors: frozenset[ErrorKind]
    has_body: bool


def path_in_schema(route: str) -> str:
    """`rounds/<int:pk>/` → `/api/v1/rounds/{id}/`"""
    return "/api/v1/" + re.sub(r"<\w+:(\w+)>", r"{\1}", route).replace("{pk}", "{id}")


@pytest.fixture(scope="session")
def documented() -> dict[tuple[str, str], Documented]:
    """(method, path in the schema) → the call."""
    #: drf-spectacular names an example of “round_closed” RoundClosed.
    kinds = {kind.name.title().replace("_", ""): kind for kind in ErrorKind}

    def of(operation: dict[str, Any]) -> Documented:
        bodies = [body for answer in operation["responses"].values() for body in answer.get("content", {}).values()]
        names = {name for body in bodies for name in body.get("examples", {})}
        return Documented(
            operation["operationId"], frozenset(kinds[name] for name in names), has_body="requestBody" in operation
        )

    paths = SchemaGenerator().get_schema(public=True)["paths"]
    return {
        (method, path): of(operation)
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path.startswith("/api/v1/")
    }


@pytest.fixture(autouse=True)
def _every_problem_is_a_documented_one(documented, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the tests of the API do, each problem that a call answers is one that it documents."""
    finalize = ApiView.finalize_response

    def checked(view: ApiView, request: Any, response: Any, *args: Any, **kwargs: Any) -> Any:
        route = request.resolver_match.route.removeprefix("api/v1/")
        call = documented.get((request.method.lower(), path_in_schema(route)))  # None: no call has this method
        if response.status_code >= 400 and call:
            problems = {(kind.status, kind.code) for kind in call.errors}
            assert (response.status_code, response.data["code"]) in problems, call.name
        return finalize(view, request, response, *args, **kwargs)

    monkeypatch.setattr(ApiView, "finalize_response", checked)


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


def assert_problem(response: Any, status: int, code: str | None = None, detail: str = "") -> dict[str, Any]:
    """The response is a problem with this status and code, and a sentence that contains `detail`."""
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
    assert detail in problem["detail"], problem["detail"]
    return problem
