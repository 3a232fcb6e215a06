"""The numbers: what `rounds.reports` returns, as it is."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from rounds import reports
from rounds.errors import ErrorKind

from .base import ApiView
from .docs import documented, invalid_field
from .rounds import round_or_404
from .shapes import serializer_of
from .tasks import task_or_404

TAG = "Numbers and data"


class RoundReportView(ApiView):
    @documented(
        "report_round",
        tag=TAG,
        answers={200: serializer_of(reports.RoundReport)},
        problems=[ErrorKind.NO_SUCH_ROUND],
    )
    def get(self, request: Request, pk: int) -> Response:
        """A round's numbers, each with numerator, denominator and interval: final ones once it is done."""
        return Response(reports.round_report(round_or_404(pk)))


class TaskReportView(ApiView):
    @documented(
        "report_task", tag=TAG, answers={200: serializer_of(reports.TaskReport)}, problems=[ErrorKind.NO_SUCH_TASK]
    )
    def get(self, request: Request, slug: str) -> Response:
        """The numbers of all rounds that were opened, oldest first, and of all of them together."""
        return Response(reports.task_report(task_or_404(slug)))


class MatrixView(ApiView):
    @documented(
        "report_matrix", tag=TAG, answers={200: serializer_of(reports.Matrix)}, problems=[ErrorKind.NO_SUCH_TASK]
    )
    def get(self, request: Request, slug: str) -> Response:
        """Accuracy of every model on every test set."""
        return Response(reports.matrix(task_or_404(slug)))


class TopSerializer(serializers.Serializer[Any]):
    top = serializers.IntegerField(
        min_value=1, max_value=1000, default=100, help_text="How many annotators to list, best first."
    )


class LeaderboardView(ApiView):
    @documented(
        "leaderboard",
        tag=TAG,
        parameters=[TopSerializer],
        answers={200: serializer_of(reports.Leaderboard)},
        problems=[invalid_field("top", "A valid integer is required."), ErrorKind.NO_SUCH_TASK],
    )
    def get(self, request: Request, slug: str) -> Response:
        """Annotators by verified fooling examples; models by accuracy over all adversarial test sets."""
        wanted = TopSerializer(data=request.query_params)
        wanted.is_valid(raise_exception=True)
        board = reports.leaderboard(task_or_404(slug))
        return Response({**board, "annotators": board["annotators"][: wanted.validated_data["top"]]})
