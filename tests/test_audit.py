"""Whatever an admin does leaves an event that says who, when, what and why; both are stored, or neither."""

from smtplib import SMTPServerDisconnected
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from rounds import services
from rounds.models import AuditEvent, Example, Round, Task, TrainingRun
from rounds.services import audit, people
from rounds.training import runs

from .rows import a_model, a_person, a_round, a_task, an_attempt
from .rows import people as some_people

pytestmark = pytest.mark.django_db
Action = AuditEvent.Action


@pytest.fixture
def disputed() -> Example:
    """A drawing that one of its two validators reported."""
    task = a_task()
    return an_attempt(a_round(task, a_model(task)), a_person("alice"), "7", "1", ["7", "abuse"], voters=some_people(2))


def the_event(action: str) -> AuditEvent:
    return AuditEvent.objects.get(action=action)


# --- rulings ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("abusive", "verification"), [(True, "rejected"), (False, "pending")])
def test_a_ruling_says_who_ruled_when_how_and_why(disputed, adam, abusive, verification):
    before = timezone.now()
    services.decide_dispute(example=disputed, by=adam.user, abusive=abusive, why="It is a name.")
    event = the_event(Action.DISPUTE_RULED)
    assert (event.by, event.why) == (adam.user, "It is a name.")
    assert before <= event.at <= timezone.now()
    assert event.changes == {"verification": ["disputed", verification], "abusive": [None, abusive]}
    assert (event.example, event.round, event.task) == (disputed, disputed.round, disputed.round.task)


def test_a_ruling_needs_no_reason(disputed, adam):
    services.decide_dispute(example=disputed, by=adam.user, abusive=True)
    assert the_event(Action.DISPUTE_RULED).why == ""


def test_a_ruling_stays_for_good(disputed, adam):
    services.decide_dispute(example=disputed, by=adam.user, abusive=True)
    for involved in (adam.user, disputed, disputed.round, disputed.round.task):
        with pytest.raises(ProtectedError):
            involved.delete()


def test_the_moves_of_a_round_leave_its_rulings_out(disputed, adam):
    services.decide_dispute(example=disputed, by=adam.user, abusive=True)
    services.close_round(round=disputed.round, by=adam.user)
    assert disputed.round.events.count() == 2
    assert [event.to_status for event in disputed.round.events.moves()] == ["validating"]


# --- roles and accounts -------------------------------------------------------------------------------------------


def test_roles_that_are_given_and_taken_are_recorded_with_those_before_and_after(adam, bob):
    AuditEvent.objects.all().delete()
    services.give_roles(user=bob.user, roles=["researcher", "validator"], by=adam.user, why="knows statistics")
    services.take_roles(user=bob.user, roles=["annotator"], by=adam.user)
    services.set_roles(user=bob.user, roles=["validator", "researcher"], by=adam.user)  # as they are: nothing happened
    given, taken = AuditEvent.objects.filter(action=Action.ROLES_CHANGED)
    assert (given.by, given.user, given.why) == (adam.user, bob.user, "knows statistics")
    assert given.changes == {"roles": [["annotator", "validator"], ["annotator", "researcher", "validator"]]}
    assert taken.changes == {"roles": [["annotator", "researcher", "validator"], ["researcher", "validator"]]}


def test_signing_up_is_no_admins_doing():
    services.join(user=User.objects.create_user("newcomer"))
    assert not AuditEvent.objects.exists()


@pytest.fixture
def admin_site(client, adam, alice):
    """Adam in the admin site, where Alice draws and validates so far."""
    AuditEvent.objects.all().delete()
    client.force_login(adam.user)
    return client


def save_account(client, user: User, *, roles: list[str], active: bool = True) -> None:
    groups = [group.pk for group in Group.objects.filter(name__in=roles)]
    form = {"groups": groups, **({"is_active": "on"} if active else {})}
    assert client.post(f"/admin/auth/user/{user.pk}/change/", form).status_code == 302


def test_roles_that_change_in_the_admin_site_are_recorded(admin_site, adam, alice):
    save_account(admin_site, alice.user, roles=["annotator", "admin"])
    event = AuditEvent.objects.get()
    assert (event.action, event.by, event.user) == (Action.ROLES_CHANGED, adam.user, alice.user)
    assert event.changes == {"roles": [["annotator", "validator"], ["admin", "annotator"]]}
    alice.user.refresh_from_db()
    assert alice.user.is_staff

    save_account(admin_site, alice.user, roles=["annotator"])
    alice.user.refresh_from_db()
    assert not alice.user.is_staff  # who is no admin any more has no business there
    assert AuditEvent.objects.count() == 2


@pytest.mark.parametrize("active", [True, False])
def test_an_account_is_deactivated_and_activated_on_record(admin_site, adam, alice, active):
    User.objects.filter(pk=alice.user.pk).update(is_active=not active)
    save_account(admin_site, alice.user, roles=["annotator", "validator"], active=active)
    event = AuditEvent.objects.get()
    assert (event.action, event.by, event.user) == (Action.ACCOUNT_CHANGED, adam.user, alice.user)
    assert event.changes == {"is_active": [not active, active]}


def test_saving_an_account_as_it_is_records_nothing(admin_site, alice):
    save_account(admin_site, alice.user, roles=["annotator", "validator"])
    assert not AuditEvent.objects.exists()


def test_what_a_superuser_does_to_accounts_is_recorded_without_any_password(client, alice):
    root = User.objects.create_superuser("root")
    AuditEvent.objects.all().delete()
    client.force_login(root)
    password = {"password1": "a new long password", "password2": "a new long password", "usable_password": "true"}
    client.post("/admin/auth/user/add/", {"username": "dora", **password})
    client.post(f"/admin/auth/user/{alice.user.pk}/password/", {**password, "set-password": "yes"})
    client.post(f"/admin/auth/user/{alice.user.pk}/password/", {"password1": "a", "password2": "b"})  # is refused
    created, changed = AuditEvent.objects.all()
    assert (created.action, created.by, created.user.username) == (Action.ACCOUNT_CREATED, root, "dora")
    assert (changed.action, changed.user, changed.changes) == (
        Action.ACCOUNT_CHANGED,
        alice.user,
        {"password": [None, None]},
    )


# --- tasks --------------------------------------------------------------------------------------------------------


def test_a_task_that_changes_is_recorded_field_by_field(digits, adam):
    digits.tries_per_prompt, digits.close_when, digits.recipe = 3, "all", {"epochs": 2}
    services.save_task(task=digits, by=adam.user, why="a harder week")
    event = the_event(Action.TASK_CHANGED)
    assert (event.by, event.task, event.why) == (adam.user, digits, "a harder week")
    assert event.changes == {
        "tries_per_prompt": [20, 3],
        "close_when": ["any", "all"],
        "recipe": [{}, {"epochs": 2}],
    }
    assert Task.objects.get().tries_per_prompt == 3


def test_a_task_saved_as_it_is_records_nothing(digits, adam):
    services.save_task(task=digits, by=adam.user)
    assert not AuditEvent.objects.filter(task=digits).exists()


def form_of(client, address: str) -> dict[str, str]:
    """The values that the admin site's form at `address` shows."""
    form = client.get(address).context["adminform"].form
    values = {name: form[name].value() for name in form.fields}
    return {name: value for name, value in values.items() if value is not None}


def test_a_task_that_changes_in_the_admin_site_is_recorded(admin_site, adam, open_round):
    AuditEvent.objects.all().delete()
    address = f"/admin/rounds/task/{open_round.task_id}/change/"
    form = form_of(admin_site, address) | {"max_votes": "7"}
    assert admin_site.post(address, form).status_code == 302
    event = AuditEvent.objects.get()
    assert (event.action, event.by, event.task) == (Action.TASK_CHANGED, adam.user, open_round.task)
    assert event.changes == {"max_votes": [5, 7]}
    assert Round.objects.get().rules.max_votes == 5  # those of the open round are frozen


def test_a_task_that_is_made_in_the_admin_site_is_recorded(admin_site, adam):
    address = "/admin/rounds/task/add/"
    form = form_of(admin_site, address) | {"slug": "letters", "name": "Letters", "labels": '["a", "b"]'}
    assert admin_site.post(address, form).status_code == 302
    event = the_event(Action.TASK_CREATED)
    assert (event.by, event.task.slug) == (adam.user, "letters")


def test_the_digits_task_is_set_up_once_by_the_site():
    made = services.create_digits_task(target_verified=5)
    assert services.create_digits_task(target_verified=9) == made
    assert (made.target_verified, made.labels) == (5, [*"0123456789"])
    assert (the_event(Action.TASK_CREATED).by, the_event(Action.TASK_CREATED).why) == (None, "set up")


# --- both or neither ----------------------------------------------------------------------------------------------


@pytest.fixture
def broken(monkeypatch) -> None:
    """Nothing can be recorded."""

    def fail(**fields: object) -> None:
        raise IntegrityError

    monkeypatch.setattr(AuditEvent.objects, "create", fail)


def test_what_can_not_be_recorded_is_not_done(disputed, adam, bob, broken):
    task = disputed.round.task
    task.max_votes = 9
    bob.user.is_active = False
    for act in (
        lambda: services.close_round(round=disputed.round, by=adam.user),
        lambda: services.decide_dispute(example=disputed, by=adam.user, abusive=True),
        lambda: services.give_roles(user=bob.user, roles=["admin"], by=adam.user),
        lambda: services.save_account(user=bob.user, by=adam.user),
        lambda: services.save_task(task=task, by=adam.user),
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            act()
    assert Round.objects.get().status == "open"
    assert Example.objects.get().verification == "disputed"
    assert "admin" not in services.roles_of(User.objects.get(pk=bob.user.pk))
    assert User.objects.get(pk=bob.user.pk).is_active
    assert Task.objects.get().max_votes == 5


def test_an_event_outside_a_transaction_is_a_mistake(monkeypatch):
    monkeypatch.setattr(audit, "connection", SimpleNamespace(in_atomic_block=False))
    with pytest.raises(AssertionError, match="in the transaction of what it records"):
        audit.record(Action.NOTICE_NOT_SENT, by=None)


@pytest.mark.parametrize(
    "fields",
    [
        {"action": "round_moved"},
        {"action": "round_moved", "from_status": "open", "to_status": "validating"},
        {"action": "task_changed", "to_status": "open"},
    ],
)
def test_the_database_refuses_a_move_without_its_round_and_states_and_states_without_a_move(fields):
    with pytest.raises(IntegrityError), transaction.atomic():
        AuditEvent.objects.create(**fields)


# --- e-mails that can't be sent -----------------------------------------------------------------------------------


@pytest.fixture
def no_mail(monkeypatch) -> None:
    def fail(*args: object, **options: object) -> None:
        raise SMTPServerDisconnected("connection refused")

    monkeypatch.setattr(people, "send_mail", fail)


def test_a_training_that_fails_while_mail_fails_is_logged_recorded_and_given_back(disputed, adam, no_mail, caplog):
    round, voter = disputed.round, disputed.validations.first().validator
    an_attempt(round, a_person("dora"), "7", "1", "77", voters=[voter, disputed.annotator])
    services.close_round(round=round, by=None)
    run = services.start_training(round=round, by=None)
    runs.fail_run(run=run, error="The disk is full.")
    run.refresh_from_db()
    assert (run.status, run.round.status) == (TrainingRun.Status.FAILED, Round.Status.VALIDATING)
    event = the_event(Action.NOTICE_NOT_SENT)
    assert (event.by, event.round, event.task) == (None, round, round.task)
    assert event.why == "Training failed: Digits, round 1 (connection refused)"
    [logged] = [record for record in caplog.records if "could not be notified" in record.message]
    assert logged.exc_info
    assert "Training failed: Digits, round 1" in logged.message


def test_a_site_whose_admins_have_no_address_says_that_nobody_was_notified(alice):
    services.notify_admins(subject="Training failed", body="The disk is full.")
    assert the_event(Action.NOTICE_NOT_SENT).why == "Training failed (no admin has an e-mail address)"


def test_an_email_goes_to_every_active_admin_once_and_is_no_event(adam, alice, mailoutbox):
    User.objects.create_superuser("root", "root@example.org")
    User.objects.create_superuser("former", "former@example.org", is_active=False)
    Group.objects.get(name="admin").user_set.add(User.objects.get(username="root"))
    AuditEvent.objects.all().delete()
    services.notify_admins(subject="Training failed", body="The disk is full.")
    [mail] = mailoutbox
    assert mail.to == ["adam@example.org", "root@example.org"]
    assert not AuditEvent.objects.exists()
