"""The shapes of the reports, for OpenAPI only: the numbers themselves come from `rounds.reports` as they are."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from .rounds import CountsSerializer

Shape = serializers.Serializer[Any]


class IntervalField(serializers.ListField):
    """95 %, [low, high]; null where there is too little to say."""

    child = serializers.FloatField()

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(allow_null=True, min_length=2, max_length=2, **kwargs)


class RateSerializer(Shape):
    """A share with what it is a share of."""

    numerator = serializers.IntegerField()
    denominator = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True, help_text="In 0…1; null without a denominator.")
    interval = IntervalField(help_text="Wilson's 95 %; null under 5 observations.")


class ChangeSerializer(Shape):
    """This minus the other."""

    difference = serializers.FloatField(help_text="In -1…1.")
    interval = IntervalField(help_text="Newcombe's 95 %.")


class CellSerializer(Shape):
    """How many of n a model reads right."""

    correct = serializers.IntegerField()
    n = serializers.IntegerField()
    value = serializers.FloatField(allow_null=True)
    interval = IntervalField(help_text="Wilson's 95 %; null for `corrupted`, where a digit counts many times.")


class ClusteredSerializer(Shape):
    """Bootstrap intervals that draw whole annotators; null under 5 of them."""

    mer = IntervalField()
    vmer = IntervalField()
    clusters = serializers.IntegerField(help_text="Annotators.")
    resamples = serializers.IntegerField()


class NoiseSerializer(Shape):
    """rejected / settled"""

    fooling = RateSerializer()
    sampled = RateSerializer(help_text="Of the non-fooling examples that were validated too.")


class RejectionsSerializer(Shape):
    """Why fooling examples were rejected."""

    model_was_right = serializers.IntegerField()
    another_label = serializers.IntegerField()
    unreadable = serializers.IntegerField()
    split = serializers.IntegerField(help_text="No answer led.")
    abuse = serializers.IntegerField()


class SpreadSerializer(Shape):
    mean = serializers.FloatField(allow_null=True)
    median = serializers.FloatField(allow_null=True)


class EffortSerializer(Shape):
    """Per verified fooling example, over the prompts that ended in one."""

    prompts = serializers.IntegerField()
    tries = SpreadSerializer()
    seconds = SpreadSerializer(help_text="From the prompt to the fooling try.")


class AgreementSerializer(Shape):
    alpha = serializers.FloatField(allow_null=True, help_text="Krippendorff's, nominal; null where undefined.")
    raw = RateSerializer(help_text="Unanimous / examples with at least two answers.")
    answers = serializers.IntegerField()


class ClassSerializer(Shape):
    label = serializers.CharField(help_text="The claimed label.")  # type: ignore[assignment]
    attempts = serializers.IntegerField()
    mer = RateSerializer()
    vmer = RateSerializer()


class ConfusionSerializer(Shape):
    labels = serializers.ListField(child=serializers.CharField())
    counts = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField()), help_text="counts[claimed][predicted]"
    )


class SplitsSerializer(Shape):
    """This round's examples in its newest training set."""

    train = serializers.IntegerField()
    dev = serializers.IntegerField()
    test = serializers.IntegerField()


class RoundChangeSerializer(Shape):
    """Against the round before."""

    against = serializers.IntegerField(help_text="That round's number.")
    mer = ChangeSerializer(allow_null=True)
    vmer = ChangeSerializer(allow_null=True)


class RatesSerializer(Shape):
    mer = RateSerializer(help_text="Model error rate: fooled / attempts.")
    vmer = RateSerializer(help_text="Validated model error rate: verified fooled / attempts.")
    vmer_if_pending_verified = RateSerializer(
        help_text="(verified + pending) / attempts: the upper bound of vmer while any are pending."
    )


class RoundReportSerializer(RatesSerializer):
    round = serializers.IntegerField(help_text="Its id.")
    number = serializers.IntegerField()
    adversary = serializers.CharField(allow_null=True)
    final = serializers.BooleanField(help_text="Whether the round is done and these numbers are the stored ones.")
    counts = CountsSerializer()
    clustered = ClusteredSerializer()
    label_noise = NoiseSerializer()
    rejections = RejectionsSerializer()
    effort = EffortSerializer()
    most_active = RateSerializer(help_text="The largest share of the attempts by one annotator; without an interval.")
    agreement = AgreementSerializer()
    classes = ClassSerializer(many=True, help_text="In the order of the task's labels.")
    confusion = ConfusionSerializer()
    splits = SplitsSerializer(allow_null=True)
    change = RoundChangeSerializer(allow_null=True, help_text="Null in the first round.")


class TogetherSerializer(RatesSerializer):
    rounds = serializers.IntegerField()
    attempts = serializers.IntegerField()
    fooled = serializers.IntegerField()
    verified = serializers.IntegerField()
    pending = serializers.IntegerField()
    rejected = serializers.IntegerField()
    annotators = serializers.IntegerField(help_text="Who drew in two rounds counts once.")


class TaskReportSerializer(Shape):
    task = serializers.CharField()
    rounds = RoundReportSerializer(many=True)
    together = TogetherSerializer()


class ColumnSerializer(Shape):
    """A test set: the base test set, a round's frozen test split, all those splits together, or digits of the base test
    set made hard: corrupted, attacked, or shifted and turned."""

    key = serializers.CharField(
        help_text="`base_test`, `round_<number>`, `all_rounds`, `corrupted`, `pgd_0.1` or `pgd_0.3` (attacked by PGD "
        "within that L∞ distance), `moved`."
    )
    title = serializers.CharField()
    round = serializers.IntegerField(allow_null=True, help_text="The round's number.")
    n = serializers.IntegerField()


def or_null(component: str) -> dict[str, Any]:
    """A list of it with gaps, which drf-spectacular does not see in a ListField's child."""
    item = {"allOf": [{"$ref": f"#/components/schemas/{component}"}], "nullable": True}
    return {"type": "array", "items": item}


@extend_schema_field(or_null("Cell"))
class CellsField(serializers.ListField):
    pass


@extend_schema_field(or_null("Change"))
class ChangesField(serializers.ListField):
    pass


class ReferenceSerializer(Shape):
    """The plainly trained model that an adversarially trained one is shown beside."""

    number = serializers.IntegerField()
    name = serializers.CharField()
    changes = ChangesField(help_text="Against it on the same set.")


class RowSerializer(Shape):
    """One model's row; null in a cell where it was not measured."""

    model = serializers.IntegerField(help_text="Its id.")
    number = serializers.IntegerField()
    name = serializers.CharField()
    parent = serializers.IntegerField(allow_null=True, help_text="Its number.")  # type: ignore[assignment]
    cells = CellsField(help_text="In the order of the columns.")
    changes = ChangesField(help_text="Against the parent on the same set.")
    recipe = serializers.CharField(help_text="What its training minimised; `standard` is plain training.")
    reference = ReferenceSerializer(allow_null=True, help_text="Null for a plainly trained model, or without one.")


class MatrixSerializer(Shape):
    task = serializers.CharField()
    columns = ColumnSerializer(many=True)
    rows = RowSerializer(many=True, help_text="Oldest model first.")


class BestAnnotatorSerializer(Shape):
    rank = serializers.IntegerField(help_text="Equals share a rank.")
    annotator = serializers.IntegerField()
    name = serializers.CharField()
    attempts = serializers.IntegerField()
    fooled = serializers.IntegerField()
    verified = serializers.IntegerField()
    pending = serializers.IntegerField()
    rejected = serializers.IntegerField()
    vmer = RateSerializer(allow_null=True, help_text="Null under 20 attempts.")


class BestModelSerializer(Shape):
    rank = serializers.IntegerField(allow_null=True, help_text="Null where it was not measured on all rounds.")
    model = serializers.IntegerField()
    number = serializers.IntegerField()
    name = serializers.CharField()
    all_rounds = CellSerializer(allow_null=True)
    base_test = CellSerializer(allow_null=True)


class LeaderboardSerializer(Shape):
    task = serializers.CharField()
    annotators = BestAnnotatorSerializer(many=True, help_text="By verified fooling examples.")
    models = BestModelSerializer(many=True, help_text="By accuracy over all frozen adversarial test sets.")
