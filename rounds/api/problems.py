"""Every error of the API as `application/problem+json` (RFC 9457), with a sentence that says what to do."""

import logging
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, JsonResponse, UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from rest_framework import exceptions
from rest_framework.response import Response

from rounds.errors import ErrorKind, Refused

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
SECONDS_TO_RECOVER = 5


def problem_of(error: Refused) -> dict[str, Any]:
    """The body of the answer."""
    return {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        # A client may have sent half a surrogate pair, which no answer can carry.
        "detail": error.detail.encode(errors="backslashreplace").decode(),
        "code": error.code,
        **error.members,
    }


def problem_handler(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's EXCEPTION_HANDLER: whatever a view raises, the client gets a problem and never a traceback."""
    view, request = context["view"], context["request"]
    refused = error if isinstance(error, Refused) else _refusal_for(error, view, request)
    if refused.status >= 500 and refused is not error:
        _report(error, request)
    headers = {}
    if refused.status == 401:
        headers["WWW-Authenticate"] = view.get_authenticate_header(request)
    elif refused.status == 429:
        headers["Retry-After"] = str(_seconds_to_wait(error))
    elif refused.status == 503:
        headers["Retry-After"] = str(SECONDS_TO_RECOVER)
    return Response(problem_of(refused), refused.status, headers=headers, content_type=MEDIA_TYPE)


@csrf_exempt
def unknown_address(request: HttpRequest, path: str) -> JsonResponse:
    """Answers every address under /api/ that is no call."""
    if path and not path.endswith("/"):
        error = ErrorKind.SLASH_MISSING.error(path=request.path)
    else:
        error = ErrorKind.NO_SUCH_ADDRESS.error(path=request.path)
    return JsonResponse(problem_of(error), status=error.status, content_type=MEDIA_TYPE)


def size(n: int) -> str:
    return f"{n / 2**20:.0f} MB" if n >= 2**20 else f"{n // 2**10} KB"


def _refusal_for(error: Exception, view: Any, request: Any) -> Refused:
    """What Django, Django REST framework or a defect raises, as one of the site's own errors."""
    match error:
        case exceptions.APIException():
            return _refusal_for_framework(error, view, request)
        case Http404():
            return ErrorKind.NO_SUCH_ADDRESS.error(path=request.path)
        case PermissionDenied():
            return ErrorKind.PERMISSION_DENIED.error()
        case RequestDataTooBig():
            return ErrorKind.TOO_LARGE.error(largest=size(settings.DATA_UPLOAD_MAX_MEMORY_SIZE))
        case UnreadablePostError():
            return ErrorKind.BODY_CUT_OFF.error()
        case BadRequest() | SuspiciousOperation():
            return ErrorKind.BAD_REQUEST.error()
        case OperationalError() | InterfaceError():
            return ErrorKind.DATABASE_UNAVAILABLE.error()
    return ErrorKind.SERVER_ERROR.error()


def _refusal_for_framework(error: exceptions.APIException, view: Any, request: Any) -> Refused:
    """Django REST framework says what is wrong; the site's own sentence adds what to do."""
    reason = str(error.detail).removesuffix(".")
    match error:
        case exceptions.ValidationError():
            return _invalid(error)
        case exceptions.ParseError():
            return ErrorKind.BODY_UNREADABLE.error(reason=reason)
        case exceptions.NotAuthenticated():
            return ErrorKind.NOT_AUTHENTICATED.error()
        case exceptions.AuthenticationFailed():
            return ErrorKind.AUTHENTICATION_FAILED.error(reason=reason)
        case exceptions.PermissionDenied() if reason.startswith("CSRF"):
            return ErrorKind.CSRF_FAILED.error(reason=reason)
        case exceptions.PermissionDenied():
            return ErrorKind.PERMISSION_DENIED.error()
        case exceptions.NotFound():
            return ErrorKind.NO_SUCH_ADDRESS.error(path=request.path)
        case exceptions.MethodNotAllowed():
            return ErrorKind.METHOD_NOT_ALLOWED.error(reason=reason, methods=", ".join(view.allowed_methods))
        case exceptions.UnsupportedMediaType():
            types = " or ".join(parser.media_type for parser in view.parser_classes)
            return ErrorKind.UNSUPPORTED_MEDIA_TYPE.error(reason=reason, types=types)
        case exceptions.Throttled():
            wait = _seconds_to_wait(error)
            return ErrorKind.THROTTLED.error(wait=f"{wait} second{'' if wait == 1 else 's'}")
    return ErrorKind.SERVER_ERROR.error()


def _seconds_to_wait(error: Exception) -> int:
    return int(getattr(error, "wait", None) or 1)


def _invalid(error: exceptions.ValidationError) -> Refused:
    errors = list(_field_errors(error.get_full_details()))
    return ErrorKind.FIELDS_INVALID.error(reasons=" ".join(map(field_sentence, errors)), errors=errors)


def field_sentence(error: dict[str, str]) -> str:
    return f"{error['field']}: {error['detail']}" if error["field"] else error["detail"]


def _field_errors(details: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flattens DRF's nested errors to {field, detail, code}; the field is a dotted path, empty for the whole body."""
    if isinstance(details, list):
        for each in details:
            yield from _field_errors(each, path)
    elif "message" in details and isinstance(details["message"], str):
        yield {"field": path, "detail": str(details["message"]), "code": str(details["code"])}
    else:
        for name, each in details.items():
            inner = path if name == "non_field_errors" else f"{path}.{name}".lstrip(".")
            yield from _field_errors(each, inner)


def _report(error: Exception, request: Any) -> None:
    """Logs with the traceback, and notifies whoever listens to Django's own signal for unexpected errors."""
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    if not isinstance(error, OperationalError | InterfaceError):
        got_request_exception.send(sender=problem_handler, request=request._request)
