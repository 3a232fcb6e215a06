"""The tables. A rule that must never be broken is a database constraint here before it is checked in code."""

from .audit import AuditEvent
from .example import Drawing, Example, Prompt
from .export import Export
from .person import Person
from .round import Round
from .task import Task
from .training import Evaluation, ModelVersion, TrainingRun, TrainingSet, TrainingSetItem
from .validation import Validation

__all__ = [
    "AuditEvent",
    "Drawing",
    "Evaluation",
    "Example",
    "Export",
    "ModelVersion",
    "Person",
    "Prompt",
    "Round",
    "Task",
    "TrainingRun",
    "TrainingSet",
    "TrainingSetItem",
    "Validation",
]
