"""The pages that are shown when something is wrong."""

import pytest
from django.http import HttpRequest
from django.test import Client
from django.views.defaults import bad_request, permission_denied, server_error

from .conftest import text_of


@pytest.mark.django_db
def test_a_page_that_does_not_exist_leads_back(visit):
    response = visit(None).get("/nothing/here/")
    assert response.status_code == 404
    assert "Page not found" in text_of(response)
    assert "To the front page" in text_of(response)


def test_the_500_page_needs_no_database():
    # No django_db mark: a query would fail this test.
    page = text_of(server_error(HttpRequest()))
    assert "The site has a problem" in page
    assert "An unsent drawing is saved in this tab" in page


def test_the_400_page_needs_no_database():
    assert "can’t be read" in text_of(bad_request(HttpRequest(), Exception()))


@pytest.mark.django_db
def test_a_403_without_a_reason_still_says_something(rf, alice):
    request = rf.get("/x/")
    request.user = alice.user
    assert "Nothing was changed" in text_of(permission_denied(request, Exception()))


@pytest.mark.django_db
def test_a_form_without_its_token_is_said_to_have_expired(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice.user)
    response = client.post("/profile/token/")
    assert response.status_code == 403
    assert "This form has expired" in text_of(response)


@pytest.mark.django_db
def test_an_unexpected_error_shows_the_500_page(visit, open_round, monkeypatch):
    def break_down(*args, **kwargs):
        raise RuntimeError("broken")

    monkeypatch.setattr("rounds.reports.task_report", break_down)
    client = visit(None)
    client.raise_request_exception = False
    response = client.get("/tasks/digits/")
    assert response.status_code == 500
    assert "The site has a problem" in text_of(response)


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/", "/accounts/login/", "/tasks/digits/draw/", "/nothing/"])
def test_no_page_runs_a_script_that_the_policy_would_refuse(visit, open_round, path):
    response = visit(None).get(path)
    page = text_of(response)
    assert (
        "script-src" not in response["Content-Security-Policy"] or "unsafe" not in response["Content-Security-Policy"]
    )
    assert "<script>" not in page
    assert " onclick=" not in page
    assert "javascript:" not in page


@pytest.mark.django_db
def test_the_api_pages_lead_back_and_the_admin_has_the_sites_icon(visit, adam):
    assert '<a href="/">← DADC</a>' in text_of(visit(None).get("/api/docs/"))
    assert "img/favicon.svg" in text_of(visit(None).get("/admin/login/"))
