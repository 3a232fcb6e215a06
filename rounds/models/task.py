from dataclasses import fields

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.crypto import get_random_string

from rounds import rules


def new_split_key() -> str:
    return get_random_string(32)


class Task(models.Model):
    """What people draw and models learn: labels, an input, instructions, base data, and the rules of its rounds.

    The rule fields have the names of `rounds.rules.Rules`; a round freezes them when it opens.
    """

    class LabelAssignment(models.TextChoices):
        BALANCED = rules.BALANCED, "the server keeps classes balanced"
        FREE = rules.FREE, "the annotator chooses"

    class CloseWhen(models.TextChoices):
        ANY = rules.CLOSE_WHEN_ANY, "any criterion is met"
        ALL = rules.CLOSE_WHEN_ALL, "all criteria are met"

    class NonFooling(models.TextChoices):
        NONE = rules.NON_FOOLING_NONE, "none"
        VERIFIED = rules.NON_FOOLING_VERIFIED, "those that validators verified"
        ALL = rules.NON_FOOLING_ALL, "all that were not rejected"

    class BaseData(models.TextChoices):
        MNIST = "mnist", "MNIST"

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    labels = models.JSONField(help_text='The label set in the order of the model\'s outputs, e.g. ["0", "1"].')
    canvas_size = models.PositiveSmallIntegerField(default=280, help_text="Side of the drawing, pixels.")
    input_size = models.PositiveSmallIntegerField(default=28, help_text="Side of what the model sees, pixels.")
    instructions = models.TextField(blank=True, help_text="Shown above the canvas and to validators.")
    base_data = models.CharField(max_length=20, choices=BaseData, default=BaseData.MNIST)
    recipe = models.JSONField(
        default=dict, blank=True, help_text="What the next training changes of the default recipe; {} changes nothing."
    )
    split_key = models.CharField(
        max_length=64,
        default=new_split_key,
        editable=False,
        help_text="Keys the hash that assigns annotators to splits.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    # --- the rules -----------------------------------------------------------------------------------------------
    label_assignment = models.CharField(max_length=10, choices=LabelAssignment, default=LabelAssignment.BALANCED)
    tries_per_prompt = models.PositiveSmallIntegerField(default=20, validators=[MinValueValidator(1)])
    onboarding_prompts = models.PositiveSmallIntegerField(
        default=0, help_text="Prompts a newcomer finishes as practice before anything counts."
    )
    sample_rate = models.FloatField(
        default=0.10,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="Share of non-fooling examples that are validated too, to measure label noise on both.",
    )
    min_votes = models.PositiveSmallIntegerField(default=2, validators=[MinValueValidator(1)])
    max_votes = models.PositiveSmallIntegerField(default=5)
    votes_to_verify = models.PositiveSmallIntegerField(default=2, validators=[MinValueValidator(1)])
    lead_to_reject = models.PositiveSmallIntegerField(default=2, validators=[MinValueValidator(1)])
    lease_seconds = models.PositiveSmallIntegerField(
        default=180, help_text="How long a drawing on a validator's screen is kept from others."
    )
    target_verified = models.PositiveIntegerField(
        null=True, blank=True, default=200, help_text="Close at this many verified fooling examples; empty: don't."
    )
    duration_hours = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(0.01)], help_text="Close after this time; empty: don't."
    )
    close_when = models.CharField(max_length=3, choices=CloseWhen, default=CloseWhen.ANY)
    non_fooling = models.CharField(
        max_length=10,
        choices=NonFooling,
        default=NonFooling.VERIFIED,
        help_text="Which examples that did not fool the adversary are trained on as well.",
    )
    gate_tolerance = models.FloatField(
        default=0.005,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="Base dev accuracy a model may lose and still open the next round by itself; 0.005 is half a point.",
    )

    class Meta:
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                condition=Q(min_votes__gte=1, max_votes__gte=F("min_votes"), max_votes__lte=25)
                & Q(votes_to_verify__gte=1, votes_to_verify__lte=F("max_votes"), lead_to_reject__gte=1),
                name="task_votes_can_settle",
                violation_error_message="Most votes: at least the first votes and the votes to verify, at most 25.",
            ),
            models.CheckConstraint(
                condition=Q(sample_rate__gte=0, sample_rate__lte=1), name="task_sample_rate_is_a_share"
            ),
            models.CheckConstraint(condition=Q(tries_per_prompt__gte=1), name="task_allows_a_try"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("task", args=[self.slug])

    def clean(self) -> None:
        labels = self.labels
        if not (
            isinstance(labels, list)
            and len(labels) > 1
            and all(isinstance(label, str) and 0 < len(label) <= 64 for label in labels)
        ):
            raise ValidationError({"labels": "Give at least two labels as a list of strings of at most 64 characters."})
        if len(set(labels)) != len(labels):
            raise ValidationError({"labels": "A label stands in the list twice; remove one."})
        if reserved := {rules.UNREADABLE, rules.ABUSE, rules.SPLIT_VOTE} & set(labels):
            raise ValidationError({"labels": f"“{reserved.pop()}” is an answer of validators and can't be a label."})
        if not isinstance(self.recipe, dict):
            raise ValidationError({"recipe": 'Give an object, e.g. {"epochs": 2}, or {} for the default recipe.'})

    @property
    def answer_choices(self) -> list[str]:
        """What a validator can answer."""
        return [*self.labels, rules.UNREADABLE, rules.ABUSE]

    @property
    def rules(self) -> rules.Rules:
        return rules.Rules(**{field.name: getattr(self, field.name) for field in fields(rules.Rules)})
