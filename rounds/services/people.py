"""Who draws and validates: accounts with roles, and guests."""

import logging
import uuid
from collections.abc import Collection, Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.base import SessionBase
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import Q

from rounds.errors import ErrorKind
from rounds.models import Person, Round
from rounds.roles import ADMIN, ROLES

from .audit import Action, differences, record

log = logging.getLogger(__name__)

GUEST_SESSION_KEY = "guest_key"
#: What an admin can change of an account, roles and password aside.
ACCOUNT_FIELDS = ["username", "email", "first_name", "last_name", "is_active", "is_staff", "is_superuser"]


def roles_of(user: Any) -> frozenset[str]:
    """The roles of `user`: the names of their groups; a superuser has all of them. One query, once per object."""
    if not user.is_authenticated or not user.is_active:
        return frozenset()
    if user.is_superuser:
        return frozenset(ROLES)
    if not hasattr(user, "_roles"):
        user._roles = frozenset(user.groups.values_list("name", flat=True))
    return user._roles


def require_role(user: Any, *wanted: str) -> None:
    """Raises NotAllowed unless `user` has one of the roles `wanted`."""
    if not roles_of(user) & set(wanted):
        raise ErrorKind.ROLE_NEEDED.error(roles=" or ".join(wanted))


def give_roles(*, user: User, roles: Iterable[str], by: User | None, why: str = "") -> None:
    """Adds roles."""
    set_roles(user=user, roles=_stored_roles(user).union(roles), by=by, why=why)


def take_roles(*, user: User, roles: Iterable[str], by: User | None, why: str = "") -> None:
    """Takes roles away."""
    set_roles(user=user, roles=_stored_roles(user).difference(roles), by=by, why=why)


def set_roles(*, user: User, roles: Collection[str], by: User | None, why: str = "") -> None:
    """Gives `user` exactly these roles, and records which they had before."""
    with transaction.atomic():
        before = _stored_roles(user)
        _store_roles(user, roles)
        after = _stored_roles(user)
        if before != after:
            changes = {"roles": [sorted(before), sorted(after)]}
            record(Action.ROLES_CHANGED, by=by, why=why, user=user, changes=changes)


def join(*, user: User) -> None:
    """Gives a new account the roles of SIGNUP_ROLES. No admin does this, so nothing is recorded."""
    _store_roles(user, _stored_roles(user).union(settings.SIGNUP_ROLES))


def _stored_roles(user: User) -> frozenset[str]:
    return frozenset(user.groups.values_list("name", flat=True))


def _store_roles(user: User, roles: Collection[str]) -> None:
    """Also sets `is_staff`, which opens the admin site: to admins and superusers, and no longer to a former admin."""
    was_admin = ADMIN in _stored_roles(user)
    user.groups.set(Group.objects.filter(name__in=roles))
    is_staff = ADMIN in roles or (user.is_staff and (user.is_superuser or not was_admin))
    if is_staff != user.is_staff:
        user.is_staff = is_staff
        user.save(update_fields=["is_staff"])


def save_account(*, user: User, by: User) -> None:
    """Stores an account, new or changed, and records which fields changed from what to what."""
    with transaction.atomic():
        stored = User.objects.select_for_update().filter(pk=user.pk).first()
        user.save()
        if stored is None:
            record(Action.ACCOUNT_CREATED, by=by, user=user)
        elif changes := differences(stored, user, ACCOUNT_FIELDS):
            record(Action.ACCOUNT_CHANGED, by=by, user=user, changes=changes)


def record_new_password(*, user: User, by: User) -> None:
    """Records that somebody else's password was set, without either password."""
    record(Action.ACCOUNT_CHANGED, by=by, user=user, changes={"password": [None, None]})


def person_of(user: User) -> Person:
    """The person behind an account, made at its first use."""
    return Person.objects.get_or_create(user=user)[0]


def guest_of(session: SessionBase) -> Person:
    """The person behind a guest's session, made at their first drawing."""
    key = session.get(GUEST_SESSION_KEY) or str(uuid.uuid4())
    guest, made = Person.objects.get_or_create(guest_key=key)
    if made:
        session[GUEST_SESSION_KEY] = key
    return guest


def known_guest(session: SessionBase) -> Person | None:
    """The guest of this session, if they drew before."""
    key = session.get(GUEST_SESSION_KEY)
    return Person.objects.filter(guest_key=key).first() if key else None


def notify_admins(*, subject: str, body: str, round: Round | None = None) -> None:
    """An e-mail to everybody with the role admin (to the console, unless e-mail is set up).

    One that can't be sent is logged and recorded, and the staff pages warn of it. What it reports has happened all the
    same, so nothing is raised.
    """
    try:
        _mail_admins(f"[DADC] {subject}", body)
    except Exception as error:
        log.exception("the admins could not be notified: %s", subject)
        with transaction.atomic():
            why = f"{subject} ({str(error) or type(error).__name__})"
            record(Action.NOTICE_NOT_SENT, by=None, why=why, round=round, task=round.task if round else None)


def _mail_admins(subject: str, body: str) -> None:
    """Raises whatever the mail's backend raises, and LookupError where no admin has an address."""
    is_admin = Q(groups__name=ADMIN) | Q(is_superuser=True)
    addresses = User.objects.filter(is_admin, is_active=True).exclude(email="").values_list("email", flat=True)
    if not addresses:
        raise LookupError("no admin has an e-mail address")
    send_mail(subject, body, None, sorted(set(addresses)))
