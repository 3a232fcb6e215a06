"""When a campaign stops waiting for something that does not change."""

import time
from typing import Any

#: After so many seconds without a change, waiting for validators has no use.
STALL_SECONDS = 30.0
#: After so many seconds without a change, the site's workers are taken to be down. It has to be longer than the five
#: minutes after which the site puts a lost training on its queue again.
WORKER_STALL_SECONDS = 600.0


class CampaignError(Exception):
    """The campaign can't continue. The message says why and what to do."""


class StallDetector:
    """Detects that a state has not changed for `timeout` seconds."""

    def __init__(self, timeout: float = STALL_SECONDS) -> None:
        self.timeout = timeout
        self._state: Any = None
        self._since = 0.0

    def has_stalled(self, state: Any) -> bool:
        """Whether all calls of the last `timeout` seconds were given this state."""
        if state != self._state:
            self._state, self._since = state, time.monotonic()
        return time.monotonic() - self._since > self.timeout
