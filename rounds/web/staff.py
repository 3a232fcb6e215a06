"""The admins' pages: every round, and one round with what it needs next."""

import hashlib
import json
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from rounds import selectors, services
from rounds.errors import Refused
from rounds.models import AuditEvent, Example, Round, Task, TrainingRun
from rounds.roles import ADMIN
from rounds.training.recipe_form import recipe_help

from . import charts
from .access import LoggedInRequest, for_roles, show_refusal
from .audit import EVENTS_A_PAGE, unsent_notices, with_sentences
from .staff_moves import OFFERED, OfferedMove, consequences, make_move, offered_move, offered_moves, usual_move


@for_roles(ADMIN)
def rounds(request: LoggedInRequest) -> HttpResponse:
    tasks = [(task, task.rounds.select_related("adversary").order_by("-number")) for task in Task.objects.all()]
    unsent = unsent_notices(AuditEvent.objects.all())
    return render(request, "staff/rounds.html", {"tasks": tasks, "unsent": unsent})


@never_cache
@for_roles(ADMIN)
def round_page(request: LoggedInRequest, pk: int) -> HttpResponse:
    round = _round(pk)
    return render(request, "staff/round.html", {"task": round.task, "round": round, **_live(request, round)})


@never_cache
@for_roles(ADMIN)
def live(request: LoggedInRequest, pk: int) -> HttpResponse:
    """The part of a round's page that polls; 204 when it has not changed, so that focus and scrolling stay."""
    round = _round(pk)
    moving = _live(request, round)
    if request.GET.get("seen") == moving["seen"]:
        return HttpResponse(status=204)
    return render(request, "staff/_live.html", {"round": round, **moving})


@never_cache
@for_roles(ADMIN)
def move(request: LoggedInRequest, pk: int, verb: str) -> HttpResponse:
    """GET shows what the move would do, POST does it."""
    round = _round(pk)
    if verb not in OFFERED:
        raise Http404("There is no such move.")
    chosen = offered_move(round, verb)
    confirmed = request.method == "POST"
    # The admin confirmed the consequences that the move had in the state shown; in another state they differ.
    moved_on = confirmed and request.POST.get("seen") != round.status
    if moved_on or chosen is None:
        messages.error(request, f"Round {round.number} is {round.status} now; nothing was done. Look at it again.")
        return redirect("staff_round", pk)
    return _make(request, round, chosen) if confirmed else _confirm(request, round, chosen)


@for_roles(ADMIN)
@require_POST
def decide(request: LoggedInRequest, pk: int) -> HttpResponse:
    """An admin's ruling on a reported example, with a reason if they give one."""
    example = get_object_or_404(Example, pk=pk)
    decision = request.POST.get("decision")
    if decision not in ("abusive", "fine"):
        messages.error(request, "Say whether it is abusive or not; nothing was changed.")
        return redirect("staff_round", example.round_id)
    abusive = decision == "abusive"
    try:
        why = request.POST.get(f"why-{pk}", "").strip()
        services.decide_dispute(example=example, by=request.user, abusive=abusive, why=why)
    except Refused as refusal:
        show_refusal(request, refusal)
    else:
        messages.success(
            request, "Removed as abusive." if abusive else "The reports no longer count; validators go on with it."
        )
    return redirect("staff_round", example.round_id)


def _make(request: LoggedInRequest, round: Round, chosen: OfferedMove) -> HttpResponse:
    try:
        shown = make_move(round, chosen.verb, request.user, request.POST)
    except Refused as refusal:
        show_refusal(request, refusal)
        round.refresh_from_db()
        if "recipe" in request.POST and (offered := offered_move(round, chosen.verb)):
            return _confirm(request, round, offered, recipe=request.POST["recipe"])
        return redirect("staff_round", round.pk)
    messages.success(request, f"Round {shown.number} is {shown.status} now.")
    return redirect("staff_round", shown.pk)


def _confirm(request: LoggedInRequest, round: Round, chosen: OfferedMove, recipe: str | None = None) -> HttpResponse:
    context = {
        "task": round.task,
        "round": round,
        "move": chosen,
        "recipe": json.dumps(round.task.recipe, indent=2) if recipe is None else recipe,
        "recipe_help": recipe_help() if chosen.verb == "train" else [],
        **consequences(round),
    }
    return render(request, "staff/move.html", context)


def _round(pk: int) -> Round:
    return get_object_or_404(Round.objects.select_related("task", "adversary"), pk=pk)


def _live(request: LoggedInRequest, round: Round) -> dict[str, Any]:
    """`body`, the part that polls as HTML; `seen`, its hash; `moving`, whether it goes on polling."""
    counts = selectors.counts(round)
    run = selectors.latest_run(round)
    body = render_to_string(
        "staff/_state.html",
        {
            "round": round,
            "counts": counts,
            "criteria": selectors.criteria(round, counts),
            "moves": offered_moves(round),
            "usual": usual_move(round, counts),
            "disputed": selectors.disputed(round),
            "run": run,
            "lost": run is not None and _is_lost(run),
            "curve": charts.loss_curve(run.progress.get("history", []), run.progress.get("epochs", 0)) if run else None,
            "events": with_sentences(round.events.newest_first()[:EVENTS_A_PAGE]),
            "unsent": unsent_notices(round.events.all()),
        },
        request,
    )
    moving = round.status != Round.Status.DONE
    return {"body": body, "seen": hashlib.sha256(body.encode()).hexdigest()[:16], "moving": moving}


def _is_lost(run: TrainingRun) -> bool:
    """Whether a worker had this run and has not been heard of for longer than its lease."""
    return run.status == TrainingRun.Status.RUNNING and run.lease_until is not None and run.lease_until < timezone.now()
