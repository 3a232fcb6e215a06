from django.db import models
from django.db.models import F, Q


class Validation(models.Model):
    """One validator's blind answer to one example: a label, `unreadable`, or `abuse` with a reason.

    `author` repeats the example's annotator, so that the database itself can refuse a validation of one's own.
    """

    example = models.ForeignKey("rounds.Example", on_delete=models.PROTECT, related_name="validations")
    validator = models.ForeignKey("rounds.Person", on_delete=models.PROTECT, related_name="validations")
    author = models.ForeignKey("rounds.Person", on_delete=models.PROTECT, related_name="+")
    answer = models.CharField(max_length=64)
    reason = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["example", "validator"], name="one_validation_per_validator"),
            models.CheckConstraint(condition=~Q(validator=F("author")), name="nobody_validates_their_own"),
            models.CheckConstraint(condition=~Q(answer="abuse") | ~Q(reason=""), name="abuse_has_a_reason"),
        ]

    def __str__(self) -> str:
        return f"{self.validator}: {self.answer}"
