"""Every write, one verb a function."""

from .examples import Submission, retract_example, submit_example
from .exports import request_export
from .people import (
    annotator_of,
    give_roles,
    guest_of,
    join,
    known_guest,
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
    start_training,
)
from .training import (
    LeaseLost,
    Measured,
    claim_run,
    fail_run,
    heartbeat,
    holds_run,
    publish_model,
    record_measurements,
    register_model,
    take_up_lost_runs,
)
from .validations import decide_dispute, lease_next, record_validation, resettle
from .watch import look_at_rounds

__all__ = [
    "LeaseLost",
    "Measured",
    "Submission",
    "accept_model",
    "annotator_of",
    "claim_run",
    "close_round",
    "decide_dispute",
    "draft_round",
    "fail_run",
    "give_roles",
    "give_up_prompt",
    "guest_of",
    "heartbeat",
    "holds_run",
    "issue_prompt",
    "join",
    "keep_adversary",
    "known_guest",
    "lease_next",
    "look_at_rounds",
    "open_round",
    "publish_model",
    "queue_run",
    "record_measurements",
    "record_validation",
    "register_model",
    "request_export",
    "require_role",
    "resettle",
    "retract_example",
    "roles_of",
    "start_training",
    "submit_example",
    "take_roles",
    "take_up_lost_runs",
    "tell_admins",
]
