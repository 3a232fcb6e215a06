"""The tasks: what can be drawn, against whom, under which rules."""

from dataclasses import fields
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from rounds import rules, selectors
from rounds.errors import ErrorKind
from rounds.models import ModelVersion, Round, Task

from .base import ApiView, page_of
from .docs import PAGE, documented

TAG = "Tasks and rounds"


class ModelSerializer(serializers.ModelSerializer[ModelVersion]):
    """A trained network, in short."""

    name = serializers.CharField(read_only=True, help_text="What people call it.")

    class Meta:
        model = ModelVersion
        fields = ["id", "number", "name"]


class RulesSerializer(serializers.ModelSerializer[Task]):
    """What a round runs under. A task's rules are those of its next round; a round's never change."""

    class Meta:
        model = Task
        fields = [field.name for field in fields(rules.Rules)]


class InputSerializer(serializers.ModelSerializer[Task]):
    """What people draw on and what models see, both square."""

    class Meta:
        model = Task
        fields = ["canvas_size", "input_size"]


class OpenRoundSerializer(serializers.ModelSerializer[Round]):
    """The round that takes drawings now."""

    adversary = ModelSerializer(read_only=True)

    class Meta:
        model = Round
        fields = ["id", "number", "adversary"]


class TaskSerializer(serializers.ModelSerializer[Task]):
    labels = serializers.ListField(
        child=serializers.CharField(), help_text="In the order of the models' outputs and of all `probabilities`."
    )
    input = InputSerializer(source="*")
    rules = RulesSerializer()
    open_round = serializers.SerializerMethodField(help_text="Null while no round takes drawings.")

    class Meta:
        model = Task
        fields = ["slug", "name", "labels", "input", "instructions", "rules", "open_round"]

    @extend_schema_field(OpenRoundSerializer(allow_null=True))
    def get_open_round(self, task: Task) -> dict[str, Any] | None:
        found = selectors.open_round(task)
        return OpenRoundSerializer(found).data if found else None


def task_or_404(slug: str) -> Task:
    task = Task.objects.filter(slug=slug).first()
    if task is None:
        raise ErrorKind.NO_SUCH_TASK.error(slug=slug)
    return task


class TasksView(ApiView):
    pagination_class = PageNumberPagination

    @documented(
        "list_tasks",
        tag=TAG,
        answers={200: TaskSerializer(many=True)},
        problems=[ErrorKind.NO_SUCH_PAGE],
        parameters=[PAGE],
    )
    def get(self, request: Request) -> Response:
        """All tasks, by name."""
        return page_of(self, Task.objects.order_by("name", "pk"), TaskSerializer)


class TaskView(ApiView):
    @documented("get_task", tag=TAG, answers={200: TaskSerializer}, problems=[ErrorKind.NO_SUCH_TASK])
    def get(self, request: Request, slug: str) -> Response:
        """One task: labels, input, instructions, rules, and its open round."""
        return Response(TaskSerializer(task_or_404(slug)).data)
