"""The audit log: who sees it, and its sentences."""

from datetime import timedelta

import pytest
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from rounds import services
from rounds.models import AuditEvent, Example, Round
from rounds.web import audit
from rounds.web.audit import sentence

from .conftest import text_of

pytestmark = pytest.mark.django_db
Action = AuditEvent.Action


def log_of(client, **wanted: str) -> str:
    return text_of(client.get(reverse("staff_audit"), wanted))


@pytest.fixture
def ruled(open_round, alice, bob, draw, validate, adam) -> Example:
    """A drawing that Bob reported and that Adam found fine."""
    reported = validate(bob, draw(alice, open_round.task, fooling=True), "abuse", "just ugly")
    services.decide_dispute(example=reported, by=adam.user, abusive=False, why="only clumsy <b>ink</b>")
    return reported


@pytest.fixture
def unsent(open_round, adam) -> AuditEvent:
    """An e-mail about the round that could not be sent."""
    with override_settings(EMAIL_BACKEND="no.such.Backend"):
        services.notify_admins(subject="Training failed", body="The disk is full.", round=open_round)
    return AuditEvent.objects.get(action=Action.NOTICE_NOT_SENT)


def test_nobody_but_an_admin_reads_it(visit, alice, ruth):
    assert visit(None).get(reverse("staff_audit")).status_code == 302
    for person in (alice, ruth):
        assert visit(person).get(reverse("staff_audit")).status_code == 403


def test_it_says_who_did_what_and_why_newest_first(visit, ruled, adam):
    page = log_of(visit(adam))
    ruling = page.index(f"Ruled that drawing {ruled.pk} is not abusive, so the reports of it don’t count")
    assert ruling < page.index("Moved round 1 from draft to open")
    assert "Only clumsy &lt;b&gt;ink&lt;/b&gt;" in page
    assert "by adam" in page
    assert "by the site" in page
    assert reverse("staff_round", args=[ruled.round_id]) in page
    assert reverse("api:example-image", args=[ruled.pk]) in page


def test_it_is_linked_from_the_front_page_of_the_staff(visit, adam):
    assert reverse("staff_audit") in text_of(visit(adam).get(reverse("staff")))


def test_it_can_be_narrowed_to_one_kind_and_one_task(visit, ruled, adam):
    client = visit(adam)
    assert "Moved round 1" not in log_of(client, action="dispute_ruled")
    assert "Ruled that" in log_of(client, action="dispute_ruled", task="digits")
    by_task = log_of(client, task="digits")
    assert "Moved round 1" in by_task
    assert "Gave adam the role admin" not in by_task
    assert "Gave adam the role admin" in log_of(client)


def test_an_unknown_kind_or_task_narrows_nothing(visit, ruled, adam):
    assert "Moved round 1" in log_of(visit(adam), action="no such\x00 kind", task="\x00", page="last of all")


def test_a_kind_of_which_there_is_nothing_has_an_empty_page(visit, adam):
    assert "Nothing of this kind has been recorded yet." in log_of(visit(adam), action="dispute_ruled")


def test_it_is_shown_a_page_at_a_time_and_the_filter_stays(visit, open_round, adam, monkeypatch):
    monkeypatch.setattr(audit, "EVENTS_A_PAGE", 1)
    services.close_round(round=open_round, by=adam.user)
    client = visit(adam)
    first = log_of(client, action="round_moved")
    assert "from open to validating" in first
    assert "from draft to open" not in first
    assert "Page 1 of 2" in first
    assert "?action=round_moved&amp;page=2" in first
    second = log_of(client, action="round_moved", page="2")
    assert "from draft to open" in second
    assert "?action=round_moved&amp;page=1" in second


def test_the_number_of_queries_does_not_grow_with_the_events(
    visit, open_round, adam, bob, carol, django_assert_max_num_queries
):
    client = visit(adam)
    for person in (bob, carol):
        services.give_roles(user=person.user, roles=["researcher"], by=adam.user)
    with django_assert_max_num_queries(9):
        log_of(client)


# --- the pages of a round -----------------------------------------------------------------------------------------


def test_a_rounds_staff_page_shows_its_rulings_with_its_moves(visit, ruled, adam):
    page = text_of(visit(adam).get(reverse("staff_round", args=[ruled.round_id])))
    assert "Moved round 1 from draft to open" in page
    assert f"Ruled that drawing {ruled.pk} is not abusive" in page
    assert "Gave adam the role admin" not in page
    assert f"{reverse('staff_audit')}?task=digits" in page


def test_its_public_page_shows_its_moves_only_and_no_names(visit, ruled, adam):
    page = text_of(visit(None).get(ruled.round.get_absolute_url()))
    assert "<b>Opened</b>" in page
    assert "by the site" in page
    assert "clumsy" not in page
    assert "adam" not in page


def test_an_admin_gives_a_reason_for_a_ruling(visit, open_round, alice, bob, draw, validate, adam):
    reported = validate(bob, draw(alice, open_round.task, fooling=True), "abuse", "a name")
    client = visit(adam)
    assert f'name="why-{reported.pk}"' in text_of(client.get(reverse("staff_round", args=[open_round.pk])))
    form = {"decision": "abusive", f"why-{reported.pk}": " It names somebody. ", f"why-{reported.pk + 1}": "not this"}
    client.post(reverse("staff_decide", args=[reported.pk]), form)
    ruling = AuditEvent.objects.get(action=Action.DISPUTE_RULED)
    assert (ruling.by, ruling.why) == (adam.user, "It names somebody.")


@pytest.mark.parametrize("place", ["staff", "staff_round"])
def test_an_email_that_could_not_be_sent_is_a_warning_for_a_week(visit, unsent, adam, place):
    address = reverse(place, args=[unsent.round_id] if place == "staff_round" else [])
    client = visit(adam)
    warning = "An e-mail to the admins could not be sent"
    page = text_of(client.get(address))
    assert warning in page
    assert "Training failed (No module named" in page
    AuditEvent.objects.filter(pk=unsent.pk).update(at=timezone.now() - timedelta(days=8))
    assert warning not in text_of(client.get(address))
    assert "Could not notify the admins by e-mail" in log_of(client)


def test_the_warning_stands_on_the_page_of_its_own_round_only(visit, unsent, adversary, adam):
    other = Round.objects.create(task=unsent.task, number=2, adversary=adversary)
    assert "could not be sent" not in text_of(visit(adam).get(reverse("staff_round", args=[other.pk])))


# --- sentences ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ([], ["validator"], "Gave bob the role validator"),
        (["admin", "annotator", "validator"], ["annotator"], "Took the roles admin and validator from bob"),
        (["annotator"], ["researcher"], "Gave bob the role researcher and took the role annotator from bob"),
    ],
)
def test_roles(bob, before, after, expected):
    assert sentence(AuditEvent(action=Action.ROLES_CHANGED, user=bob.user, changes={"roles": [before, after]})) == (
        expected
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"is_active": [True, False]}, "Deactivated the account bob"),
        ({"is_active": [False, True]}, "Activated the account bob"),
        ({"email": ["", "b@example.org"]}, "Changed the account bob: email address from nothing to b@example.org"),
        ({"is_superuser": [False, True]}, "Changed the account bob: superuser status from no to yes"),
        ({"password": [None, None]}, "Changed the account bob: password"),
    ],
)
def test_accounts(bob, changes, expected):
    assert sentence(AuditEvent(action=Action.ACCOUNT_CHANGED, user=bob.user, changes=changes)) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"max_votes": [5, 7], "close_when": ["any", "all"]}, "max votes from 5 to 7; close when from any to all"),
        ({"duration_hours": [None, 24.0]}, "duration hours from nothing to 24.0"),
        ({"recipe": [{}, {"epochs": 2}]}, 'recipe from {} to {"epochs": 2}'),
        ({"instructions": ["Draw it.", "Draw it. " * 20]}, "instructions"),
    ],
)
def test_tasks(digits, changes, expected):
    event = AuditEvent(action=Action.TASK_CHANGED, task=digits, changes=changes)
    assert sentence(event) == f"Changed the task Handwritten digits: {expected}"


def test_every_kind_of_event_has_a_sentence_of_its_own(open_round, bob):
    about = {"round": open_round, "task": open_round.task, "user": bob.user, "example_id": 12}
    changes = {"roles": [[], ["admin"]], "abusive": [None, True]}
    per_action = {Action.TASK_CHANGED: {"name": ["a", "b"]}, Action.ACCOUNT_CHANGED: {"email": ["a", "b"]}}
    sentences = {
        action: sentence(AuditEvent(action=action, **about, changes=per_action.get(action, changes)))
        for action in Action
    }
    assert len(set(sentences.values())) == len(Action)
    assert not {action for action, text in sentences.items() if text.lower() == action.label.lower()}
    assert sentences[Action.DISPUTE_RULED] == "Ruled that drawing 12 is abusive"
    assert sentences[Action.ACCOUNT_CREATED] == "Created the account bob"
