"""The drawing page. Its scripts get prompts and send drawings through the API."""

from typing import Any
from urllib.parse import quote

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django_htmx.http import HttpResponseClientRefresh

from rounds import rules, selectors
from rounds.errors import ErrorKind
from rounds.models import Round, Task
from rounds.roles import ANNOTATOR

from .access import PageRequest, require_role_or_403


@never_cache
@ensure_csrf_cookie
def draw(request: PageRequest, slug: str) -> HttpResponse:
    """The drawing page of the open round, for guests too; between rounds, a page that waits for the next one."""
    task = get_object_or_404(Task, slug=slug)
    if request.user.is_authenticated:
        require_role_or_403(request.user, ANNOTATOR)
    if round := selectors.open_round(task):
        return HttpResponseClientRefresh() if request.htmx else _sheet(request, task, round)
    return _between_rounds(request, task)


def _between_rounds(request: PageRequest, task: Task) -> HttpResponse:
    """The waiting page polls every few seconds, with the state it shows as `seen`: 204 while that has not changed."""
    round = selectors.latest_round(task)
    seen = f"{round.number}-{round.status}" if round else "nothing"
    if request.htmx:
        return HttpResponse(status=204) if request.GET.get("seen") == seen else HttpResponseClientRefresh()
    return render(request, "draw/between.html", {"task": task, "round": round, "seen": seen})


def _sheet(request: PageRequest, task: Task, round: Round) -> HttpResponse:
    config = _config(request, task, round)
    return render(request, "draw/draw.html", {"task": task, "round": round, "config": config})


def _config(request: PageRequest, task: Task, round: Round) -> dict[str, Any]:
    """The task, the round and the visitor, for the page's scripts (`static/js/draw/config.js`)."""
    assert round.adversary is not None  # a database constraint: only a draft has none
    newcomer = request.user.is_authenticated  # guests, whose drawings never count, have a notice of their own
    person = getattr(request.user, "person", None)
    return {
        "task": task.slug,
        "labels": task.labels,
        "size": task.canvas_size,
        "tries": round.rules.tries_per_prompt,
        "round": round.pk,
        "adversary": round.adversary.name,
        "record": selectors.adversary_record(round.adversary),
        "guest": not request.user.is_authenticated,
        "onboarding": round.rules.onboarding_prompts > 0,
        "practice_left": selectors.practice_left(round, person) if newcomer else 0,
        "free": round.rules.label_assignment == rules.FREE,
        "login_url": f"{reverse('account_login')}?next={quote(request.path)}",
        "codes": {kind.name: kind.code for kind in ErrorKind},
    }
