"""Who draws and validates: accounts with roles, and guests."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group, User
from django.contrib.sessions.backends.base import SessionBase
from django.core.mail import send_mail

from rounds.errors import ErrorKind
from rounds.models import Person
from rounds.roles import ADMIN, ROLES

GUEST_SESSION_KEY = "guest_key"


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


def give_roles(*, user: User, roles: Sequence[str]) -> None:
    """Adds roles; an admin may enter the admin site as well."""
    user.groups.add(*Group.objects.filter(name__in=roles))
    if ADMIN in roles and not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])


def take_roles(*, user: User, roles: Sequence[str]) -> None:
    """Takes roles away; who is no longer an admin, nor a superuser, does not enter the admin site any more."""
    user.groups.remove(*Group.objects.filter(name__in=roles))
    if ADMIN in roles and user.is_staff and not user.is_superuser:
        user.is_staff = False
        user.save(update_fields=["is_staff"])


def join(*, user: User) -> None:
    """What signing up brings: the roles of SIGNUP_ROLES."""
    give_roles(user=user, roles=settings.SIGNUP_ROLES)


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


def tell_admins(*, subject: str, body: str) -> None:
    """An e-mail to everybody with the role admin (to the console, unless e-mail is set up)."""
    people = User.objects.filter(is_active=True, groups__name=ADMIN) | User.objects.filter(
        is_active=True, is_superuser=True
    )
    addresses = [address for address in people.distinct().values_list("email", flat=True) if address]
    if addresses:
        send_mail(f"[DADC] {subject}", body, None, addresses, fail_silently=True)
