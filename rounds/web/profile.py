"""A person's own page: roles, API token, own drawings and numbers."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from rest_framework.authtoken.models import Token

from rounds import selectors, services

from .access import LoggedInRequest


@never_cache
@login_required
def profile(request: LoggedInRequest) -> HttpResponse:
    person = services.person_of(request.user)
    return render(
        request,
        "profile/profile.html",
        {
            "own_roles": sorted(services.roles_of(request.user)),
            "token": Token.objects.filter(user=request.user).first(),
            "examples": selectors.own_examples(person, limit=24),
            "numbers": selectors.own_numbers(person),
        },
    )


@login_required
@require_POST
def renew_token(request: LoggedInRequest) -> HttpResponse:
    """Makes the first token, or a new one in place of the old, which no longer works."""
    _, had_one = Token.objects.filter(user=request.user).delete()
    Token.objects.create(user=request.user)
    messages.success(
        request, "Your token is new; the old one no longer works." if had_one else "Here is your API token."
    )
    return redirect("profile")
