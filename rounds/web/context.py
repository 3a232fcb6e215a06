"""What every template may ask."""

from typing import Any

from django.http import HttpRequest

from rounds import services
from rounds.roles import ANNOTATOR


def roles(request: HttpRequest) -> dict[str, Any]:
    """`roles`: the names of the roles that the visitor has; `may_draw`: whether a sheet would be given to them.

    Lazy, so that pages that don't ask don't query.
    """

    def may_draw() -> bool:
        return not request.user.is_authenticated or ANNOTATOR in services.roles_of(request.user)

    return {"roles": lambda: services.roles_of(request.user), "may_draw": may_draw}
