"""Every error that the site reports: its code, HTTP status and sentence, each written once, here.

Services and the API raise these errors, the API's documentation makes its examples from them, and the pages' JavaScript
gets their codes. No Django in this file, so that a program that only talks to the API can import it as well.
"""

from collections.abc import Mapping
from enum import Enum
from typing import Any

#: Values with these names are sent to API clients as members of the problem, next to the sentence.
MEMBERS = ("errors", "open_round", "round_status")


class ErrorKind(Enum):
    """One situation in which the site does not do what was requested.

    Each is (HTTP status, code, sentence, sample values). The code is for programs and never changes; situations that
    call for the same reaction share it. The sentence is for people: what is wrong and what to do. The sample values
    fill its fields, and the members of `MEMBERS` that come with it, in the examples of the API's documentation.
    """

    # --- 400: the input can't be used

    LABEL_UNKNOWN = (
        400,
        "label",
        "“{label}” is not a label of this task. Use one of: {labels}.",
        {"label": "x", "labels": "0, 1, 2"},
    )
    LABEL_ASSIGNED = (400, "label", "In this task the label is assigned, to keep classes balanced. Send no label.")
    LABEL_MISSING = (
        400,
        "label",
        "In this task you choose what to draw. Send a label: {labels}.",
        {"labels": "0, 1, 2"},
    )
    IMAGE_UNUSABLE = (400, "image", "{reason}", {"reason": "The drawing is blank: draw something before you send it."})
    IDEMPOTENCY_KEY_INVALID = (
        400,
        "idempotency_key",
        "The header Idempotency-Key takes at most {longest} plain characters. Use a new random UUID for every drawing.",
        {"longest": 100},
    )
    ANSWER_UNKNOWN = (
        400,
        "answer",
        "“{answer}” is no answer here. Use one of: {choices}.",
        {"answer": "x", "choices": "0, 1, 2, unreadable, abuse"},
    )
    REASON_MISSING = (400, "reason", "Say in a few words what is abusive about it, so that an admin can decide.")
    RECIPE_UNUSABLE = (400, "recipe", "This recipe can't be used: {reason}", {"reason": "unknown option “epoch”."})
    RECIPE_NOT_JSON = (
        400,
        "invalid",
        "The recipe is not valid JSON: {reason} in line {line}, column {column}.",
        {"reason": "Expecting value", "line": 1, "column": 12},
    )
    RECIPE_NOT_OBJECT = (
        400,
        "invalid",
        'The recipe has to be an object, e.g. {{"epochs": 2}}, or {{}} for the default.',
    )
    FIELDS_INVALID = (
        400,
        "invalid",
        "{reasons}",
        {
            "reasons": "label: Not a valid string.",
            "errors": [{"field": "label", "detail": "Not a valid string.", "code": "invalid"}],
        },
    )
    BODY_UNREADABLE = (
        400,
        "parse_error",
        "The body can't be read: {reason}. Correct it and send it again.",
        {"reason": "JSON parse error - Expecting value"},
    )
    BODY_CUT_OFF = (400, "cut_off", "The request ended before all of it had arrived. Send it again.")
    BAD_REQUEST = (400, "bad_request", "The request can't be read. Check its form and send it again.")

    # --- 401, 403: who may do it

    NOT_AUTHENTICATED = (
        401,
        "not_authenticated",
        "Log in, or send a token in the header “Authorization: Token …”. "
        "POST /api/v1/auth/token/ with your username and password gives you one.",
    )
    AUTHENTICATION_FAILED = (
        401,
        "authentication_failed",
        "{reason}. POST /api/v1/auth/token/ with your username and password gives you one.",
        {"reason": "Invalid token"},
    )
    WRONG_CREDENTIALS = (
        401,
        "wrong_credentials",
        "No account has this username and password. Check both, or reset the password on the site.",
    )
    ROLE_NEEDED = (
        403,
        "not_allowed",
        "This needs the role {roles}; an admin of this site can give it to you.",
        {"roles": "admin"},
    )
    OWN_EXAMPLE = (403, "own_example", "This is your own drawing; others validate it. Ask for the next one.")
    CSRF_FAILED = (
        403,
        "permission_denied",
        "{reason}. Send the csrftoken cookie's value as X-CSRFToken, or use a token.",
        {"reason": "CSRF Failed: CSRF token missing"},
    )
    PERMISSION_DENIED = (403, "permission_denied", "You may not do this. Ask an admin of this site.")

    # --- 404, 405: what is not there

    NO_SUCH_ADDRESS = (
        404,
        "not_found",
        "There is nothing at {path}. GET /api/schema/ lists every call, /api/docs/ explains them.",
        {"path": "/api/v1/nothing/"},
    )
    SLASH_MISSING = (
        404,
        "not_found",
        "There is nothing at {path}. Addresses of this API end with a slash. "
        "GET /api/schema/ lists every call, /api/docs/ explains them.",
        {"path": "/api/v1/tasks"},
    )
    NO_SUCH_PAGE = (
        404,
        "not_found",
        "There is no page {page} in this list. Take one of the links `next` and `previous`.",
        {"page": 7},
    )
    NO_SUCH_TASK = (404, "not_found", "There is no task “{slug}”. GET /api/v1/tasks/ lists them.", {"slug": "letters"})
    NO_SUCH_ROUND = (
        404,
        "not_found",
        "There is no round with the id {id}. GET /api/v1/tasks/…/rounds/ lists a task's rounds.",
        {"id": 7},
    )
    NO_SUCH_PROMPT = (404, "not_found", "There is no such prompt of yours. Ask for one, then draw for that.")
    NO_SUCH_EXAMPLE = (
        404,
        "not_found",
        "There is no example with the id {id}. Ask for the next one to validate.",
        {"id": 7},
    )
    NOT_YOUR_EXAMPLE = (404, "not_found", "There is no such example of yours. Check its id.")
    NOT_YOUR_IMAGE = (
        404,
        "not_found",
        "There is no such drawing, or it is not assigned to you. Ask for the next one to validate.",
    )
    NOT_IN_VALIDATION = (404, "not_in_validation", "This example is not up for validation. Ask for the next one.")
    NO_SUCH_EXPORT = (
        404,
        "not_found",
        "There is no export with the id {id}. Ask for one with POST /api/v1/rounds/…/exports/.",
        {"id": 7},
    )
    EXPORT_FILE_GONE = (
        404,
        "not_found",
        "The file of this export is gone from the storage. Ask for a new export of the round.",
    )
    METHOD_NOT_ALLOWED = (
        405,
        "method_not_allowed",
        "{reason}. This address takes {methods}.",
        {"reason": 'Method "DELETE" not allowed', "methods": "POST, OPTIONS"},
    )

    # --- 409: not possible in the current state

    NO_OPEN_ROUND = (
        409,
        "no_open_round",
        "No round is open, so there is nothing to draw against right now. Come back when the next round opens.",
    )
    ROUND_CLOSED = (
        409,
        "round_closed",
        "Round {number} is closed. Round {open_number} is open now; "
        "your drawing was not stored, keep it and send it for a new prompt.",
        {"number": 1, "open_number": 2, "open_round": 2},
    )
    ROUND_CLOSED_NONE_OPEN = (
        409,
        "round_closed",
        "Round {number} is closed. No round is open right now; "
        "your drawing was not stored, keep it and send it for a new prompt.",
        {"number": 1, "open_round": None},
    )
    ROUND_FINAL = (
        409,
        "round_closed",
        "Round {number} no longer takes answers: its numbers are final. Ask for the next example.",
        {"number": 1},
    )
    PROMPT_FINISHED = (
        409,
        "prompt_finished",
        "This prompt is finished. Ask for the next one and send the drawing there.",
    )
    PROMPT_ALREADY_FINISHED = (409, "prompt_finished", "This prompt is finished already. Ask for the next one.")
    PROMPT_CHANGED = (
        409,
        "prompt_changed",
        "Another try of this prompt was stored meanwhile. Load the prompt again and send this one once more.",
    )
    PROMPT_BUSY = (409, "busy", "Another try of this prompt was being stored at the same moment. Send this one again.")
    IDEMPOTENCY_KEY_REUSED = (
        409,
        "idempotency_key_reused",
        "This Idempotency-Key was used for another drawing. Use a new key for every new drawing.",
    )
    NOT_YOURS = (409, "not_yours", "Only the person who drew an example can take it back.")
    NOT_RETRACTABLE = (
        409,
        "not_retractable",
        "Only a drawing that fooled the model can be taken back. This one stays among your attempts.",
    )
    NOT_RETRACTABLE_ANY_MORE = (
        409,
        "not_retractable",
        "This example can't be taken back (any more): its round is closed, or it is settled or taken back already.",
    )
    ALREADY_VALIDATED = (409, "already_validated", "You have answered for this example already. Ask for the next one.")
    SETTLED = (409, "settled", "Others have settled this example meanwhile. Ask for the next one.")
    NOT_LEASED = (
        409,
        "not_leased",
        "This drawing is not assigned to you, or it has gone to somebody else meanwhile. Ask for the next one.",
    )
    NOT_DISPUTED = (409, "not_disputed", "This example is not disputed (any more); there is nothing to decide.")
    ILLEGAL_MOVE = (
        409,
        "illegal_move",
        "Round {number} is {round_status} and can't become {to}. From here it can become {legal}.",
        {"number": 2, "round_status": "open", "to": "done", "legal": "validating"},
    )
    DRAFT_EXISTS = (409, "draft_exists", "Round {number} is a draft already. Open that one.", {"number": 2})
    NO_ADVERSARY = (409, "no_adversary", "This round has no adversary. Choose a model for it first.")
    OTHER_ROUND_OPEN = (409, "other_round_open", "Another round of this task is open. Close that one first.")
    NOTHING_VERIFIED = (
        409,
        "nothing_verified",
        "Nothing collected in this round is verified, so there is nothing new to train on. "
        "Wait for validations, or keep the adversary for the next round.",
    )
    NO_MODEL = (409, "no_model", "This round has no new model to accept. Train one, or keep the old adversary.")
    EXPORT_NOT_READY = (
        409,
        "not_ready",
        "This export is {status}. Ask for its state again in a few seconds, or for a new export.",
        {"status": "queued"},
    )

    # --- 413, 415, 429: size, type and rate of requests

    TOO_LARGE = (
        413,
        "too_large",
        "The request is larger than the {largest} that this call takes. Send a smaller one.",
        {"largest": "64 KB"},
    )
    UNSUPPORTED_MEDIA_TYPE = (
        415,
        "unsupported_media_type",
        "{reason}. Send {types}.",
        {"reason": 'Unsupported media type "text/plain" in request', "types": "application/json"},
    )
    THROTTLED = (
        429,
        "throttled",
        "Too many requests. Wait {wait}, then send it again.",
        {"wait": "12 seconds"},
    )

    # --- 500, 503: failures of the site itself

    SERVER_ERROR = (
        500,
        "server_error",
        "Something went wrong on the site's side; it was logged. Send the request again, or tell an admin.",
    )
    ADVERSARY_UNAVAILABLE = (
        503,
        "adversary_unavailable",
        "The adversary can't be loaded now, so nothing was scored. Keep the drawing and send it again; "
        "if this stays, tell an admin of the site.",
    )
    DATABASE_UNAVAILABLE = (
        503,
        "unavailable",
        "The database doesn't answer right now, so nothing was stored. Send the request again.",
    )

    def __init__(self, status: int, code: str, sentence: str, samples: Mapping[str, Any] | None = None) -> None:
        self.status = status
        self.code = code
        self.sentence = sentence
        self.samples = samples or {}

    def error(self, **values: Any) -> "Refused":
        """The exception to raise, its sentence filled with `values`; its class depends on the status."""
        return CLASSES.get(self.status, Refused)(self, **values)

    def example(self, **values: Any) -> "Refused":
        """The same with sample values where none are given, for the API's documentation."""
        return self.error(**{**self.samples, **values})


class Refused(Exception):
    """The request is understood and not done; nothing was changed.

    Attributes:
        kind: which error it is, with its `code` and HTTP `status`.
        detail: the sentence for the person who made the request.
        members: what API clients get next to the sentence.
    """

    def __init__(self, kind: ErrorKind, **values: Any) -> None:
        self.kind, self.code, self.status = kind, kind.code, kind.status
        self.detail = kind.sentence.format(**values)
        self.members = {name: value for name, value in values.items() if name in MEMBERS}
        super().__init__(self.detail)


class Invalid(Refused):
    """400: the input itself can't be used."""


class NotAllowed(Refused):
    """403: this person may not do this."""


class Missing(Refused):
    """404: there is no such thing, or not for this person."""


class Unavailable(Refused):
    """503: the site can't do it now, and it is not the person's doing."""


CLASSES = {400: Invalid, 403: NotAllowed, 404: Missing, 503: Unavailable}
