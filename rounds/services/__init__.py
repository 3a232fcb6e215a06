"""Every write, one verb a function."""

from .examples import Submission, retract_example, submit_example
from .exports import request_export
from .people import (
    GUEST_SESSION_KEY,
    give_roles,
    guest_of,
    join,
    known_guest,
    person_of,
    require_role,
    roles_of,
    take_roles,
    tell_admins,
)
from .prompts import give_up_prompt, issue_prompt
from .rounds import (
    accept_model,
    close_round,
    draft_round,
    keep_adversary,
    open_round,
    queue_run,
    return_to_validating,
    review,
    start_training,
)
from .validations import decide_dispute, lease_next, record_validation, resettle, standing

__all__ = [
    "GUEST_SESSION_KEY",
    "Submission",
    "accept_model",
    "close_round",
    "decide_dispute",
    "draft_round",
    "give_roles",
    "give_up_prompt",
    "guest_of",
    "issue_prompt",
    "join",
    "keep_adversary",
    "known_guest",
    "lease_next",
    "open_round",
    "person_of",
    "queue_run",
    "record_validation",
    "request_export",
    "require_role",
    "resettle",
    "retract_example",
    "return_to_validating",
    "review",
    "roles_of",
    "standing",
    "start_training",
    "submit_example",
    "take_roles",
    "tell_admins",
]
