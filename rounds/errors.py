"""What a service says when it refuses. Each error carries one sentence for the person who asked."""

from typing import Any


class Refused(Exception):
    """The request is understood and not done. `detail` says what is wrong and what to do; nothing was changed."""

    status = 409
    code = "refused"

    def __init__(self, detail: str, *, code: str | None = None, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.extra = extra


class Invalid(Refused):
    """The input itself can't be used."""

    status = 400
    code = "invalid"


class NotAllowed(Refused):
    """This person may not do this."""

    status = 403
    code = "not_allowed"


class Missing(Refused):
    """There is no such thing, or not for this person."""

    status = 404
    code = "not_found"


class Unavailable(Refused):
    """The site can't do it now, and it is not the person's doing."""

    status = 503
    code = "unavailable"
