"""Accounts in the database of this site, for bots that work on it. The rest of a campaign goes through the API."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.contrib.auth.models import User
from rest_framework.authtoken.models import Token

from crowd.accounts import Accounts
from rounds import services
from rounds.roles import ADMIN, ANNOTATOR, VALIDATOR

TEMPORARY_ADMIN = "crowd-admin"
"""Is an admin only while a campaign runs."""
ADMIN_IN_FILE = "crowd-admin-in-file"
"""The admin of accounts that were written to a file."""


@contextmanager
def temporary_accounts(annotators: int, validators: int) -> Iterator[Accounts]:
    """As `make_accounts`, with an admin who loses that role at the end of the `with` block."""
    try:
        yield make_accounts(annotators, validators, admin=TEMPORARY_ADMIN)
    finally:
        dismiss_admin(TEMPORARY_ADMIN)


def write_accounts(path: Path, annotators: int, validators: int) -> None:
    """Makes accounts and writes them to a file.

    Raises:
        OSError: the file can't be written.
        ValueError: as `make_accounts`.
    """
    path.open("a").close()  # fails, if it has to, before there is an admin whose token is lost
    make_accounts(annotators, validators, admin=ADMIN_IN_FILE).write(path)


def make_accounts(annotators: int, validators: int, *, admin: str) -> Accounts:
    """Accounts without a password, which only their tokens give access to; those that exist are used again.

    Raises:
        ValueError: an account with one of the names belongs to a person, because it has a password.
    """
    return Accounts(
        annotators=[_account(f"crowd-a{number:02}", ANNOTATOR) for number in range(1, annotators + 1)],
        validators=[_account(f"crowd-v{number:02}", VALIDATOR) for number in range(1, validators + 1)],
        admin=_account(admin, ADMIN)[1],
    )


def dismiss_admin(name: str) -> None:
    """Takes the role and the token away; an account that belongs to a person stays as it is."""
    admin = User.objects.filter(username=name).first()
    if admin and not admin.has_usable_password():
        services.take_roles(user=admin, roles=[ADMIN], by=None)
        Token.objects.filter(user=admin).delete()


def new_password(name: str) -> str:
    """Replaces an account's password by a random one."""
    password = secrets.token_urlsafe(9)
    user = User.objects.get(username=name)
    user.set_password(password)
    user.save(update_fields=["password"])
    return password


def _account(name: str, role: str) -> tuple[str, str]:
    """Name and token."""
    user, created = User.objects.get_or_create(username=name)
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    elif user.has_usable_password():
        raise ValueError(
            f"The account {name} has a password, so it belongs to a person and gets no role from here: rename it first."
        )
    services.give_roles(user=user, roles=[role], by=None)
    return name, Token.objects.get_or_create(user=user)[0].key
