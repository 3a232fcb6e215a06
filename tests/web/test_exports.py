import pytest
from django.urls import reverse

from rounds.models import Export

from .conftest import text_of

pytestmark = pytest.mark.django_db


def test_a_researcher_asks_for_a_data_set_and_sees_it_come(visit, open_round, ruth):
    client = visit(ruth)
    address = reverse("request_export", args=[open_round.pk])
    page = text_of(client.post(address, follow=True))
    export = Export.objects.get()
    assert export.by == ruth.user
    assert "queued" in page
    assert "being made" in page
    assert 'hx-trigger="every 3s"' in page
    Export.objects.update(status="ready", sha256="a" * 64, examples=12)
    page = text_of(client.get(open_round.get_absolute_url()))
    assert f'href="/api/v1/exports/{export.pk}/download/"' in page
    assert "hx-trigger" not in page
    assert "being made" not in page


def test_a_failed_export_says_why(visit, open_round, ruth):
    Export.objects.create(round=open_round, by=ruth.user, status="failed", error="The storage is full.")
    assert "The storage is full." in text_of(visit(ruth).get(open_round.get_absolute_url()))


def test_others_are_offered_no_data_set_and_get_none(visit, open_round, alice):
    assert "Data set" not in text_of(visit(alice).get(open_round.get_absolute_url()))
    address = reverse("request_export", args=[open_round.pk])
    assert visit(alice).post(address).status_code == 403
    assert visit(None).post(address).status_code == 302
    assert not Export.objects.exists()


def test_a_data_set_is_asked_for_by_post_only(visit, open_round, ruth):
    assert visit(ruth).get(reverse("request_export", args=[open_round.pk])).status_code == 405
