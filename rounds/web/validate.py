"""The validation page: one drawing at a time, blind. It works without JavaScript; htmx only replaces the reload."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from rounds import rules, selectors, services
from rounds.errors import Refused
from rounds.models import Person, Task
from rounds.roles import VALIDATOR

from .access import LoggedInRequest, for_roles, show_refusal


@never_cache
@for_roles(VALIDATOR)
@require_http_methods(["GET", "POST"])
def validate(request: LoggedInRequest, slug: str) -> HttpResponse:
    task = get_object_or_404(Task, slug=slug)
    validator = services.person_of(request.user)
    confirmation = _answer(request, validator) if request.method == "POST" else ""
    if request.method == "POST" and not request.htmx:
        if confirmation:
            messages.success(request, confirmation)
        return redirect("validate", slug=slug)
    return _next(request, task, validator, confirmation)


def _answer(request: LoggedInRequest, validator: Person) -> str:
    """Records the form's answer and returns a sentence that confirms it; empty where it was refused, which is shown."""
    number = request.POST.get("example", "")
    example = selectors.example_in_full(int(number)) if number.isdecimal() and len(number) < 18 else None
    if example is None:
        return ""
    answer = request.POST.get("answer", "")
    try:
        services.record_validation(
            example=example, validator=validator, answer=answer, reason=request.POST.get("reason", "")
        )
    except Refused as refusal:
        show_refusal(request, refusal)
        return ""
    return "Reported to an admin." if answer == rules.ABUSE else f"Recorded: {answer}."


def _next(request: LoggedInRequest, task: Task, validator: Person, confirmation: str) -> HttpResponse:
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    context = {
        "task": task,
        "example": services.lease_next(task=task, validator=validator),
        "waiting": selectors.validation_queue(task, validator).count(),
        "answered_today": validator.validations.filter(created_at__gte=today).count(),
        "round": selectors.latest_round(task),
        "confirmation": confirmation,
    }
    template = "validate/_panel.html" if request.htmx else "validate/validate.html"
    return render(request, template, context)
