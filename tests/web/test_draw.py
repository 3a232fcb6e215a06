"""The drawing page itself; drawing on it is in test_browser.py."""

import json
import re
from pathlib import Path

import pytest
from django.conf import settings

from rounds import rules, selectors, services
from rounds.errors import ErrorKind
from rounds.models import Person, Prompt

from .conftest import text_of

pytestmark = pytest.mark.django_db
ADDRESS = "/tasks/digits/draw/"


def test_a_guest_gets_a_sheet_and_reads_that_it_is_practice(visit, open_round):
    page = text_of(visit(None).get(ADDRESS))
    assert "<canvas" in page
    assert "You are practising" in page
    assert "/accounts/signup/?next=/tasks/digits/draw/" in page


def test_opening_the_page_makes_neither_a_guest_nor_a_prompt(visit, open_round):
    visit(None).get(ADDRESS)
    assert not Person.objects.exists()
    assert not Prompt.objects.exists()


def test_the_page_brings_the_csrf_cookie_that_its_calls_need(visit, open_round):
    assert "csrftoken" in visit(None).get(ADDRESS).cookies


def config_in(page: str) -> dict:
    """What the page's scripts read."""
    found = re.search(r'<script id="draw-config" type="application/json">(.*?)</script>', page)
    assert found
    return json.loads(found[1])


def test_the_scripts_get_the_task_the_round_and_the_visitor(visit, open_round, alice):
    config = config_in(text_of(visit(alice).get(ADDRESS)))
    assert (config["task"], config["round"], config["size"]) == ("digits", open_round.pk, 280)
    assert config["labels"] == open_round.task.labels
    assert (config["guest"], config["onboarding"], config["practice_left"], config["free"]) == (False, False, 0, False)
    assert config["record"] == {"attempts": 0, "fooled": 0}
    assert config["login_url"] == "/accounts/login/?next=/tasks/digits/draw/"
    assert config_in(text_of(visit(None).get(ADDRESS)))["guest"]


def test_the_scripts_get_their_error_codes_from_the_enumeration(visit, open_round):
    codes = config_in(text_of(visit(None).get(ADDRESS)))["codes"]
    assert codes == {kind.name: kind.code for kind in ErrorKind}
    scripts = "".join(path.read_text() for path in Path(settings.BASE_DIR, "static/js").rglob("*.js"))
    used = set(re.findall(r"codes\.(\w+)", scripts))
    assert {"ROUND_CLOSED", "IDEMPOTENCY_KEY_REUSED"} <= used <= set(codes)
    assert not re.search(r"code\s*[!=]==?\s*[\"']", scripts), "a code written by hand"


def test_an_annotator_sees_the_adversary_with_its_record(visit, open_round, alice, draw):
    draw(alice, open_round.task, fooling=True)
    page = text_of(visit(alice).get(ADDRESS))
    assert "Graphite" in page
    assert 'Fooled <span class="num">1</span> time in <span class="num">1</span> try' in page
    assert "You are practising" not in page


def test_the_record_counts_every_round_that_the_adversary_served(open_round, alice, draw, django_assert_num_queries):
    draw(alice, open_round.task, fooling=True)
    services.close_round(round=open_round, by=None)
    upcoming = services.keep_adversary(round=open_round, by=None)
    draw(alice, upcoming.task, fooling=False)
    adversary = upcoming.adversary
    with django_assert_num_queries(2):
        assert selectors.adversary_record(adversary) == {"attempts": 2, "fooled": 1}


def test_an_account_that_may_not_draw_reads_which_role_it_needs(visit, open_round, ruth):
    answer = visit(ruth).get(ADDRESS)
    assert answer.status_code == 403
    assert "role annotator" in text_of(answer)


def test_where_annotators_choose_the_labels_are_offered(visit, digits, adversary):
    digits.label_assignment = rules.FREE
    digits.save()
    services.open_round(round=services.draft_round(task=digits, adversary=adversary), by=None)
    page = text_of(visit(None).get(ADDRESS))
    assert 'data-choose="7"' in page


def test_between_rounds_the_page_shows_the_rounds_progress_and_waits(visit, open_round, alice):
    services.close_round(round=open_round, by=None)
    page = text_of(visit(alice).get(ADDRESS))
    assert "No round is open right now" in page
    assert "people check what was drawn" in page
    assert "Check drawings meanwhile" in page
    headers = {"HX-Request": "true"}
    assert "?seen=1-validating" in page
    assert visit(alice).get(f"{ADDRESS}?seen=1-validating", headers=headers).status_code == 204
    assert visit(alice).get(f"{ADDRESS}?seen=1-open", headers=headers)["HX-Refresh"] == "true"


def test_the_waiting_page_reloads_once_a_round_is_open(visit, open_round):
    answer = visit(None).get(ADDRESS, headers={"HX-Request": "true"})
    assert answer["HX-Refresh"] == "true"


def test_before_the_first_round_there_is_an_empty_state(visit, digits):
    assert "The first round has not been opened yet" in text_of(visit(None).get(ADDRESS))
