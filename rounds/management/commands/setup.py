"""Everything between a clone and an open round. Run again, it redoes nothing."""

import argparse
import secrets
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django_q.models import Schedule
from tqdm import tqdm

from models_zoo.base_data import BaseDataError, ensure_mnist
from models_zoo.train import Progress, TrainingFailed
from rounds import services
from rounds.models import ModelVersion, Task

INSTRUCTIONS = (
    "Draw the digit you are asked for, so that any person would read it, but the model does not. "
    "Write as you would by hand: slanted, small, in a corner, with a break in the stroke."
)


class Command(BaseCommand):
    help = "Set the site up: database, base data, the digits task with its first model, an admin, round 1 open."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--epochs", type=int, help="Train the first model so many epochs instead of the default.")

    def handle(self, *args: Any, epochs: int | None, **options: Any) -> None:
        call_command("migrate", verbosity=0)
        call_command("collectstatic", verbosity=0, interactive=False)
        self.schedule_watch()
        self.make_digits({"epochs": epochs} if epochs else {})
        password = self.make_admin()
        self.stdout.write(f"\n  The site:  {settings.SITE_URL}")
        if password:
            self.stdout.write(
                f"  Admin:     admin / {password}   (shown this once; change it at /accounts/password/change/)"
            )
        self.stdout.write("  Ctrl-C stops everything.\n")

    def schedule_watch(self) -> None:
        Schedule.objects.get_or_create(
            name="watch",
            defaults={"func": "rounds.jobs.watch", "schedule_type": Schedule.MINUTES, "minutes": 1},
        )

    def make_admin(self) -> str | None:
        """The new admin's password; None when there is an admin already."""
        if User.objects.filter(is_superuser=True).exists():
            return None
        password = secrets.token_urlsafe(12)
        user = User.objects.create_superuser("admin", "admin@localhost", password)
        services.give_roles(user=user, roles=["annotator", "validator", "researcher", "admin"])
        return password

    def make_digits(self, changes: dict[str, Any]) -> None:
        task = digits_task()
        if not task.rounds.exists():
            model = task.model_versions.first() or self.train_first(task, changes)
            services.draft_round(task=task, adversary=model)
        first = task.rounds.get(number=1)
        if first.status == first.Status.DRAFT:
            services.open_round(round=first, by=None, why="set up")

    def train_first(self, task: Task, changes: dict[str, Any]) -> ModelVersion:
        from rounds import trainer

        try:
            ensure_mnist(settings.BASE_DATA_DIR, progress=self.stdout.write)
            with TrainingBar() as bar:
                model = trainer.train_first(task, changes=changes, on_progress=bar.show)
        except (BaseDataError, TrainingFailed) as error:
            raise CommandError(str(error)) from error
        test = model.evaluations.get(suite="base_test")
        self.stdout.write(f"{model.name} reads {test.correct:,} of {test.n:,} test digits right.")
        return model


def digits_task(**fields: Any) -> Task:
    """The task of handwritten digits, made with these fields if it is not there yet."""
    given = {"name": "Handwritten digits", "labels": list("0123456789"), "instructions": INSTRUCTIONS, **fields}
    return Task.objects.get_or_create(slug="digits", defaults=given)[0]


class TrainingBar:
    """A progress bar over the steps of a training."""

    def __enter__(self) -> "TrainingBar":
        self.bar = tqdm(desc="Training the first model", unit=" steps", dynamic_ncols=True)
        return self

    def __exit__(self, *error: object) -> None:
        self.bar.close()

    def show(self, progress: Progress) -> None:
        self.bar.total = progress.steps
        self.bar.n = progress.step
        self.bar.set_postfix_str(f"epoch {progress.epoch}/{progress.epochs}, loss {progress.loss:.3f}", refresh=False)
        self.bar.refresh()
