from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.functional import cached_property

from rounds import state_machine
from rounds.rules import Rules


class Round(models.Model):
    """One round of a task: people against one adversary, under a frozen copy of the task's rules.

    `status` changes only through `rounds.services`, by the moves of `rounds.state_machine`.
    """

    class Status(models.TextChoices):
        DRAFT = state_machine.DRAFT
        OPEN = state_machine.OPEN
        VALIDATING = state_machine.VALIDATING
        TRAINING = state_machine.TRAINING
        REVIEWING = state_machine.REVIEWING
        DONE = state_machine.DONE

    task = models.ForeignKey("rounds.Task", on_delete=models.PROTECT, related_name="rounds")
    number = models.PositiveIntegerField()
    status = models.CharField(max_length=10, choices=Status, default=Status.DRAFT)
    adversary = models.ForeignKey(
        "rounds.ModelVersion", on_delete=models.PROTECT, null=True, blank=True, related_name="rounds_served"
    )
    frozen_rules = models.JSONField(default=dict, blank=True, help_text="The task's rules when the round opened.")
    training_set = models.ForeignKey(
        "rounds.TrainingSet",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="The newest freeze of this round; its test split is the round's test split.",
    )
    report = models.JSONField(null=True, blank=True, help_text="The round's numbers, stored once when it is done.")
    created_at = models.DateTimeField(auto_now_add=True)
    opened_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["task", "number"]
        constraints = [
            models.UniqueConstraint(fields=["task", "number"], name="round_number_once_per_task"),
            models.UniqueConstraint(fields=["task"], condition=Q(status="open"), name="one_open_round_per_task"),
            models.CheckConstraint(
                condition=Q(status__in=[*state_machine.STATES]),
                name="round_status_is_known",
            ),
            models.CheckConstraint(
                condition=Q(status="draft") | Q(adversary__isnull=False, opened_at__isnull=False),
                name="round_in_play_has_an_adversary",
            ),
            models.CheckConstraint(condition=Q(number__gte=1), name="round_numbers_start_at_one"),
        ]

    def __str__(self) -> str:
        return f"{self.task.name}, round {self.number}"

    def get_absolute_url(self) -> str:
        return reverse("round", args=[self.pk])

    @cached_property
    def rules(self) -> Rules:
        """The frozen ones; of a draft, those that it would open under now."""
        return self.task.rules if self.status == self.Status.DRAFT else Rules.from_json(self.frozen_rules)

    @property
    def is_open(self) -> bool:
        return self.status == self.Status.OPEN

    @property
    def takes_validations(self) -> bool:
        return self.status in (self.Status.OPEN, self.Status.VALIDATING)
