from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q

from rounds import rules


class Prompt(models.Model):
    """What an annotator has to draw, and since when. Tries and time are counted here, on the server."""

    class Status(models.TextChoices):
        OPEN = "open"
        FOOLED = "fooled"
        GIVEN_UP = "given_up", "given up"
        EXHAUSTED = "exhausted", "out of tries"

    round = models.ForeignKey("rounds.Round", on_delete=models.PROTECT, related_name="prompts")
    annotator = models.ForeignKey("rounds.Person", on_delete=models.PROTECT, related_name="prompts")
    label = models.CharField(max_length=64)
    practice = models.BooleanField(default=False)
    status = models.CharField(max_length=10, choices=Status, default=Status.OPEN)
    try_count = models.PositiveSmallIntegerField(default=0)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-started_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["round", "annotator"], condition=Q(status="open"), name="one_open_prompt_per_person_and_round"
            ),
            models.CheckConstraint(
                condition=Q(status="open", finished_at__isnull=True) | ~Q(status="open") & Q(finished_at__isnull=False),
                name="prompt_finished_when_not_open",
            ),
        ]
        indexes = [models.Index(fields=["round", "label"], condition=Q(practice=False), name="prompt_balance")]

    def __str__(self) -> str:
        return f"{self.annotator}: draw {self.label}"

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN


class Drawing(models.Model):
    """The pixels of an example: a canonical grayscale PNG (a few KB), stored once under its SHA-256.

    A table of its own, so that no list of examples ever reads pixels.
    """

    sha256 = models.CharField(primary_key=True, max_length=64)
    png = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.sha256[:12]


class ExampleQuerySet(models.QuerySet["Example"]):
    def counted(self) -> "ExampleQuerySet":
        """The attempts of all published numbers: neither practice nor retracted."""
        return self.filter(practice=False, retracted_at=None)

    def awaiting_validation(self) -> "ExampleQuerySet":
        """What validators have not settled and still can: pending (which practice never is), not retracted."""
        return self.filter(verification=Example.Verification.PENDING, retracted_at=None)


class Example(models.Model):
    """One try: a drawing, what it claims to be, and what the adversary read, fooling or not.

    The verdict (`prediction`, `probabilities`, `model`, `fooled`) is written once and never changes. `verification`
    is what validators settle; `votes_to_settle` orders the validation queue and can be recomputed by
    `manage.py recount`.
    """

    class Verification(models.TextChoices):
        UNQUEUED = "unqueued", "not sent to validation"
        PENDING = rules.PENDING
        VERIFIED = rules.VERIFIED
        REJECTED = rules.REJECTED
        DISPUTED = rules.DISPUTED

    prompt = models.ForeignKey(Prompt, on_delete=models.PROTECT, related_name="examples")
    round = models.ForeignKey("rounds.Round", on_delete=models.PROTECT, related_name="examples")
    annotator = models.ForeignKey("rounds.Person", on_delete=models.PROTECT, related_name="examples")
    drawing = models.ForeignKey(Drawing, on_delete=models.PROTECT, related_name="examples")
    label = models.CharField(max_length=64, help_text="The claimed label.")
    try_number = models.PositiveSmallIntegerField()
    practice = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    retracted_at = models.DateTimeField(null=True, blank=True, help_text="Taken back by its author; not counted.")
    idempotency_key = models.CharField(max_length=100, null=True, blank=True)

    model = models.ForeignKey("rounds.ModelVersion", on_delete=models.PROTECT, related_name="examples")
    prediction = models.CharField(max_length=64)
    probabilities = models.JSONField(encoder=DjangoJSONEncoder, help_text="In the order of the task's labels.")
    fooled = models.BooleanField()

    verification = models.CharField(max_length=10, choices=Verification, default=Verification.UNQUEUED)
    rejected_as = models.CharField(
        max_length=64, blank=True, help_text="The answer that led when it was rejected: a label, unreadable or split."
    )
    votes_to_settle = models.PositiveSmallIntegerField(default=0)
    settled_at = models.DateTimeField(null=True, blank=True)
    cleared_of_abuse = models.BooleanField(default=False, help_text="An admin ruled that reports of abuse don't count.")
    leased_to = models.ForeignKey(
        "rounds.Person", on_delete=models.SET_NULL, null=True, blank=True, related_name="leases"
    )
    leased_until = models.DateTimeField(null=True, blank=True)

    objects = ExampleQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["prompt", "try_number"], name="try_number_once_per_prompt"),
            models.UniqueConstraint(fields=["annotator", "idempotency_key"], name="idempotency_key_once_per_person"),
            models.CheckConstraint(
                condition=Q(fooled=True) & ~Q(prediction=F("label")) | Q(fooled=False, prediction=F("label")),
                name="fooled_means_read_as_another_label",
            ),
            models.CheckConstraint(
                condition=Q(practice=False) | Q(verification="unqueued"), name="practice_is_never_validated"
            ),
        ]
        indexes = [
            models.Index(
                fields=["round", "votes_to_settle", "created_at"],
                condition=Q(verification="pending", retracted_at__isnull=True),
                name="validation_queue",
            ),
            models.Index(
                fields=["round", "annotator", "fooled", "verification"],
                condition=Q(practice=False, retracted_at__isnull=True),
                name="counted_examples",
            ),
            models.Index(fields=["annotator", "-created_at"], name="own_examples"),
        ]

    def __str__(self) -> str:
        return f"example {self.pk}: {self.label} read as {self.prediction}"

    @property
    def prompt_status(self) -> Prompt.Status:
        """How this try leaves its prompt: finished by fooling or as the last try allowed, or open for another."""
        if self.fooled:
            return Prompt.Status.FOOLED
        last = self.try_number >= self.round.rules.tries_per_prompt
        return Prompt.Status.EXHAUSTED if last else Prompt.Status.OPEN
