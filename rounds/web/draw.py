"""The drawing page. Prompts, drawings and verdicts go through the API; this page brings the sheet."""

import json

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django_htmx.http import HttpResponseClientRefresh

from rounds import rules, selectors
from rounds.models import Round, Task

from .access import PageRequest, deny_without


@never_cache
@ensure_csrf_cookie
def draw(request: PageRequest, slug: str) -> HttpResponse:
    """The sheet of the open round, for guests too; between rounds, what is going on until the next one opens."""
    task = get_object_or_404(Task, slug=slug)
    if request.user.is_authenticated:
        deny_without(request.user, "annotator")
    round = selectors.open_round(task)
    if request.htmx:
        # The page between rounds asks this every few seconds.
        return HttpResponseClientRefresh() if round else HttpResponse(status=204)
    if round is None:
        return render(request, "draw/between.html", {"task": task, "round": selectors.latest_round(task)})
    return _sheet(request, task, round)


def _sheet(request: PageRequest, task: Task, round: Round) -> HttpResponse:
    assert round.adversary is not None  # a database constraint: only a draft has none
    return render(
        request,
        "draw/draw.html",
        {
            "task": task,
            "round": round,
            "record": selectors.adversary_record(round.adversary),
            "labels": json.dumps(task.labels),
            "free": round.rules.label_assignment == rules.FREE,
        },
    )
