"""Reports, matrix, leaderboard and exports: the API answers what `reports` and the export job return."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from rounds import reports
from rounds.models import Export
from tests.api.conftest import assert_problem, rows


@pytest.fixture
def collected(open_round, alice, bob, carol, draw, validate):
    example = draw(alice, open_round.task, fooling=True)
    for validator in (bob, carol):
        validate(validator, example, example.label)
    return open_round


def test_a_rounds_report_is_the_one_of_the_pages(guest, collected):
    report = guest.get(f"/api/v1/rounds/{collected.pk}/report/").json()
    assert report == reports.round_report(collected)
    assert report["vmer"] == {"numerator": 1, "denominator": 1, "value": 1.0, "interval": None}


def test_a_tasks_report_adds_its_rounds_up(guest, collected):
    report = guest.get("/api/v1/tasks/digits/report/").json()
    assert report["together"]["verified"] == 1
    assert [each["number"] for each in report["rounds"]] == [1]


def test_the_matrix_has_a_row_for_each_model(guest, collected):
    matrix = guest.get("/api/v1/tasks/digits/matrix/").json()
    assert [row["name"] for row in matrix["rows"]] == ["Graphite"]
    assert matrix["columns"][0]["key"] == "base_test"
    assert matrix["rows"][0]["cells"][0]["n"] == 10_000


def test_the_leaderboard_is_cut_where_the_client_asks(guest, collected, bob, draw):
    draw(bob, collected.task, fooling=True)
    url = "/api/v1/tasks/digits/leaderboard/"
    assert [line["name"] for line in guest.get(url).json()["annotators"]] == ["alice", "bob"]
    assert [line["name"] for line in guest.get(url, {"top": 1}).json()["annotators"]] == ["alice"]
    assert guest.get(url).json()["models"][0]["name"] == "Graphite"
    for top in ("0", "1001", "many"):
        assert_problem(guest.get(url, {"top": top}), 400, "invalid", detail="top")


def test_a_researcher_asks_for_an_export_and_checks_how_far_it_is(api, ruth, collected):
    response = api(ruth).post(f"/api/v1/rounds/{collected.pk}/exports/")
    assert response.status_code == 202
    export = response.json()
    assert (export["round"], export["status"], export["download"]) == (collected.pk, "queued", None)
    assert response["Location"] == export["url"]
    assert api(ruth).get(export["url"]).json() == export
    assert Export.objects.get().by == ruth.user


def test_a_ready_export_is_downloaded_as_a_file(api, ruth, collected):
    export = Export.objects.create(round=collected, by=ruth.user)
    url = f"/api/v1/exports/{export.pk}/download/"
    assert_problem(api(ruth).get(url), 409, "not_ready", detail="is queued")
    path = default_storage.save("exports/digits-round-1.zip", ContentFile(b"PK the data"))
    Export.objects.update(status="ready", path=path, sha256="0" * 64, examples=1)
    assert api(ruth).get(f"/api/v1/exports/{export.pk}/").json()["download"] == url
    response = api(ruth).get(url)
    assert b"".join(response.streaming_content) == b"PK the data"
    assert response["Content-Disposition"] == 'attachment; filename="digits-round-1.zip"'
    default_storage.delete(path)
    assert_problem(api(ruth).get(url), 404, detail="Ask for a new export")


def test_only_researchers_and_admins_export(api, alice, adam, guest, collected):
    ask = f"/api/v1/rounds/{collected.pk}/exports/"
    client, before = api(alice), rows()
    assert_problem(client.post(ask), 403, "not_allowed", detail="role researcher or admin")
    assert_problem(guest.post(ask), 401)
    assert rows() == before
    made = api(adam).post(ask).json()
    assert_problem(api(alice).get(made["url"]), 403)
    assert_problem(api(alice).get(made["url"] + "download/"), 403)
    assert_problem(api(adam).get("/api/v1/exports/999/"), 404, detail="no export")
    assert_problem(api(adam).post("/api/v1/rounds/999/exports/"), 404)
