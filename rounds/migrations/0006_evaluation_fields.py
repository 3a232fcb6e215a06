"""What a suite varied becomes columns, where it was a sentence in one; stored rows are carried over."""

import re

from django.db import migrations, models
from django.db.models import Q

VARIED = ["corruption", "severity", "norm", "epsilon", "steps", "step_size", "restarts", "grid"]

# The sentences as they were written until now.
CORRUPTION = re.compile(r"(?P<corruption>\w+) (?P<severity>\d+)")
FGSM = re.compile(r"(?P<norm>\w+) (?P<epsilon>\S+)")
PGD = re.compile(
    r"(?P<norm>\w+) (?P<epsilon>\S+), (?P<steps>\d+) steps(?: of (?P<step_size>\S+))?, (?P<restarts>\d+) restarts"
)
MOVED = {"shifted up to 4 pixels": "shifted", "turned up to 30 degrees": "turned", "shifted and turned": "both"}


def usual_step_size(epsilon, steps):
    """Of PGD, where the sentence named none."""
    return 2.5 * epsilon / steps


def fields_of(suite, parameter):
    """The columns that a sentence becomes. Raises ValueError for one that was never written."""
    if suite == "moved" and parameter in MOVED:
        return {"grid": MOVED[parameter]}
    pattern = {"corruption": CORRUPTION, "fgsm": FGSM, "pgd": PGD}.get(suite)
    found = pattern.fullmatch(parameter) if pattern else None
    if not found:
        raise ValueError(f"The suite {suite} has evaluations of {parameter!r}, which can't be carried over.")
    fields = {name: text for name, text in found.groupdict().items() if text is not None}
    for name, kind in {"severity": int, "epsilon": float, "steps": int, "step_size": float, "restarts": int}.items():
        if name in fields:
            fields[name] = kind(fields[name])
    if suite == "pgd":
        fields.setdefault("step_size", usual_step_size(fields["epsilon"], fields["steps"]))
    return fields


def sentence_of(suite, corruption, severity, norm, epsilon, steps, step_size, restarts, grid):
    if suite == "corruption":
        return f"{corruption} {severity}"
    if suite == "fgsm":
        return f"{norm} {epsilon:g}"
    if suite == "pgd":
        of = "" if step_size == usual_step_size(epsilon, steps) else f" of {step_size:g}"
        return f"{norm} {epsilon:g}, {steps} steps{of}, {restarts} restarts"
    return {name: sentence for sentence, name in MOVED.items()}[grid]


def carry_over(apps, schema_editor):
    evaluations = apps.get_model("rounds", "Evaluation").objects.using(schema_editor.connection.alias)
    for suite, parameter in evaluations.exclude(parameter="").values_list("suite", "parameter").distinct():
        evaluations.filter(suite=suite, parameter=parameter).update(**fields_of(suite, parameter))


def carry_back(apps, schema_editor):
    evaluations = apps.get_model("rounds", "Evaluation").objects.using(schema_editor.connection.alias)
    varied = evaluations.filter(suite__in=["corruption", "fgsm", "pgd", "moved"])
    for values in varied.values_list("suite", *VARIED).distinct():
        same = dict(zip(["suite", *VARIED], values, strict=True))
        evaluations.filter(**same).update(parameter=sentence_of(*values))


class Migration(migrations.Migration):
    dependencies = [("rounds", "0005_person")]

    operations = [
        migrations.RemoveConstraint("evaluation", "measured_once_on_the_base"),
        migrations.AddField(
            "evaluation",
            "corruption",
            models.CharField(max_length=30, blank=True, default="", help_text="Its name, such as fog."),
        ),
        migrations.AddField(
            "evaluation",
            "severity",
            models.PositiveSmallIntegerField(default=0, help_text="Of the corruption, 1 to 5."),
        ),
        migrations.AddField(
            "evaluation",
            "norm",
            models.CharField(max_length=10, blank=True, default="", help_text="Of the attack: linf or l2."),
        ),
        migrations.AddField(
            "evaluation",
            "epsilon",
            models.FloatField(default=0, help_text="Largest change by the attack, in its norm."),
        ),
        migrations.AddField("evaluation", "steps", models.PositiveIntegerField(default=0, help_text="Of PGD.")),
        migrations.AddField(
            "evaluation",
            "step_size",
            models.FloatField(default=0, help_text="Length of a step of PGD, in its norm."),
        ),
        migrations.AddField(
            "evaluation",
            "restarts",
            models.PositiveIntegerField(default=0, help_text="Random starts of PGD."),
        ),
        migrations.AddField(
            "evaluation",
            "grid",
            models.CharField(
                max_length=10, blank=True, default="", help_text="Of moves: shifted, turned or both."
            ),
        ),
        migrations.RunPython(carry_over, carry_back),
        migrations.RemoveField("evaluation", "parameter"),
        migrations.AddConstraint(
            "evaluation",
            models.UniqueConstraint(
                fields=["model", "suite", *VARIED],
                condition=Q(training_set__isnull=True),
                name="measured_once_on_the_base",
            ),
        ),
    ]
