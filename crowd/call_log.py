"""How the HTTP requests of a campaign went."""

import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class CallLog:
    """Counts and times attempts, each under the name of its API call. Thread-safe.

    Attributes:
        seconds: call → duration of each attempt that succeeded. Refused and failed ones would distort the median.
        outcomes: (call, HTTP status or name of the network error) → number of attempts.
        under_load: number of attempts that succeeded, and seconds, within `measuring_load`.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.seconds: dict[str, list[float]] = defaultdict(list)
        self.outcomes: Counter[tuple[str, str]] = Counter()
        self.under_load = (0, 0.0)
        self._succeeded = 0

    def record(self, call: str, outcome: str, seconds: float) -> None:
        with self._lock:
            self.outcomes[call, outcome] += 1
            if outcome.startswith("2"):
                self.seconds[call].append(seconds)
                self._succeeded += 1

    @contextmanager
    def measuring_load(self) -> Iterator[None]:
        """Marks a time in which all bots work, so that the calls per second show what the site can do."""
        before, started = self._succeeded, time.monotonic()
        try:
            yield
        finally:
            calls, seconds = self.under_load
            self.under_load = calls + self._succeeded - before, seconds + time.monotonic() - started
