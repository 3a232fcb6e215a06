from django.db import models
from django.db.models import F, Q

from rounds import pigments


class ModelVersion(models.Model):
    """One trained network. Everything needed to rebuild it lies beside its weights, under `folder` in the storage."""

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
    """One training of one round's next model. A worker holds it by a lease and keeps the lease by its progress."""

    class Status(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        SUCCEEDED = "succeeded"
        FAILED = "failed"

    #: A worker that says nothing for so long is taken for dead, and the run is given to another.
    LEASE_SECONDS = 60
    #: So often a run is taken up before it is given back to the admin.
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


class Evaluation(models.Model):
    """How one model read one test set: `correct` of `n`. A round's frozen test split is a test set of its own."""

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
    parameter = models.CharField(
        max_length=60, blank=True, default="", help_text="What was varied within the suite, such as fog 3."
    )
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
                fields=["model", "suite", "parameter"],
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
        return f"{self.model}: {self.correct}/{self.n} on {self.suite} {self.parameter}".rstrip()
