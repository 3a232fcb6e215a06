"""The model behind everybody who draws or validates is called what it is: a person."""

from django.conf import settings
from django.db import migrations, models
from django.db.models import Q
from django.db.models.deletion import PROTECT

import rounds.models.task


def rename_permissions(apps, schema_editor):
    """Django renames the content type with the model, and leaves its permissions as they were."""
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="rounds", codename__endswith="_annotator"
    )
    for permission in permissions:
        permission.codename = permission.codename.replace("_annotator", "_person")
        permission.name = permission.name.replace("annotator", "person")
        permission.save()


class Migration(migrations.Migration):
    dependencies = [("rounds", "0004_admins_give_roles"), ("auth", "0012_alter_user_first_name_max_length")]

    operations = [
        migrations.RemoveConstraint("annotator", "annotator_is_a_user_or_a_guest"),
        migrations.RemoveConstraint("prompt", "one_open_prompt_per_hand_and_round"),
        migrations.RemoveConstraint("example", "idempotency_key_once_per_hand"),
        migrations.RenameModel("Annotator", "Person"),
        migrations.AlterField(
            "person",
            "user",
            models.OneToOneField(
                settings.AUTH_USER_MODEL, on_delete=PROTECT, null=True, blank=True, related_name="person"
            ),
        ),
        migrations.AddConstraint(
            "person",
            models.CheckConstraint(
                condition=Q(user__isnull=False, guest_key__isnull=True)
                | Q(user__isnull=True, guest_key__isnull=False),
                name="person_is_a_user_or_a_guest",
            ),
        ),
        migrations.AddConstraint(
            "prompt",
            models.UniqueConstraint(
                fields=["round", "annotator"],
                condition=Q(status="open"),
                name="one_open_prompt_per_person_and_round",
            ),
        ),
        migrations.AddConstraint(
            "example",
            models.UniqueConstraint(fields=["annotator", "idempotency_key"], name="idempotency_key_once_per_person"),
        ),
        migrations.AlterField(
            "task",
            "split_key",
            models.CharField(
                max_length=64,
                default=rounds.models.task.new_split_key,
                editable=False,
                help_text="Keys the hash that assigns annotators to splits.",
            ),
        ),
        migrations.AlterField(
            "trainingset",
            "annotator_disjoint",
            models.BooleanField(help_text="Whether no annotator is in more than one split."),
        ),
        migrations.RunPython(rename_permissions, migrations.RunPython.noop),
    ]
