"""Threads in which the bots of a campaign work."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

from crowd.bots import Bot, CurrentWork

#: How long a thread waits when none of its bots had anything to do.
PAUSE_SECONDS = 0.5


class BotThreads:
    """Half of the threads are for annotators, half for validators; each lets its share of the bots take turns.

    Attributes:
        work: what all bots are to do; set it at any time.
        count: threads that have bots.
        stopping: is set when the threads are to end; wait for it instead of sleeping.

    Raises:
        ValueError: fewer than two threads.
    """

    def __init__(self, annotators: Sequence[Bot], validators: Sequence[Bot], threads: int) -> None:
        if threads < 2:
            raise ValueError("A campaign needs at least two threads, one to draw and one to validate.")
        for_annotators, for_validators = threads // 2, threads - threads // 2
        shares = [
            *(annotators[number::for_annotators] for number in range(for_annotators)),
            *(validators[number::for_validators] for number in range(for_validators)),
        ]
        self._shares = [share for share in shares if share]
        self.count = len(self._shares)
        self.work = CurrentWork()
        self.stopping = Event()
        self._running: list[Future[None]] = []

    @contextmanager
    def running(self) -> Iterator[None]:
        """The threads work until the end of the `with` block."""
        self.stopping.clear()
        with ThreadPoolExecutor(max(1, self.count)) as pool:
            try:
                self._running = [pool.submit(self._run, share) for share in self._shares]
                yield
            finally:
                self.stopping.set()

    def raise_errors(self) -> None:
        """Raises the error that ended one of the threads, if one has ended."""
        for thread in self._running:
            if thread.done():
                thread.result()

    def _run(self, bots: Sequence[Bot]) -> None:
        while not self.stopping.is_set():
            worked = [bot.step(self.work) for bot in bots if not self.stopping.is_set()]
            if not any(worked):
                self.stopping.wait(PAUSE_SECONDS)
