"""Signing up, logging in and out, and a forgotten password, in the look of the site."""

import re

import pytest
from django.contrib.auth.models import User
from django.core import mail

from .conftest import text_of

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough password"


def sign_up(client, **changes):
    form = {"username": "dora", "email": "dora@example.org", "password1": PASSWORD, "password2": PASSWORD}
    return client.post("/accounts/signup/", form | changes, follow=True)


def test_who_signs_up_may_draw_and_validate_at_once(visit):
    sign_up(visit(None))
    assert set(User.objects.get(username="dora").groups.values_list("name", flat=True)) == {"annotator", "validator"}


def test_signing_up_from_practice_leads_back_to_the_sheet(visit, open_round):
    response = sign_up(visit(None), next="/tasks/digits/draw/")
    assert response.redirect_chain[-1][0] == "/tasks/digits/draw/"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"password2": "another password"}, "You must type the same password each time"),
        ({"password1": "12345678", "password2": "12345678"}, "too common"),
        ({"email": "dora"}, "Enter a valid email address"),
        ({"username": ""}, "This field is required"),
    ],
)
def test_a_sign_up_that_can_not_be_taken_says_why_at_the_field(visit, changes, sentence):
    page = text_of(sign_up(visit(None), **changes))
    assert sentence in page
    assert 'class="errorlist"' in page
    assert not User.objects.filter(username="dora").exists()


@pytest.mark.parametrize("login", ["alice", "alice@example.org"])
def test_a_name_or_an_address_logs_in(visit, open_round, alice, login):
    client = visit(None)
    page = text_of(client.post("/accounts/login/", {"login": login, "password": PASSWORD}, follow=True))
    assert "Log out" in page


def test_a_wrong_password_is_said_to_be_wrong(visit, alice):
    page = text_of(visit(None).post("/accounts/login/", {"login": "alice", "password": "wrong"}))
    assert "not correct" in page


def test_logging_out_needs_a_post(visit, alice):
    client = visit(alice)
    assert "Log out?" in text_of(client.get("/accounts/logout/"))
    client.post("/accounts/logout/")
    assert client.get("/profile/").status_code == 302


def test_a_forgotten_password_is_replaced_through_a_mail(visit, alice):
    client = visit(None)
    page = text_of(client.post("/accounts/password/reset/", {"email": "alice@example.org"}, follow=True))
    assert "Check your e-mail" in page
    assert mail.outbox[0].subject.endswith("Choose a new password")
    link = re.search(r"http://[^/]+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)
    form = client.get(link.group(1), follow=True)
    assert "Choose a new password" in text_of(form)
    new = {"password1": "quite another one 7", "password2": "quite another one 7"}
    done = client.post(form.request["PATH_INFO"], new, follow=True)
    assert "Your password is changed" in text_of(done)
    assert User.objects.get(username="alice").check_password("quite another one 7")


def test_an_old_reset_link_says_so(visit):
    assert "no longer works" in text_of(visit(None).get("/accounts/password/reset/key/1-set-x/"))


@pytest.mark.parametrize(
    "path", ["login", "signup", "password/reset", "password/reset/done", "inactive", "confirm-email"]
)
def test_every_page_for_visitors_is_in_the_look_of_the_site(visit, path):
    page = text_of(visit(None).get(f"/accounts/{path}/"))
    assert 'class="masthead"' in page
    assert "dadc.css" in page


@pytest.mark.parametrize("path", ["email", "password/change", "logout", "reauthenticate"])
def test_every_page_for_accounts_is_in_the_look_of_the_site(visit, alice, path):
    client = visit(None)
    client.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    page = text_of(client.get(f"/accounts/{path}/"))
    assert 'class="masthead"' in page


def test_a_wrong_old_password_changes_nothing(visit, alice):
    form = {"oldpassword": "wrong", "password1": "quite another one 7", "password2": "quite another one 7"}
    page = text_of(visit(alice).post("/accounts/password/change/", form))
    assert "Please type your current password" in page


def test_the_forms_of_the_accounts_library_speak_as_the_site_does(visit):
    page = text_of(visit(None).get("/accounts/signup/"))
    assert "E-mail address</label>" in page
    assert "placeholder" not in page
