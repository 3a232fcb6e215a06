"""The record of what admins, and the site by itself, have done."""

from collections.abc import Iterable
from typing import Any

from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model

from rounds.models import AuditEvent

Action = AuditEvent.Action


def record(action: Action, *, by: User | None, why: str = "", **about: Any) -> AuditEvent:
    """Stores one event. It belongs to the transaction of what it records, so that there is both or neither."""
    assert connection.in_atomic_block, "record an event in the transaction of what it records"
    return AuditEvent.objects.create(action=action, by=by, why=why, **about)


def differences(before: Model, after: Model, names: Iterable[str]) -> dict[str, list[Any]]:
    """Of the fields `names`, those that differ between two states of one row: field → [before, after]."""
    pairs = {name: [getattr(before, name), getattr(after, name)] for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
