"""Trains a stored model again from what was recorded of it, and checks that the same weights come out."""

import argparse
import tempfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from models_zoo.process import prepare_process
from models_zoo.training.progress import show_progress
from rounds.models import ModelVersion


class Command(BaseCommand):
    help = (
        "Train a stored model again, from its config, frozen training set, parent and base data, and say whether the "
        "same weights come out. Nothing of the site is changed; weights that differ end in exit code 1."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("task", help="The task's slug, such as digits.")
        parser.add_argument("number", type=int, help="The model's number in it, such as 2.")
        parser.add_argument(
            "--into",
            type=Path,
            help="Write all that it is trained from into this new folder, for python -m models_zoo rebuild and others.",
        )

    def handle(self, *args: Any, task: str, number: int, into: Path | None, **options: Any) -> None:
        model = ModelVersion.objects.filter(task__slug=task, number=number).first()
        if model is None:
            raise CommandError(f"There is no model {number} of a task {task}. The staff pages list them.")
        if into and into.exists():
            raise CommandError(f"{into} is there already: name a new folder.")
        with tempfile.TemporaryDirectory() as temporary:
            self.rebuild(model, into or Path(temporary))

    def rebuild(self, model: ModelVersion, folder: Path) -> None:
        prepare_process()
        from rounds.training import execute
        from rounds.training.rebuild import rebuild_model

        try:
            result = rebuild_model(model, folder, on_progress=show_progress)
        except (*execute.EXPLAINED_ERRORS, FileNotFoundError) as error:
            raise CommandError(f"{model} can't be rebuilt. {error}") from error
        self.stdout.write(f"recorded {model.weights_hash}\nrebuilt  {result.rebuilt}")
        for difference in result.differences:
            self.stdout.write(f"Note: {difference}.")
        if result.rebuilt != model.weights_hash:
            raise CommandError("The weights do NOT agree.")
        self.stdout.write("The weights agree.")
