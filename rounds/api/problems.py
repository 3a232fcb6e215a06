"""Every error of the API as `application/problem+json` (RFC 9457), with a sentence that says what to do."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

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

from rounds.errors import Refused

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
HOW_TO_LOG_IN = "POST /api/v1/auth/token/ with your username and password gives you one."


class TooLarge(exceptions.APIException):
    """The body is longer than this call can need; it was not read."""

    status_code = 413
    default_code = "too_large"

    def __init__(self, largest: int) -> None:
        super().__init__(f"The request is larger than the {_size(largest)} that this call takes. Send a smaller one.")


@dataclass(frozen=True)
class Problem:
    status: int
    code: str
    detail: str
    extra: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """What is sent. `code` tells programs apart what `detail` tells people."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            # A client may have sent half a surrogate pair, which no answer can carry.
            "detail": self.detail.encode(errors="backslashreplace").decode(),
            "code": self.code,
            **self.extra,
        }


def problem_handler(error: Exception, context: dict[str, Any]) -> Response:
    """DRF's EXCEPTION_HANDLER: whatever a view raises, the client gets a problem and never a traceback."""
    problem = _describe(error, context["view"])
    if problem.status >= 500 and not isinstance(error, Refused):
        _report(error, context["request"])
    return Response(problem.to_json(), problem.status, headers=problem.headers, content_type=MEDIA_TYPE)


@csrf_exempt
def nothing_here(request: HttpRequest, path: str) -> JsonResponse:
    """Answers every address under /api/ that leads nowhere."""
    slash = "" if path.endswith("/") or not path else " Addresses of this API end with a slash."
    detail = f"There is nothing at {request.path}.{slash} GET /api/schema/ lists every call, /api/docs/ explains them."
    return JsonResponse(Problem(404, "not_found", detail).to_json(), status=404, content_type=MEDIA_TYPE)


def _describe(error: Exception, view: Any) -> Problem:
    match error:
        case Refused():
            headers = {"Retry-After": "5"} if error.status == 503 else {}
            return Problem(error.status, error.code, error.detail, error.extra, headers)
        case exceptions.ValidationError():
            return _invalid(error)
        case exceptions.APIException():
            return _of_framework(error, view)
        case Http404():
            return Problem(404, "not_found", "There is no such thing here. Check the address.")
        case PermissionDenied():
            return Problem(403, "permission_denied", "You may not do this. Ask an admin of this site.")
        case RequestDataTooBig():
            return Problem(413, "too_large", "The request is too large. Send a smaller one.")
        case UnreadablePostError():
            return Problem(400, "cut_off", "The request ended before all of it had arrived. Send it again.")
        case BadRequest() | SuspiciousOperation():
            return Problem(400, "bad_request", "The request can't be read. Check its form and send it again.")
        case OperationalError() | InterfaceError():
            detail = "The database doesn't answer right now, so nothing was stored. Send the request again."
            return Problem(503, "unavailable", detail, headers={"Retry-After": "5"})
    detail = "Something went wrong on the site's side; it was logged. Send the request again, or tell an admin."
    return Problem(500, "server_error", detail)


def _of_framework(error: exceptions.APIException, view: Any) -> Problem:
    """What Django REST framework raises by itself, with what to do added to what is wrong."""
    detail, headers = str(error.detail), {}
    match error:
        case exceptions.NotAuthenticated():
            detail = f"Log in, or send a token in the header “Authorization: Token …”. {HOW_TO_LOG_IN}"
        case exceptions.AuthenticationFailed() if error.get_codes() == "authentication_failed":
            detail = f"{detail.removesuffix('.')}. {HOW_TO_LOG_IN}"
        case exceptions.PermissionDenied() if detail.startswith("CSRF"):
            detail = f"{detail.removesuffix('.')}. Send the csrftoken cookie's value as X-CSRFToken, or use a token."
        case exceptions.ParseError():
            detail = f"The body can't be read: {detail.removesuffix('.')}. Mend it and send it again."
        case exceptions.UnsupportedMediaType():
            detail = f"{detail.removesuffix('.')}. Send {' or '.join(p.media_type for p in view.parser_classes)}."
        case exceptions.MethodNotAllowed():
            detail = f"{detail.removesuffix('.')}. This address takes {', '.join(view.allowed_methods)}."
        case exceptions.Throttled():
            wait = int(getattr(error, "wait", None) or 1)
            detail = f"These are too many requests. Wait {wait} second{'' if wait == 1 else 's'}, then send it again."
            headers["Retry-After"] = str(wait)
    if auth := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth
    codes = error.get_codes()
    return Problem(error.status_code, codes if isinstance(codes, str) else "error", detail, headers=headers)


def _invalid(error: exceptions.ValidationError) -> Problem:
    errors = list(_field_errors(error.get_full_details()))
    said = [f"{one['field']}: {one['detail']}" if one["field"] else one["detail"] for one in errors]
    return Problem(400, "invalid", " ".join(said), {"errors": errors})


def _field_errors(details: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Flattens DRF's nested errors to {field, detail, code}; the field is a dotted path, empty for the whole body."""
    if isinstance(details, list):
        for each in details:
            yield from _field_errors(each, path)
    elif "message" in details and isinstance(details["message"], str):
        yield {"field": path, "detail": str(details["message"]), "code": str(details["code"])}
    else:
        for name, each in details.items():
            below = path if name == "non_field_errors" else f"{path}.{name}".lstrip(".")
            yield from _field_errors(each, below)


def _report(error: Exception, request: Any) -> None:
    """Logs with the traceback, and tells whoever listens to Django's own signal for unexpected errors."""
    log.error("%s %s failed", request.method, request.path, exc_info=error)
    if not isinstance(error, OperationalError | InterfaceError):
        got_request_exception.send(sender=problem_handler, request=request._request)


def _size(n: int) -> str:
    return f"{n / 2**20:.0f} MB" if n >= 2**20 else f"{n // 2**10} KB"
