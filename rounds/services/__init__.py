"""Every write, one verb a function."""

from .examples import Submission, retract_example, submit_example
from .exports import request_export
from .people import (
    GUEST_SESSION_KEY,
    give_roles,
    guest_of,
    join,
    known_guest,
    notify_admins,
    person_of,
    record_new_password,
    require_role,
    roles_of,
    save_account,
    set_roles,
    take_roles,
)
from .prompts import give_up_prompt, issue_prompt
from .rounds import (
    accept_model,
    close_round,
    draft_round,
    enqueue_run,
    keep_adversary,
    open_round,
    return_to_validating,
    review,
    start_training,
)
from .schedule import POLLING, schedule_polling
from .tasks import create_digits_task, save_task
from .validations import decide_dispute, lease_next, record_validation, resettle, settlement_of

__all__ = [
    "GUEST_SESSION_KEY",
    "POLLING",
    "Submission",
    "accept_model",
    "close_round",
    "create_digits_task",
    "decide_dispute",
    "draft_round",
    "enqueue_run",
    "give_roles",
    "give_up_prompt",
    "guest_of",
    "issue_prompt",
    "join",
    "keep_adversary",
    "known_guest",
    "lease_next",
    "notify_admins",
    "open_round",
    "person_of",
    "record_new_password",
    "record_validation",
    "request_export",
    "require_role",
    "resettle",
    "retract_example",
    "return_to_validating",
    "review",
    "roles_of",
    "save_account",
    "save_task",
    "schedule_polling",
    "set_roles",
    "settlement_of",
    "start_training",
    "submit_example",
    "take_roles",
]
