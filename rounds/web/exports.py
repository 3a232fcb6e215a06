"""Data sets for researchers: requested on a round's page, made by a job, downloaded through the API."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

from rounds import services
from rounds.models import Round
from rounds.roles import ADMIN, RESEARCHER

from .access import LoggedInRequest, for_roles


@for_roles(RESEARCHER, ADMIN)
@require_POST
def request_export(request: LoggedInRequest, pk: int) -> HttpResponse:
    round = get_object_or_404(Round.objects.exclude(status=Round.Status.DRAFT), pk=pk)
    services.request_export(round=round, by=request.user)
    return redirect(f"{round.get_absolute_url()}#export")
