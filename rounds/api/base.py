"""What all calls of the API share: JSON in and out, a size limit, throttles, and who makes the request."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from rest_framework.authentication import SessionAuthentication, TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotFound
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.pagination import PageNumberPagination
from rest_framework.parsers import JSONParser
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle
from rest_framework.views import APIView

from rounds import services
from rounds.errors import ErrorKind
from rounds.models import Person
from rounds.roles import ANNOTATOR
from rounds.services import GUEST_SESSION_KEY

from .problems import size


class GuestThrottle(AnonRateThrottle):
    """Whoever has no account, by address."""

    scope = "guest"


class PersonThrottle(UserRateThrottle):
    """An account, wherever it comes from."""

    scope = "person"

    def get_cache_key(self, request: Request, view: APIView) -> str | None:
        return super().get_cache_key(request, view) if request.user.is_authenticated else None


class AlwaysJson(DefaultContentNegotiation):
    """There is one format, so the Accept header of a browser or a script is no reason to refuse."""

    def select_renderer(self, request: Any, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class StrictJson(JSONParser):
    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise ErrorKind.BODY_UNREADABLE.error(reason="JSON parse error - it is nested too deeply") from error


class ApiToken(TokenAuthentication):
    def authenticate_credentials(self, key: str) -> Any:
        if "\x00" in key:  # PostgreSQL takes no such text, not even to search for it
            raise AuthenticationFailed("Invalid token.")
        return super().authenticate_credentials(key)


class ApiView(APIView):
    """A call that anybody may make."""

    authentication_classes = [ApiToken, SessionAuthentication]
    permission_classes = [AllowAny]
    throttle_classes = [GuestThrottle, PersonThrottle]
    content_negotiation_class = AlwaysJson
    parser_classes = [StrictJson]
    #: Bytes of a body. Its Content-Length, which Django never reads beyond, is checked before anything is read.
    largest_body = 64 * 1024

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        # First of all: to authenticate a session, the CSRF check would already read the body.
        if content_length(request) > self.largest_body:
            raise ErrorKind.TOO_LARGE.error(largest=size(self.largest_body))
        super().initial(request, *args, **kwargs)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        response.headers.setdefault("Cache-Control", "private, no-store")
        return response


def content_length(request: Request) -> int:
    """Bytes of the body, from Content-Length. Django would read a body without it as an empty one."""
    if "chunked" in request.META.get("HTTP_TRANSFER_ENCODING", ""):
        raise ErrorKind.BODY_UNREADABLE.error(reason="It came without its length in Content-Length")
    return int(request.META.get("CONTENT_LENGTH") or 0)


class AccountView(ApiView):
    """A call that needs an account."""

    permission_classes = [IsAuthenticated]


def account(request: Request) -> User:
    """The account that makes the request; the view's permission has made sure that there is one."""
    assert isinstance(request.user, User)
    return request.user


@contextmanager
def requesting_annotator(request: Request) -> Iterator[Person]:
    """The person who wants to draw: an account's or a guest. If the call then fails, a new guest is not stored."""
    if request.user.is_authenticated:
        services.require_role(request.user, ANNOTATOR)
        yield services.person_of(account(request))
        return
    new = GUEST_SESSION_KEY not in request.session
    try:
        with transaction.atomic():
            yield services.guest_of(request.session)
    except Exception:
        if new:
            request.session.pop(GUEST_SESSION_KEY, None)
        raise


def requesting_person(request: Request) -> Person | None:
    """Who sent the request: an account's person, or a guest who has drawn before; None for anybody else."""
    if request.user.is_authenticated:
        return services.person_of(account(request))
    return services.known_guest(request.session)


def is_own(request: Request, person: Person) -> bool:
    """Whether it is `person` who makes the request. Needs no query."""
    if request.user.is_authenticated:
        return person.user_id == request.user.pk
    return person.guest_key is not None and str(person.guest_key) == request.session.get(GUEST_SESSION_KEY)


def page_of(view: APIView, rows: QuerySet[Any], serializer: type[BaseSerializer[Any]]) -> Response:
    """The requested page of `rows`."""
    pages = PageNumberPagination()
    try:
        page = pages.paginate_queryset(rows, view.request, view)
    except NotFound:
        raise ErrorKind.NO_SUCH_PAGE.error(page=view.request.query_params[pages.page_query_param]) from None
    return pages.get_paginated_response(serializer(page, many=True).data)
