"""What every template can use."""

from typing import Any

from django.http import HttpRequest

from rounds import services
from rounds.roles import ANNOTATOR


def roles(request: HttpRequest) -> dict[str, Any]:
    """`roles`: the names of the roles that the visitor has; `may_draw`: whether the drawing page is open to them.

    Lazy, so that pages that use neither make no query.
    """

    def may_draw() -> bool:
        return not request.user.is_authenticated or ANNOTATOR in services.roles_of(request.user)

    return {"roles": lambda: services.roles_of(request.user), "may_draw": may_draw}
