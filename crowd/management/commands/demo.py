"""A site of its own with some rounds that simulated people have played, so that every page has something to show."""

import argparse
import io
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from crowd.local_accounts import new_password
from crowd.options import add_number_option, one_or_more, zero_or_more
from crowd.terminal import stop_signals_as_ctrl_c
from rounds import services
from rounds.models import Round, Task

START_TIMEOUT_SECONDS = 60
#: Epochs of the first model: enough to be fooled now and then, and quickly trained.
EPOCHS = 3
#: Fooling examples that are left for the visitor to validate.
LEFT_TO_VALIDATE = 12


class Command(BaseCommand):
    help = (
        "Set up a site in a data folder of its own, start it, let simulated people play some rounds, and leave it "
        "running. Started again, it continues where it stopped."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        add_number_option(parser, "--rounds", zero_or_more, 3, "How many rounds to play")
        add_number_option(parser, "--target", one_or_more, 60, "Verified fooling examples per round")

    def handle(self, *args: Any, rounds: int, target: int, **options: Any) -> None:
        require_own_data()
        require_free_address()
        self.set_up(target)
        password = new_password("admin")
        with site_running() as site:
            remaining = rounds - Round.objects.filter(status=Round.Status.DONE).count()
            if remaining > 0:
                self.play(remaining, target)
            self.stdout.write(f"\n  The site:  {settings.SITE_URL}")
            self.stdout.write(f"  Log in:    admin / {password}   (a new password at every start)")
            self.stdout.write("  Ctrl-C stops everything.\n")
            self.stdout.flush()  # a log file, too, must have the password before the wait
            site.wait()

    def set_up(self, target: int) -> None:
        call_command("migrate", verbosity=0)
        services.create_digits_task(target_verified=target)
        self.stdout.write("Setting up a site: MNIST, and a first model if there is none yet.")
        # Its output would show a password that is replaced right after.
        call_command("setup", epochs=EPOCHS, stdout=io.StringIO())

    def play(self, rounds: int, target: int) -> None:
        self.stdout.write(f"The site is running. Simulated people play {rounds} rounds on it.\n")
        call_command(
            "crowd",
            rounds=rounds,
            target=target,
            train_immediately=True,
            leave=LEFT_TO_VALIDATE,
            stdout=self.stdout,
        )


def require_own_data() -> None:
    """Raises CommandError unless this folder and database are the demo's: its drawings must not mix with real ones."""
    marker = settings.DATA_DIR / "demo"
    is_default = settings.DATA_DIR == settings.BASE_DIR / "var"
    is_set_up = Task._meta.db_table in connection.introspection.table_names() and Task.objects.exists()
    if is_default or (is_set_up and not marker.exists()):
        raise CommandError(
            "The demo needs a data folder and a database of its own, so that nothing mixes with real drawings. "
            "Use make demo, or set DATA_DIR (and DATABASE_URL) to empty ones."
        )
    marker.touch()


def require_free_address() -> None:
    """Raises CommandError if another site answers at the demo's address: the bots would work there."""
    try:
        with urllib.request.urlopen(f"{settings.SITE_URL}/healthz", timeout=5):  # noqa: S310
            pass
    except urllib.error.HTTPError:
        pass
    except OSError:
        return
    raise CommandError(
        f"Another site answers at {settings.SITE_URL} already: stop it, or give the demo another address, for example "
        "BIND=127.0.0.1:8011 make demo."
    )


@contextmanager
def site_running() -> Iterator[subprocess.Popen[bytes]]:
    """The site and its workers, started as `make run` does, and stopped at the end. Their output goes to a file."""
    metrics = settings.DATA_DIR / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir()
    log = settings.DATA_DIR / "site.log"
    with stop_signals_as_ctrl_c(), log.open("ab") as output:
        site = subprocess.Popen(
            # Without .env: its settings are those of the real site.
            [sys.executable, "-m", "honcho", "start", "--no-prefix", "--env", os.devnull],
            cwd=settings.BASE_DIR,
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(metrics)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_ready(site, f"Its output is in {log}.")
            yield site
        except KeyboardInterrupt:
            pass
        finally:
            site.terminate()
            site.wait()


def wait_until_ready(site: subprocess.Popen[bytes], hint: str) -> None:
    """Raises CommandError, which ends with the hint, if the site ends or takes too long."""
    for _ in range(START_TIMEOUT_SECONDS):
        if site.poll() is not None:
            raise CommandError(f"The site ended at its start. Is another site at {settings.SITE_URL}? {hint}")
        try:
            with urllib.request.urlopen(f"{settings.SITE_URL}/readyz", timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(1)
    raise CommandError(f"The site did not become ready within {START_TIMEOUT_SECONDS} seconds. {hint}")
