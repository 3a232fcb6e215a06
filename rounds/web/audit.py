"""What admins and the site have done, in sentences, and the page that lists it."""

import json
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.text import capfirst, get_text_list
from django.views.decorators.cache import never_cache

from rounds.models import AuditEvent, Task
from rounds.models.audit import AuditQuerySet
from rounds.roles import ADMIN

from .access import LoggedInRequest, for_roles

Action = AuditEvent.Action
EVENTS_A_PAGE = 50
#: How long the staff pages warn of an e-mail that could not be sent.
WARN_FOR = timedelta(days=7)
#: Longer values are not repeated in a sentence.
LONGEST_VALUE = 60


@never_cache
@for_roles(ADMIN)
def audit_log(request: LoggedInRequest) -> HttpResponse:
    """Everything recorded, newest first; with `?action=` and `?task=` only one kind, or one task."""
    tasks = list(Task.objects.all())
    action = request.GET.get("action", "")
    task = next((task for task in tasks if task.slug == request.GET.get("task")), None)
    events = AuditEvent.objects.newest_first()
    if action in Action.values:
        events = events.filter(action=action)
    if task:
        events = events.filter(task=task)
    page = Paginator(events, EVENTS_A_PAGE).get_page(request.GET.get("page"))
    context = {"page": page, "events": with_sentences(page), "actions": Action.choices, "action": action}
    return render(request, "staff/audit.html", {**context, "tasks": tasks, "chosen_task": task})


def with_sentences(events: Iterable[AuditEvent]) -> list[tuple[AuditEvent, str]]:
    """Each event with its sentence."""
    return [(event, sentence(event)) for event in events]


def unsent_notices(events: AuditQuerySet) -> AuditQuerySet:
    """Those of `events` that report an e-mail to the admins which was not sent: the three newest, of this week only."""
    recent = events.filter(action=Action.NOTICE_NOT_SENT, at__gte=timezone.now() - WARN_FOR)
    return recent.newest_first()[:3]


def sentence(event: AuditEvent) -> str:
    """What was done, without who did it and why, e.g. “Moved round 1 from open to validating”."""
    changes, round, task, user = event.changes, event.round, event.task, event.user
    match event.action:
        case Action.ROUND_MOVED if round:
            return f"Moved round {round.number} from {event.from_status} to {event.to_status}"
        case Action.DISPUTE_RULED:
            ruling = "is abusive" if changes["abusive"][1] else "is not abusive, so the reports of it don’t count"
            return f"Ruled that drawing {event.example_id} {ruling}"
        case Action.ROLES_CHANGED if user:
            return _roles(user, *map(set, changes["roles"]))
        case Action.ACCOUNT_CREATED if user:
            return f"Created the account {user.get_username()}"
        case Action.ACCOUNT_CHANGED if user and set(changes) == {"is_active"}:
            return f"{'Activated' if changes['is_active'][1] else 'Deactivated'} the account {user.get_username()}"
        case Action.ACCOUNT_CHANGED if user:
            return f"Changed the account {user.get_username()}: {_changes(changes, User)}"
        case Action.TASK_CREATED if task:
            return f"Created the task {task.name}"
        case Action.TASK_CHANGED if task:
            return f"Changed the task {task.name}: {_changes(changes, Task)}"
        case Action.NOTICE_NOT_SENT:
            return "Could not notify the admins by e-mail"
    return capfirst(event.get_action_display())


def _roles(user: User, before: set[str], after: set[str]) -> str:
    name, given, taken = user.get_username(), sorted(after - before), sorted(before - after)
    gave = f"gave {name} {_role_list(given)}" if given else ""
    took = f"took {_role_list(taken)} from {name}" if taken else ""
    return capfirst(" and ".join(filter(None, [gave, took])))


def _role_list(roles: list[str]) -> str:
    return f"the role{'s' if len(roles) > 1 else ''} {get_text_list(roles, 'and')}"


def _changes(changes: dict[str, list[Any]], model: type[Model]) -> str:
    fields: dict[str, Any] = {name: model._meta.get_field(name) for name in changes}
    return "; ".join(_change(str(field.verbose_name), *changes[name]) for name, field in fields.items())


def _change(name: str, before: Any, after: Any) -> str:
    """“min votes from 2 to 3”; only the name where the values are long, or were not recorded."""
    old, new = _value(before), _value(after)
    too_long = len(old) > LONGEST_VALUE or len(new) > LONGEST_VALUE
    return name if too_long or old == new else f"{name} from {old} to {new}"


def _value(value: Any) -> str:
    match value:
        case None | "":
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case str():
            return value
    return json.dumps(value, ensure_ascii=False)
