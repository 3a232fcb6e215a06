"""The API describes itself completely, and shows the description without any network."""

import re
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from rounds.api.urls import v1


@pytest.fixture(scope="module")
def schema(tmp_path_factory) -> dict[str, Any]:
    path = tmp_path_factory.mktemp("schema") / "schema.yml"
    call_command("spectacular", "--validate", "--fail-on-warn", file=str(path))
    return yaml.safe_load(path.read_text())


def operations(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method.upper()} {path}", operation)
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
        if path.startswith("/api/v1/")
    ]


def test_it_validates_without_a_warning_and_has_every_call(schema):
    described = {re.sub(r"\{\w+\}", "…", path) for path in schema["paths"]}
    assert described >= {"/api/v1/" + re.sub(r"<\w+:\w+>", "…", str(each.pattern)) for each in v1}


def test_every_call_has_a_name_a_description_and_a_group(schema):
    names = [operation["operationId"] for _, operation in operations(schema)]
    assert len(names) == len(set(names))
    for call, operation in operations(schema):
        assert operation["description"].strip().endswith("."), call
        assert operation["tags"], call


def test_every_call_documents_its_problems_with_an_example_each(schema):
    for call, operation in operations(schema):
        problems = {status: answer for status, answer in operation["responses"].items() if status >= "400"}
        assert problems.keys() >= {"401", "429", "500", "503"}, call
        if "requestBody" in operation:
            assert problems.keys() >= {"400", "413", "415"}, call
        if "{" in call:
            assert "404" in problems, call
        for status, answer in problems.items():
            examples = answer["content"]["application/problem+json"]["examples"].values()
            assert all(each["value"]["status"] == int(status) for each in examples), call
            assert all(each["value"]["detail"].endswith(".") for each in examples), call


def test_the_reports_are_described_with_their_gaps_and_lengths(schema):
    components = schema["components"]["schemas"]
    cell = {"allOf": [{"$ref": "#/components/schemas/MatrixCell"}], "nullable": True}
    assert components["MatrixRow"]["properties"]["cells"]["items"] == cell
    assert components["RoundReport"]["properties"]["classes"]["items"] == {"$ref": "#/components/schemas/Class"}
    interval = components["Rate"]["properties"]["interval"]
    assert (interval["minItems"], interval["maxItems"], interval["nullable"]) == (2, 2, True)
    assert interval["description"].startswith("Wilson's 95 %")
    assert {*components["RoundReport"]["required"]} == {*components["RoundReport"]["properties"]}


def test_the_schema_is_served_as_yaml_and_as_json(db):
    as_yaml = yaml.safe_load(Client().get("/api/schema/").content)
    assert as_yaml["info"]["title"] == "DADC API"
    assert Client().get("/api/schema/?format=json").json() == as_yaml


def test_the_docs_page_loads_nothing_from_elsewhere_and_runs_under_the_sites_policy(db):
    response = Client().get("/api/docs/")
    page = response.content.decode()
    assert response.status_code == 200
    assert "script-src" not in response["Content-Security-Policy"]
    assert "default-src 'self'" in response["Content-Security-Policy"]
    sources = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert sources
    assert all(source.startswith("/") for source in sources)
    assert not re.search(r"<script>", page)


def test_its_script_points_at_the_schema(db):
    response = Client().get("/api/docs/?script=")
    assert response["Content-Type"].startswith("application/javascript")
    assert "/api/schema/" in response.content.decode()
