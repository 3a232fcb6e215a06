"""Schemathesis makes requests up from the schema: no 5xx, and every answer is one that the schema describes."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer
from hypothesis import HealthCheck, Phase, given, settings
from rest_framework.throttling import SimpleRateThrottle
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from rounds import services
from rounds.api.urls import v1
from rounds.models import Example, Export
from tests.api.conftest import path_in_schema

#: Every call of the API, as (method, path in the schema).
CALLS = [
    (method, path_in_schema(str(each.pattern)))
    for each in v1
    for method in ("get", "post")
    if hasattr(each.callback.cls, method)
]
WITH_A_BODY = ("auth/token/", "prompts/", "train/", "examples/", "validations/", "dispute/")
WITH_INPUT = [(method, path) for method, path in CALLS if method == "post" and path.endswith(WITH_A_BODY)]


@pytest.fixture(scope="session")
def schema() -> Any:
    described = OpenApiJsonRenderer().render(SchemaGenerator().get_schema(public=True), renderer_context={})
    loaded = schemathesis.openapi.from_dict(json.loads(described))
    loaded.app = get_wsgi_application()
    return loaded


@pytest.fixture(autouse=True)
def _on_the_tests_connection() -> Iterator[None]:
    """A request to the WSGI application would close the connection that the test's transaction is on."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def headers(api, adam, monkeypatch) -> dict[str, str]:
    """Those of adam, who may do everything, as often as he likes."""
    for scope in ("guest", "person", "login"):
        monkeypatch.setitem(SimpleRateThrottle.THROTTLE_RATES, scope, "100000/min")
    adam.user.is_superuser = True
    adam.user.save()
    return {"Authorization": api(adam)._credentials["HTTP_AUTHORIZATION"]}


@pytest.fixture
def there(open_round, adam, alice, bob, draw, validate) -> Callable[[str], dict[str, Any]]:
    """there(path) → path parameters that lead to something adam can act on."""
    own, others, reported = (draw(person, open_round.task, fooling=True) for person in (adam, alice, alice))
    validate(bob, reported, "abuse", reason="a face")
    Example.objects.filter(pk=others.pk).update(leased_to=adam)
    prompt, _ = services.issue_prompt(task=open_round.task, annotator=adam)
    export = Export.objects.create(
        round=open_round, by=adam.user, status="ready", path=default_storage.save("data.zip", ContentFile(b"data"))
    )
    ids = {
        "rounds": open_round.pk,
        "prompts": prompt.pk,
        "exports": export.pk,
        "examples/{id}/validations": others.pk,
        "examples/{id}/dispute": reported.pk,
        "examples": own.pk,
    }

    def there(path: str) -> dict[str, Any]:
        if "{slug}" in path:
            return {"slug": open_round.task.slug}
        found = (pk for name, pk in ids.items() if path.startswith(f"/api/v1/{name}/"))
        return {"id": next(found)} if "{id}" in path else {}

    return there


def made_up(operation: Any, mode: GenerationMode, call: Callable[[Any], None]) -> None:
    """Calls `call` with the same few requests each time."""
    strategy = operation.as_strategy(generation_mode=mode)
    few = settings(
        max_examples=5,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )

    @few
    @given(strategy)
    def every(case: Any) -> None:
        call(case)

    every()


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_call_that_fits_the_schema_is_answered_as_described(schema, headers, there, method, path):
    parameters = there(path)

    def call(case: Any) -> None:
        case.path_parameters = parameters
        # What fits the schema may still be a wrong password, or no picture.
        case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance])

    made_up(schema[path][method], GenerationMode.POSITIVE, call)


@pytest.mark.parametrize(("method", "path"), WITH_INPUT)
def test_a_call_that_does_not_fit_the_schema_is_refused_as_described(schema, headers, open_round, method, path):
    made_up(schema[path][method], GenerationMode.NEGATIVE, lambda case: case.call_and_validate(headers=headers))
