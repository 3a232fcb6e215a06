"""From a task's settings to its first round. Run again, it redoes nothing."""

import argparse
import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from models_zoo.process import prepare_process
from models_zoo.training.progress import Progress
from rounds import services
from rounds.models import ModelVersion, Task


class Command(BaseCommand):
    help = "Train the first model of a task that was made in the admin site, and open round 1 against it."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("slug", help="The task's name in addresses, e.g. digits.")
        parser.add_argument("--epochs", type=int, help="Train the first model so many epochs instead of the default.")
        parser.add_argument(
            "--recipe",
            type=json_object,
            default={},
            metavar="JSON",
            help="How to train the first model, where it is not the default: fields of a config, such as "
            '{"recipe": {"name": "pgd", "steps": 7, "step_size": 0.1, "warm_up": 0.5}}. One trained to be robust gets '
            "a plainly trained twin as model 2, to compare it with.",
        )

    def handle(self, *args: Any, slug: str, epochs: int | None, recipe: dict[str, Any], **options: Any) -> None:
        task = Task.objects.filter(slug=slug).first()
        if task is None:
            slugs = ", ".join(Task.objects.values_list("slug", flat=True)) or "none yet"
            raise CommandError(f"There is no task “{slug}”. The tasks: {slugs}. Make one in the admin site first.")
        if not task.rounds.exists():
            changes = recipe | ({} if epochs is None else {"epochs": epochs})
            model = task.model_versions.first() or self.train_first(task, changes)
            services.draft_round(task=task, adversary=model)
        first = task.rounds.get(number=1)
        if first.status == first.Status.DRAFT:
            services.open_round(round=first, by=None, why="set up")

    def train_first(self, task: Task, changes: dict[str, Any]) -> ModelVersion:
        prepare_process()
        from rounds.training import execute, inputs
        from rounds.training.first_model import train_first_model

        try:
            inputs.ensure_base(task, progress=self.stdout.write)
            with TrainingBar() as bar:
                model = train_first_model(task, changes=changes, on_progress=bar.show, on_measuring=bar.show_suite)
        except execute.EXPLAINED_ERRORS as error:
            raise CommandError(str(error)) from error
        test = model.evaluations.get(suite="base_test")
        self.stdout.write(f"{model.name} reads {test.correct:,} of {test.n:,} test digits right.")
        return model


def json_object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not JSON ({error})") from error
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object: write it in braces")
    return value


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

    def show_suite(self, suite: str) -> None:
        text = f"Measuring it: {suite}"
        if self.bar.desc.rstrip(": ") != text:
            self.bar.set_description(text)
