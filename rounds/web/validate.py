"""The validation page: one drawing at a time, blind. It works without JavaScript; htmx only spares the reload."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from rounds import selectors, services
from rounds.errors import Refused
from rounds.models import Annotator, Task

from .access import PersonRequest, for_roles, tell


@never_cache
@for_roles("validator")
@require_http_methods(["GET", "POST"])
def validate(request: PersonRequest, slug: str) -> HttpResponse:
    task = get_object_or_404(Task, slug=slug)
    validator = services.annotator_of(request.user)
    if request.method == "POST":
        _answer(request, validator)
        if not request.htmx:
            return redirect("validate", slug=slug)
    return _next(request, task, validator)


def _answer(request: PersonRequest, validator: Annotator) -> None:
    """Records what the form says; a refusal becomes a sentence above the next drawing."""
    number = request.POST.get("example", "")
    example = selectors.example_in_full(int(number)) if number.isdecimal() and len(number) < 18 else None
    if example is None:
        return
    try:
        services.record_validation(
            example=example,
            validator=validator,
            answer=request.POST.get("answer", ""),
            reason=request.POST.get("reason", ""),
        )
    except Refused as refusal:
        tell(request, refusal)


def _next(request: PersonRequest, task: Task, validator: Annotator) -> HttpResponse:
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    context = {
        "task": task,
        "example": services.lease_next(task=task, validator=validator),
        "waiting": selectors.validation_queue(task, validator).count(),
        "answered_today": validator.validations.filter(created_at__gte=today).count(),
        "round": selectors.latest_round(task),
    }
    template = "validate/_desk.html" if request.htmx else "validate/validate.html"
    return render(request, template, context)
