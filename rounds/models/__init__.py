"""What is kept. Every constraint that must never be broken stands here, in the database, before it stands in code."""

from .annotator import Annotator
from .example import Drawing, Example, Prompt
from .export import Export
from .round import Round, RoundEvent
from .task import Task
from .training import Evaluation, ModelVersion, TrainingRun, TrainingSet, TrainingSetItem
from .validation import Validation

__all__ = [
    "Annotator",
    "Drawing",
    "Evaluation",
    "Example",
    "Export",
    "ModelVersion",
    "Prompt",
    "Round",
    "RoundEvent",
    "Task",
    "TrainingRun",
    "TrainingSet",
    "TrainingSetItem",
    "Validation",
]
