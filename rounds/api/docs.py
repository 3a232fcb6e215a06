"""How the calls are described in OpenAPI, and where the description is served."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers

from .base import GuestThrottle, PersonThrottle
from .problems import MEDIA_TYPE, Problem

F = TypeVar("F", bound=Callable[..., Any])


class FieldErrorSerializer(serializers.Serializer[Any]):
    field = serializers.CharField(help_text="Dotted path in the body; empty for the body as a whole.", allow_blank=True)
    detail = serializers.CharField(help_text="What is wrong with it.")
    code = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """An error, after RFC 9457."""

    type = serializers.CharField(help_text="Always `about:blank`: the status and `code` say which problem it is.")
    title = serializers.CharField(help_text="The name of the status.")
    status = serializers.IntegerField(help_text="The HTTP status.")
    detail = serializers.CharField(help_text="A sentence for a person: what is wrong and what to do.")
    code = serializers.CharField(help_text="For programs: stays the same when the sentence is reworded.")
    errors = FieldErrorSerializer(  # type: ignore[assignment]
        many=True, required=False, help_text="By field, where single fields are wrong."
    )
    open_round = serializers.IntegerField(
        required=False, allow_null=True, help_text="With `round_closed`: the id of the round that is open now."
    )
    round_status = serializers.CharField(required=False, help_text="With `illegal_move`: where the round is.")


PAGE = OpenApiParameter("page", int, description="Which page of the list, from 1.")

ANYWHERE = [
    Problem(401, "authentication_failed", "Invalid token. POST /api/v1/auth/token/ gives you one."),
    Problem(429, "throttled", "These are too many requests. Wait 12 seconds, then send it again."),
    Problem(500, "server_error", "Something went wrong on the site's side; it was logged. Send the request again."),
    Problem(503, "unavailable", "The database doesn't answer right now, so nothing was stored. Send it again."),
]
OF_A_BODY = [
    Problem(400, "parse_error", "The body can't be read: JSON parse error - Expecting value. Mend it."),
    Problem(413, "too_large", "The request is larger than the 64 KB that this call takes. Send a smaller one."),
    Problem(415, "unsupported_media_type", "Unsupported media type “text/plain”. Send application/json."),
]
OF_A_SESSION = [
    Problem(403, "permission_denied", "CSRF Failed: CSRF token missing. Send the cookie's value in X-CSRFToken."),
]


def missing(what: str) -> Problem:
    return Problem(404, "not_found", f"There is no such {what}. Check the address.")


def needs_role(*roles: str) -> Problem:
    return Problem(403, "not_allowed", f"This needs the role {' or '.join(roles)}; an admin of this site can give it.")


def illegal_move(status: str, to: str) -> Problem:
    detail = f"Round 2 is {status} and can't become {to}."
    return Problem(409, "illegal_move", detail, {"round_status": status})


def described(
    name: str,
    *,
    tag: str,
    answers: dict[Any, Any],
    problems: Sequence[Problem] = (),
    request: Any = None,
    parameters: Sequence[Any] = (),
    writes: bool = False,
    auth: list[Any] | None = None,
) -> Callable[[F], F]:
    """Describes a view's method: its answers, its own problems, and those that every call can have.

    The text is the method's docstring. `writes` says that the call changes something, and so checks the CSRF token.
    """
    found = [*problems, *ANYWHERE, *(OF_A_SESSION if writes else []), *(OF_A_BODY if request else [])]
    return extend_schema(
        operation_id=name,
        summary=name.replace("_", " ").capitalize(),
        tags=[tag],
        request=request,
        parameters=list(parameters),
        auth=auth,
        responses={**answers, **_by_status(found)},
    )


def _by_status(problems: Sequence[Problem]) -> dict[Any, OpenApiResponse]:
    return {
        (status, MEDIA_TYPE): OpenApiResponse(
            ProblemSerializer,
            description=HTTPStatus(status).phrase,
            examples=[
                OpenApiExample(problem.code, problem.to_json(), response_only=True)
                for problem in problems
                if problem.status == status
            ],
        )
        for status in sorted({problem.status for problem in problems})
    }


class SchemaView(SpectacularAPIView):
    """OpenAPI as YAML, or as JSON with `?format=json`."""

    throttle_classes = [GuestThrottle, PersonThrottle]


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI from this site's own static files, its script apart, so that the site's CSP holds here as well."""
