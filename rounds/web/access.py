"""Who may see a page, and how a page shows that a service refused."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from rounds import services
from rounds.errors import NotAllowed, Refused

View = Callable[..., HttpResponse]


class PageRequest(HttpRequest):
    """A request as the site's middleware passes it on."""

    htmx: HtmxDetails


class LoggedInRequest(PageRequest):
    """A request of somebody who is logged in, as `for_roles` and `login_required` make sure."""

    user: User


def for_roles(*wanted: str) -> Callable[[View], View]:
    """A page for people with one of these roles. Others get a 403 that says so; visitors are asked to log in."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: PageRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return _login_redirect(request)
            require_role_or_403(request.user, *wanted)
            return view(request, *args, **kwargs)

        return guarded

    return decorate


def _login_redirect(request: PageRequest) -> HttpResponse:
    """With htmx, the whole page goes to the log-in, which leads back to the page and not to the part it asked for."""
    if request.htmx:
        here = request.htmx.current_url_abs_path or "/"
        return HttpResponseClientRedirect(redirect_to_login(here).url)
    return redirect_to_login(request.get_full_path())


def require_role_or_403(user: Any, *wanted: str) -> None:
    """Answers with a 403 page and the service's sentence, unless `user` has one of the roles."""
    try:
        services.require_role(user, *wanted)
    except NotAllowed as refusal:
        raise PermissionDenied(refusal.detail) from refusal


def show_refusal(request: HttpRequest, refusal: Refused) -> None:
    """The sentence of a service that refused, on the next page."""
    messages.error(request, refusal.detail)
