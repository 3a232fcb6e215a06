from django.conf import settings
from django.db import models
from django.db.models import Q

from .round import Round


class AuditQuerySet(models.QuerySet["AuditEvent"]):
    def moves(self) -> "AuditQuerySet":
        """The moves of rounds: the only events that are public."""
        return self.filter(action=AuditEvent.Action.ROUND_MOVED)

    def newest_first(self) -> "AuditQuerySet":
        """Newest first, with the rows that their sentences name."""
        return self.select_related("by", "task", "round", "user").order_by("-at", "-pk")


class AuditEvent(models.Model):
    """One thing that an admin did, or the site by itself (`by` is empty then): who, when, what, to what, and why.

    Written only by `rounds.services`, together with what it records; never changed or deleted.
    """

    class Action(models.TextChoices):
        ROUND_MOVED = "round_moved", "moves of rounds"
        DISPUTE_RULED = "dispute_ruled", "rulings on reported drawings"
        ROLES_CHANGED = "roles_changed", "roles given and taken"
        ACCOUNT_CREATED = "account_created", "new accounts"
        ACCOUNT_CHANGED = "account_changed", "changes of accounts"
        TASK_CREATED = "task_created", "new tasks"
        TASK_CHANGED = "task_changed", "changes of tasks"
        NOTICE_NOT_SENT = "notice_not_sent", "e-mails that could not be sent"

    at = models.DateTimeField(auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="audited_actions"
    )
    action = models.CharField(max_length=20, choices=Action)
    why = models.TextField(blank=True)

    task = models.ForeignKey(
        "rounds.Task", on_delete=models.PROTECT, null=True, blank=True, related_name="audit_events"
    )
    round = models.ForeignKey(Round, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    example = models.ForeignKey(
        "rounds.Example", on_delete=models.PROTECT, null=True, blank=True, related_name="audit_events"
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="audit_events",
        help_text="The account whose roles or fields were changed.",
    )

    from_status = models.CharField(max_length=10, choices=Round.Status, blank=True)
    to_status = models.CharField(max_length=10, choices=Round.Status, blank=True)
    changes = models.JSONField(default=dict, blank=True, help_text="Field → [before, after].")

    objects = AuditQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(Q(action="round_moved", round__isnull=False), ~Q(from_status=""), ~Q(to_status=""))
                | Q(~Q(action="round_moved"), from_status="", to_status=""),
                name="moves_and_only_moves_have_two_states",
            )
        ]
        indexes = [models.Index(fields=["-at", "-id"], name="audit_newest_first")]

    def __str__(self) -> str:
        return f"{self.get_action_display()}, {self.at:%Y-%m-%d %H:%M}"
