"""The site with a finished campaign in it, so that every page has something to show."""

import argparse
import io
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from crowd.management.commands.crowd import one_or_more, zero_or_more
from rounds import services
from rounds.models import Round, Task

SECONDS_TO_START = 60
#: Of the first model: enough to be fooled now and then, and less to wait for.
EPOCHS = 3
#: Fooling examples that are left for whoever tries validating.
WAITING = 12


class Command(BaseCommand):
    help = (
        "Set a site up in a data folder of its own, start it, let simulated people play some rounds, and leave it "
        "running. Started again, it goes on where it was."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--rounds", type=zero_or_more, default=3, help="How many rounds to play (%(default)s).")
        parser.add_argument(
            "--target", type=one_or_more, default=60, help="Verified fooling ones per round (%(default)s)."
        )

    def handle(self, *args: Any, rounds: int, target: int, **options: Any) -> None:
        require_own_data()
        require_free_address()
        call_command("migrate", verbosity=0)
        services.create_digits_task(target_verified=target)
        self.stdout.write("Setting a site up: MNIST, and a first model if there is none yet.")
        # The password that it would show is replaced at once.
        call_command("setup", epochs=EPOCHS, stdout=io.StringIO())
        password = new_admin_password()
        with site_running() as site:
            left = rounds - Round.objects.filter(status=Round.Status.DONE).count()
            if left > 0:
                self.stdout.write(f"The site runs. Simulated people play {left} rounds on it.\n")
                call_command("crowd", rounds=left, target=target, hurry=True, leave=WAITING, stdout=self.stdout)
            self.stdout.write(f"\n  The site:  {settings.SITE_URL}")
            self.stdout.write(f"  Log in:    admin / {password}   (a new one at every start)")
            self.stdout.write("  Ctrl-C stops everything.\n")
            site.wait()


def require_own_data() -> None:
    """Raises CommandError unless this folder and database are the demo's: real drawings must not mix with it."""
    ours = settings.DATA_DIR / "demo"
    is_default = settings.DATA_DIR == settings.BASE_DIR / "var"
    is_set_up = Task._meta.db_table in connection.introspection.table_names() and Task.objects.exists()
    if is_default or (is_set_up and not ours.exists()):
        raise CommandError(
            "The demo wants a data folder and a database of its own, so that nothing mixes with real drawings. "
            "Use make demo, or set DATA_DIR (and DATABASE_URL) to empty ones."
        )
    ours.touch()


def require_free_address() -> None:
    """Raises CommandError if a site answers already where the demo's will: the people would go there."""
    try:
        with urllib.request.urlopen(f"{settings.SITE_URL}/healthz", timeout=5):  # noqa: S310
            pass
    except urllib.error.HTTPError:
        pass
    except OSError:
        return
    raise CommandError(
        f"Something answers at {settings.SITE_URL} already: stop it, or give the demo another address, for example "
        "BIND=127.0.0.1:8011 make demo."
    )


def new_admin_password() -> str:
    password = secrets.token_urlsafe(9)
    admin = User.objects.get(username="admin")
    admin.set_password(password)
    admin.save(update_fields=["password"])
    return password


@contextmanager
def site_running() -> Iterator[subprocess.Popen[bytes]]:
    """The site and its workers, as `make run` starts them, ready; stopped at the end. What they say goes to a file."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended like that, it would leave the site behind
    metrics = settings.DATA_DIR / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir()
    log = settings.DATA_DIR / "site.log"
    with log.open("ab") as output:
        site = subprocess.Popen(
            # No .env: what it says is meant for the real site.
            [sys.executable, "-m", "honcho", "start", "--no-prefix", "--env", os.devnull],
            cwd=settings.BASE_DIR,
            env={**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(metrics)},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        wait_until_ready(site, f"What it says is in {log}.")
        yield site
    except KeyboardInterrupt:
        pass
    finally:
        site.terminate()
        site.wait()


def wait_until_ready(site: subprocess.Popen[bytes], hint: str) -> None:
    for _ in range(SECONDS_TO_START):
        if site.poll() is not None:
            raise CommandError(f"The site ended at its start. Is something else at {settings.SITE_URL}? {hint}")
        try:
            with urllib.request.urlopen(f"{settings.SITE_URL}/readyz", timeout=5):  # noqa: S310
                return
        except OSError:
            time.sleep(1)
    raise CommandError(f"The site did not become ready within {SECONDS_TO_START} seconds. {hint}")
