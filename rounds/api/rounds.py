"""Rounds: their status, counts and closing criteria."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from rounds import rules, selectors
from rounds.errors import ErrorKind
from rounds.models import Round, TrainingRun
from rounds.selectors import Counts

from .base import ApiView, page_of
from .docs import PAGE, documented
from .shapes import serializer_of
from .tasks import TAG, ModelSerializer, RulesSerializer, task_or_404


class CriterionSerializer(serializer_of(rules.Criterion)):  # type: ignore[misc]
    met = serializers.BooleanField()


class RunSerializer(serializers.ModelSerializer[TrainingRun]):
    """The newest training of a round."""

    progress = serializers.DictField(help_text="As the worker last reported it: epoch, step, loss, history …")
    gate = serializers.DictField(help_text="The gate's result: `passed` and its `reasons`; empty until it is decided.")
    model = ModelSerializer(allow_null=True, help_text="The model it trained.")

    class Meta:
        model = TrainingRun
        fields = ["id", "status", "attempts", "progress", "error", "gate", "model", "started_at", "finished_at"]


class RoundSerializer(serializers.ModelSerializer[Round]):
    task = serializers.SlugRelatedField[Any](slug_field="slug", read_only=True)
    adversary = ModelSerializer(allow_null=True, help_text="The model people try to fool; null in a draft without one.")
    rules = RulesSerializer(help_text="Frozen when the round opened.")
    counts = serializers.SerializerMethodField()
    criteria = serializers.SerializerMethodField(help_text="Empty when only an admin closes the round.")

    class Meta:
        model = Round
        fields = [
            "id",
            "number",
            "task",
            "status",
            "adversary",
            "rules",
            "counts",
            "criteria",
            "opened_at",
            "closed_at",
            "done_at",
        ]

    @extend_schema_field(serializer_of(Counts))
    def get_counts(self, round: Round) -> Counts:
        self._counts = selectors.stored_or_current_counts(round)
        return self._counts

    @extend_schema_field(CriterionSerializer(many=True))
    def get_criteria(self, round: Round) -> Any:
        # Fields are read in their order, so `get_counts` has just counted this round: once is enough.
        return CriterionSerializer(selectors.criteria(round, self._counts), many=True).data


class RoundDetailSerializer(RoundSerializer):
    waiting_for_validation = serializers.SerializerMethodField(
        help_text="Examples that validators have not settled: what closing now would leave to them."
    )
    training = serializers.SerializerMethodField(help_text="The newest training run; null before the first.")

    class Meta(RoundSerializer.Meta):
        fields = [*RoundSerializer.Meta.fields, "waiting_for_validation", "training"]

    def get_waiting_for_validation(self, round: Round) -> int:
        return selectors.waiting_for_validation(round)

    @extend_schema_field(RunSerializer(allow_null=True))
    def get_training(self, round: Round) -> dict[str, Any] | None:
        run = selectors.latest_run(round)
        return RunSerializer(run).data if run else None


def round_or_404(pk: int) -> Round:
    round = Round.objects.select_related("task", "adversary").filter(pk=pk).first()
    if round is None:
        raise ErrorKind.NO_SUCH_ROUND.error(id=pk)
    return round


class RoundsView(ApiView):
    pagination_class = PageNumberPagination

    @documented(
        "list_rounds",
        tag=TAG,
        answers={200: RoundSerializer(many=True)},
        problems=[ErrorKind.NO_SUCH_TASK, ErrorKind.NO_SUCH_PAGE],
        parameters=[PAGE],
    )
    def get(self, request: Request, slug: str) -> Response:
        """A task's rounds, newest first."""
        rounds = Round.objects.filter(task=task_or_404(slug)).select_related("task", "adversary")
        return page_of(self, rounds.order_by("-number"), RoundSerializer)


class RoundView(ApiView):
    @documented("get_round", tag=TAG, answers={200: RoundDetailSerializer}, problems=[ErrorKind.NO_SUCH_ROUND])
    def get(self, request: Request, pk: int) -> Response:
        """One round: status, adversary, frozen rules, counts, criteria, and its newest training."""
        return Response(RoundDetailSerializer(round_or_404(pk)).data)
