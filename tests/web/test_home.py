import pytest
from django.urls import reverse

from rounds.models import Task

from .conftest import text_of


@pytest.mark.django_db
def test_a_visitor_is_one_click_from_drawing(visit, open_round):
    page = text_of(visit(None).get("/"))
    assert f'href="{reverse("draw", args=["digits"])}">Draw now' in page
    assert "No account needed" in page


@pytest.mark.django_db
def test_every_task_is_listed_with_its_round(visit, open_round):
    Task.objects.create(slug="letters", name="Letters", labels=["a", "b"])
    page = text_of(visit(None).get("/"))
    assert "Round 1 is" in page
    assert "Letters" in page
    assert "No round has been opened yet." in page


@pytest.mark.django_db
def test_without_tasks_the_page_says_what_will_be_here(visit, adam):
    assert "No tasks yet" in text_of(visit(None).get("/"))
    assert "manage.py setup" in text_of(visit(adam).get("/"))


@pytest.mark.django_db
def test_a_researcher_is_not_sent_to_a_sheet_that_would_refuse_them(visit, open_round, ruth):
    page = text_of(visit(ruth).get("/"))
    assert "Draw now" not in page
    assert "See the results" in page


@pytest.mark.django_db
def test_the_newest_verified_drawing_is_on_the_front_page(visit, open_round, alice, bob, carol, draw, validate):
    example = draw(alice, open_round.task, fooling=True)
    validate(bob, example, example.label)
    validate(carol, example, example.label)
    page = text_of(visit(None).get("/"))
    assert reverse("drawing", args=[example.pk]) in page
    assert f"{'An' if example.label == '8' else 'A'} {example.label}, said the people who checked it." in page
