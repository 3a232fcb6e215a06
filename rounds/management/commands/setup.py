"""Everything between a clone and an open round. Run again, it redoes nothing."""

import argparse
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand

from rounds import services
from rounds.roles import ROLES


class Command(BaseCommand):
    help = "Set the site up: database, base data, the digits task with its first model, an admin, round 1 open."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--epochs", type=int, help="Train the first model so many epochs instead of the default.")

    def handle(self, *args: Any, epochs: int | None, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        services.schedule_polling()
        services.create_digits_task()
        call_command("start_task", "digits", epochs=epochs, stdout=self.stdout)
        password = self.make_admin()
        self.stdout.write(f"\n  The site:  {settings.SITE_URL}")
        if password:
            self.stdout.write(
                f"  Admin:     admin / {password}   (shown this once; change it at /accounts/password/change/)"
            )
        self.stdout.write("  Ctrl-C stops everything.\n")

    def make_admin(self) -> str | None:
        """The new admin's password; None when there is an admin already."""
        if User.objects.filter(is_superuser=True).exists():
            return None
        password = secrets.token_urlsafe(12)
        user = User.objects.create_superuser("admin", "admin@localhost", password)
        services.give_roles(user=user, roles=ROLES, by=None, why="set up")
        return password
