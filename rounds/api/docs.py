"""How the calls are documented in OpenAPI, and where the description is served."""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView
from rest_framework import serializers

from rounds.errors import ErrorKind, Refused
from rounds.models import Round
from rounds.state_machine import targets_in_words

from .base import GuestThrottle, PersonThrottle
from .problems import MEDIA_TYPE, field_sentence, problem_of

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

#: Errors that every call can have, those of calls with a body, and those of calls that check a session's CSRF token.
COMMON_ERRORS = [
    ErrorKind.AUTHENTICATION_FAILED,
    ErrorKind.THROTTLED,
    ErrorKind.SERVER_ERROR,
    ErrorKind.DATABASE_UNAVAILABLE,
]
BODY_ERRORS = [
    ErrorKind.BODY_UNREADABLE,
    ErrorKind.BODY_CUT_OFF,
    ErrorKind.BAD_REQUEST,
    ErrorKind.TOO_LARGE,
    ErrorKind.UNSUPPORTED_MEDIA_TYPE,
]
SESSION_ERRORS = [ErrorKind.CSRF_FAILED]


def needs_role(*roles: str) -> Refused:
    return ErrorKind.ROLE_NEEDED.example(roles=" or ".join(roles))


def illegal_move(status: Round.Status, to: Round.Status) -> Refused:
    return ErrorKind.ILLEGAL_MOVE.example(round_status=status.value, to=to, legal=targets_in_words(status))


def invalid_field(field: str, detail: str, code: str = "invalid") -> Refused:
    error = {"field": field, "detail": detail, "code": code}
    return ErrorKind.FIELDS_INVALID.example(reasons=field_sentence(error), errors=[error])


def documented(
    name: str,
    *,
    tag: str,
    answers: dict[Any, Any],
    problems: Sequence[ErrorKind | Refused] = (),
    request: Any = None,
    parameters: Sequence[Any] = (),
    writes: bool = False,
    auth: list[Any] | None = None,
) -> Callable[[F], F]:
    """Describes a view's method: its answers, its own problems, and those that every call can have.

    The text is the method's docstring. A problem is an error's kind, shown with its sample values, or an error with
    values that fit the call better. `writes` says that the call changes something, and so checks the CSRF token.
    """
    every = [*problems, *COMMON_ERRORS, *(SESSION_ERRORS if writes else []), *(BODY_ERRORS if request else [])]
    examples = [problem.example() if isinstance(problem, ErrorKind) else problem for problem in every]
    return extend_schema(
        operation_id=name,
        summary=name.replace("_", " ").capitalize(),
        tags=[tag],
        request=request,
        parameters=list(parameters),
        auth=auth,
        responses={**answers, **_by_status(examples)},
    )


def _by_status(errors: Sequence[Refused]) -> dict[Any, OpenApiResponse]:
    return {
        (status, MEDIA_TYPE): OpenApiResponse(
            ProblemSerializer,
            description=HTTPStatus(status).phrase,
            examples=[
                OpenApiExample(error.kind.name.lower(), problem_of(error), response_only=True)
                for error in errors
                if error.status == status
            ],
        )
        for status in sorted({error.status for error in errors})
    }


class SchemaView(SpectacularAPIView):
    """OpenAPI as YAML, or as JSON with `?format=json`."""

    throttle_classes = [GuestThrottle, PersonThrottle]


class DocsView(SpectacularSwaggerSplitView):
    """Swagger UI from this site's own static files, its script apart, so that the site's CSP holds here as well."""
