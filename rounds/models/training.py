from typing import Any, Self

from django.db import models
from django.db.models import F, Q

from models_zoo.robustness.table import Condition
from rounds import pigments
from stats.scores import Score


class ModelVersion(models.Model):
    """One trained network. Everything needed to rebuild it is in the same `folder` of the storage."""

    task = models.ForeignKey("rounds.Task", on_delete=models.PROTECT, related_name="model_versions")
    number = models.PositiveIntegerField()
    architecture = models.CharField(max_length=50)
    recipe = models.JSONField(help_text="The whole configuration it was trained with.")
    seed = models.BigIntegerField()
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="children")
    training_set = models.ForeignKey(
        "rounds.TrainingSet", on_delete=models.PROTECT, null=True, blank=True, related_name="model_versions"
    )
    weights_hash = models.CharField(max_length=64, help_text="SHA-256 over names, shapes and bytes of the weights.")
    folder = models.CharField(max_length=200)
    metrics = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["task", "number"]
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="model_number_once_per_task"),
            models.CheckConstraint(condition=~Q(pk=F("parent")), name="model_is_not_its_own_parent"),
        ]

    def __str__(self) -> str:
        return f"{self.name} (model {self.number})"

    @property
    def name(self) -> str:
        return pigments.model_name(self.number)

    @property
    def recipe_name(self) -> str:
        """What a step of its training minimised; `standard` is plain training, any other makes it robust."""
        return str(self.recipe.get("recipe", {}).get("name", "standard"))


class TrainingSet(models.Model):
    """A frozen list of examples and their splits, with a hash over it. A new freeze is a new row; none is changed."""

    round = models.ForeignKey("rounds.Round", on_delete=models.PROTECT, related_name="training_sets")
    annotator_disjoint = models.BooleanField(help_text="Whether no annotator is in more than one split.")
    manifest_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"training set {self.pk} ({self.manifest_hash[:12]})"


class TrainingSetItem(models.Model):
    """One example in one training set."""

    class Split(models.TextChoices):
        TRAIN = "train"
        DEV = "dev"
        TEST = "test"

    training_set = models.ForeignKey(TrainingSet, on_delete=models.CASCADE, related_name="items")
    example = models.ForeignKey("rounds.Example", on_delete=models.PROTECT, related_name="+")
    split = models.CharField(max_length=5, choices=Split)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["training_set", "example"], name="example_once_per_training_set")
        ]
        indexes = [models.Index(fields=["training_set", "split"], name="training_set_split")]

    def __str__(self) -> str:
        return f"{self.example_id}: {self.split}"


class TrainingRun(models.Model):
    """One training of one round's next model. A worker leases it; each heartbeat extends the lease."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    #: After so long without a heartbeat a worker is taken for dead, and the run goes to another.
    LEASE_SECONDS = 60
    #: So many workers may claim a run before it fails.
    MAX_ATTEMPTS = 3

    round = models.ForeignKey("rounds.Round", on_delete=models.PROTECT, related_name="runs")
    training_set = models.ForeignKey(TrainingSet, on_delete=models.PROTECT, related_name="runs")
    parent = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="+")
    recipe = models.JSONField(default=dict, blank=True, help_text="What this run changes of the default recipe.")
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    progress = models.JSONField(default=dict, blank=True)
    error = models.TextField(blank=True)
    gate = models.JSONField(default=dict, blank=True, help_text="The gate's verdict and its reasons.")
    model = models.OneToOneField(
        ModelVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="training_run"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["round"], condition=Q(status__in=["queued", "running"]), name="one_active_run_per_round"
            ),
            models.CheckConstraint(
                condition=~Q(status="succeeded") | Q(model__isnull=False), name="succeeded_run_has_a_model"
            ),
        ]

    def __str__(self) -> str:
        return f"training run {self.pk} of {self.round}"

    @property
    def is_active(self) -> bool:
        return self.status in (self.Status.QUEUED, self.Status.RUNNING)


#: What suites on the base test set vary: columns of `Evaluation`, and fields of a row in the model's own table.
VARIED = ("corruption", "severity", "norm", "epsilon", "steps", "step_size", "restarts", "grid")


class Evaluation(models.Model):
    """How one model read one test set: `correct` of `n`. A round's frozen test split is a test set of its own.

    Columns that the suite does not vary are 0 or empty, never null: nulls would be distinct to the unique constraints.
    """

    class Suite(models.TextChoices):
        BASE_TEST = "base_test", "base test set"
        BASE_DEV = "base_dev", "base dev set"
        ROUND_TEST = "round_test", "a round's test split"
        ROUND_DEV = "round_dev", "a round's dev split"
        CORRUPTION = "corruption", "base test set, corrupted"
        FGSM = "fgsm", "base test set, attacked by FGSM"
        PGD = "pgd", "base test set, attacked by PGD"
        MOVED = "moved", "base test set, moved about"

    model = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="evaluations")
    suite = models.CharField(max_length=40, choices=Suite)
    corruption = models.CharField(max_length=30, blank=True, default="", help_text="Its name, such as fog.")
    severity = models.PositiveSmallIntegerField(default=0, help_text="Of the corruption, 1 to 5.")
    norm = models.CharField(max_length=10, blank=True, default="", help_text="Of the attack: linf or l2.")
    epsilon = models.FloatField(default=0, help_text="Largest change by the attack, in its norm.")
    steps = models.PositiveIntegerField(default=0, help_text="Of PGD.")
    step_size = models.FloatField(default=0, help_text="Length of a step of PGD, in its norm.")
    restarts = models.PositiveIntegerField(default=0, help_text="Random starts of PGD.")
    grid = models.CharField(max_length=10, blank=True, default="", help_text="Of moves: shifted, turned or both.")
    round = models.ForeignKey("rounds.Round", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    training_set = models.ForeignKey(
        TrainingSet,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The freeze measured on.",
    )
    correct = models.PositiveIntegerField()
    n = models.PositiveIntegerField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["model", "suite", *VARIED],
                condition=Q(training_set__isnull=True),
                name="measured_once_on_the_base",
            ),
            models.UniqueConstraint(
                fields=["model", "suite", "training_set"],
                condition=Q(training_set__isnull=False),
                name="measured_once_per_freeze",
            ),
            models.CheckConstraint(condition=Q(correct__lte=F("n")), name="correct_of_n"),
        ]

    def __str__(self) -> str:
        return f"{self.model}: {self.correct}/{self.n} on {self.condition.suite} {self.condition}".rstrip()

    @classmethod
    def of(cls, condition: Condition, score: Score, **others: Any) -> Self:
        """An unsaved row; `others` are its foreign keys."""
        suite = {"base": cls.Suite.BASE_TEST, "round": cls.Suite.ROUND_TEST}.get(condition.suite, condition.suite)
        varied = {name: getattr(condition, name) for name in VARIED}
        return cls(suite=suite, **varied, correct=score.correct, n=score.n, **others)

    @property
    def score(self) -> Score:
        return Score(self.correct, self.n)

    @property
    def condition(self) -> Condition:
        """What it was measured on, as the model's own table has it."""
        suite = {self.Suite.BASE_TEST: "base", self.Suite.ROUND_TEST: "round"}.get(self.Suite(self.suite), self.suite)
        varied = {name: getattr(self, name) for name in VARIED}
        return Condition(suite, **varied, round=str(self.round.number) if self.round else "")
