"""One table for everything that admins do, and frozen rules that carry their version.

The moves of rounds, which had a table of their own, become the first rows of it.
"""

from django.conf import settings
from django.db import migrations, models
from django.db.models import OuterRef, Q, Subquery
from django.db.models.deletion import PROTECT

STATUSES = [
    ("draft", "Draft"),
    ("open", "Open"),
    ("validating", "Validating"),
    ("training", "Training"),
    ("reviewing", "Reviewing"),
    ("done", "Done"),
]
ACTIONS = [
    ("round_moved", "moves of rounds"),
    ("dispute_ruled", "rulings on reported drawings"),
    ("roles_changed", "roles given and taken"),
    ("account_created", "new accounts"),
    ("account_changed", "changes of accounts"),
    ("task_created", "new tasks"),
    ("task_changed", "changes of tasks"),
    ("notice_not_sent", "e-mails that could not be sent"),
]
#: What a rule had as its default when this was written, and so what a round ran under whose stored rules lack it.
RULES_VERSION_1 = {
    "label_assignment": "balanced",
    "tries_per_prompt": 20,
    "onboarding_prompts": 0,
    "sample_rate": 0.10,
    "min_votes": 2,
    "max_votes": 5,
    "votes_to_verify": 2,
    "lead_to_reject": 2,
    "lease_seconds": 180,
    "target_verified": 200,
    "duration_hours": None,
    "close_when": "any",
    "non_fooling": "verified",
    "gate_tolerance": 0.005,
}


def name_the_task_of_each_event(apps, schema_editor):
    round_of_event = apps.get_model("rounds", "Round").objects.filter(pk=OuterRef("round"))
    events = apps.get_model("rounds", "AuditEvent").objects.filter(task=None)
    events.update(task=Subquery(round_of_event.values("task")[:1]))


def give_frozen_rules_a_version(apps, schema_editor):
    """A draft has none yet. A round in play that stored none was read by its task's rules: those are now its own."""
    for round in apps.get_model("rounds", "Round").objects.select_related("task").exclude(status="draft"):
        if "version" in round.frozen_rules:
            continue
        stored = round.frozen_rules or {name: getattr(round.task, name) for name in RULES_VERSION_1}
        rules = {name: stored.get(name, default) for name, default in RULES_VERSION_1.items()}
        round.frozen_rules = {"version": 1, **rules}
        round.save(update_fields=["frozen_rules"])


def rename_permissions(apps, old, new):
    """Django renames the content type with the model, and leaves its permissions as they were."""
    permissions = apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="rounds", codename__endswith=f"_{old}event"
    )
    for permission in permissions:
        permission.codename = permission.codename.replace(f"_{old}event", f"_{new}event")
        permission.name = permission.name.replace(f"{old} event", f"{new} event")
        permission.save()


def to_audit_permissions(apps, schema_editor):
    rename_permissions(apps, "round", "audit")


def to_round_permissions(apps, schema_editor):
    rename_permissions(apps, "audit", "round")


def rename_the_schedule(apps, schema_editor):
    schedules = apps.get_model("django_q", "Schedule").objects
    schedules.filter(func="rounds.jobs.watch").update(name="poll", func="rounds.jobs.poll")


def rename_the_schedule_back(apps, schema_editor):
    schedules = apps.get_model("django_q", "Schedule").objects
    schedules.filter(func="rounds.jobs.poll").update(name="watch", func="rounds.jobs.watch")


class Migration(migrations.Migration):
    dependencies = [
        ("rounds", "0006_evaluation_fields"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("django_q", "0016_schedule_intended_date_kwarg"),
    ]

    operations = [
        migrations.RenameModel("RoundEvent", "AuditEvent"),
        migrations.AddField(
            "auditevent",
            "action",
            models.CharField(max_length=20, choices=ACTIONS, default="round_moved"),
            preserve_default=False,
        ),
        migrations.AddField(
            "auditevent",
            "task",
            models.ForeignKey("rounds.Task", PROTECT, null=True, blank=True, related_name="audit_events"),
        ),
        migrations.AddField(
            "auditevent",
            "example",
            models.ForeignKey("rounds.Example", PROTECT, null=True, blank=True, related_name="audit_events"),
        ),
        migrations.AddField(
            "auditevent",
            "user",
            models.ForeignKey(
                settings.AUTH_USER_MODEL,
                PROTECT,
                null=True,
                blank=True,
                related_name="audit_events",
                help_text="The account whose roles or fields were changed.",
            ),
        ),
        migrations.AddField(
            "auditevent",
            "changes",
            models.JSONField(default=dict, blank=True, help_text="Field → [before, after]."),
        ),
        migrations.AlterField("auditevent", "why", models.TextField(blank=True)),
        migrations.AlterField(
            "auditevent",
            "by",
            models.ForeignKey(
                settings.AUTH_USER_MODEL, PROTECT, null=True, blank=True, related_name="audited_actions"
            ),
        ),
        migrations.AlterField(
            "auditevent",
            "round",
            models.ForeignKey("rounds.Round", PROTECT, null=True, blank=True, related_name="events"),
        ),
        migrations.AlterField(
            "auditevent", "from_status", models.CharField(max_length=10, choices=STATUSES, blank=True)
        ),
        migrations.AlterField("auditevent", "to_status", models.CharField(max_length=10, choices=STATUSES, blank=True)),
        migrations.AddConstraint(
            "auditevent",
            models.CheckConstraint(
                condition=Q(Q(action="round_moved", round__isnull=False), ~Q(from_status=""), ~Q(to_status=""))
                | Q(~Q(action="round_moved"), from_status="", to_status=""),
                name="moves_and_only_moves_have_two_states",
            ),
        ),
        migrations.AddIndex("auditevent", models.Index(fields=["-at", "-id"], name="audit_newest_first")),
        migrations.AlterField(
            "example",
            "cleared_of_abuse",
            models.BooleanField(default=False, help_text="An admin ruled that reports of abuse don't count."),
        ),
        migrations.AlterField(
            "person",
            "guest_key",
            models.UUIDField(null=True, blank=True, unique=True, help_text="Stored in the guest's session."),
        ),
        # Last: PostgreSQL alters no table whose rows were changed in the same transaction.
        migrations.RunPython(name_the_task_of_each_event, migrations.RunPython.noop),
        migrations.RunPython(give_frozen_rules_a_version, migrations.RunPython.noop),
        migrations.RunPython(to_audit_permissions, to_round_permissions),
        migrations.RunPython(rename_the_schedule, rename_the_schedule_back),
    ]
