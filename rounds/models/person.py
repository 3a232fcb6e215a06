from django.conf import settings
from django.db import models
from django.db.models import Q


class Person(models.Model):
    """Whoever draws or validates: somebody with an account, or a guest known by their session (practice only)."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="person"
    )
    guest_key = models.UUIDField(null=True, blank=True, unique=True, help_text="Stored in the guest's session.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, guest_key__isnull=True) | Q(user__isnull=True, guest_key__isnull=False),
                name="person_is_a_user_or_a_guest",
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.user.get_username() if self.user else "guest"

    @property
    def is_guest(self) -> bool:
        return self.user_id is None
