"""What is kept. Every constraint that must never be broken stands here, in the database, before it stands in code."""

from .example import Drawing, Example, Prompt
from .export import Export
from .person import Person
from .round import Round, RoundEvent
from .task import Task
from .training import Evaluation, ModelVersion, TrainingRun, TrainingSet, TrainingSetItem
from .validation import Validation

__all__ = [
    "Drawing",
    "Evaluation",
    "Example",
    "Export",
    "ModelVersion",
    "Person",
    "Prompt",
    "Round",
    "RoundEvent",
    "Task",
    "TrainingRun",
    "TrainingSet",
    "TrainingSetItem",
    "Validation",
]
