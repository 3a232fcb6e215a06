import pytest
from rest_framework.authtoken.models import Token

from .conftest import text_of

pytestmark = pytest.mark.django_db


def test_a_visitor_is_asked_to_log_in(visit):
    assert visit(None).get("/profile/")["Location"] == "/accounts/login/?next=/profile/"


def test_roles_drawings_and_numbers_are_shown(visit, open_round, alice, bob, draw, validate):
    fooling = draw(alice, open_round.task, fooling=True)
    draw(alice, open_round.task, fooling=False)
    validate(bob, fooling, fooling.label)
    page = text_of(visit(alice).get("/profile/"))
    assert "Roles: annotator, validator." in page
    assert f"/api/v1/examples/{fooling.pk}/image/" in page
    assert "pending" in page
    assert "not fooled" in page
    assert 'Checked for others</dt> <dd> <span class="big">1</span>' in text_of(visit(bob).get("/profile/"))


def test_other_peoples_drawings_are_not_shown(visit, open_round, alice, bob, draw):
    example = draw(alice, open_round.task, fooling=True)
    assert f"/examples/{example.pk}/" not in text_of(visit(bob).get("/profile/"))


def test_an_account_without_drawings_is_invited(visit, open_round, alice):
    assert "What you draw will be here" in text_of(visit(alice).get("/profile/"))


def test_a_token_is_made_and_replaced_by_post_only(visit, alice):
    client = visit(alice)
    assert client.get("/profile/token/").status_code == 405
    assert "Make a token" in text_of(client.get("/profile/"))
    page = text_of(client.post("/profile/token/", follow=True))
    first = Token.objects.get(user=alice.user).key
    assert first in page
    page = text_of(client.post("/profile/token/", follow=True))
    assert first not in page
    assert Token.objects.get(user=alice.user).key in page
    assert "the old one no longer works" in page


def test_a_visitor_gets_no_token(visit):
    assert visit(None).post("/profile/token/").status_code == 302
    assert not Token.objects.exists()
