"""Prompts: asking what to draw, and giving up on it. Guests ask as well, for practice."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import NotAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response

from rounds import selectors, services
from rounds.errors import Missing
from rounds.models import Prompt
from rounds.roles import ANNOTATOR
from rounds.services import GUEST_SESSION_KEY

from .base import ApiView, asking_annotator, is_own
from .docs import described, missing, needs_role
from .problems import Problem
from .tasks import task_or_missing

TAG = "Drawing"
NOT_YOURS = Problem(404, "not_found", "There is no such prompt of yours. Ask for one, then draw for that.")


class PromptSerializer(serializers.ModelSerializer[Prompt]):
    """What to draw. The time and the tries are counted on the server."""

    task = serializers.CharField(source="round.task.slug", read_only=True)
    round = serializers.IntegerField(source="round_id", read_only=True, help_text="Id of the round it belongs to.")
    practice = serializers.BooleanField(help_text="Scored and shown, never counted.")
    tries_left = serializers.SerializerMethodField()

    class Meta:
        model = Prompt
        fields = [
            "id",
            "task",
            "round",
            "label",
            "practice",
            "status",
            "try_count",
            "tries_left",
            "started_at",
            "finished_at",
        ]

    def get_tries_left(self, prompt: Prompt) -> int:
        return max(0, prompt.round.rules.tries_per_prompt - prompt.try_count) if prompt.is_open else 0


class WantedSerializer(serializers.Serializer[Any]):
    label = serializers.CharField(  # type: ignore[assignment]  # the field's name, not the serializer's label
        required=False,
        allow_null=True,
        max_length=64,
        help_text="For practice, and where the annotator chooses (`label_assignment` is `free`).",
    )


def own_prompt(request: Request, pk: int) -> Prompt:
    """The prompt, ready to be scored for, if it belongs to who asks."""
    prompt = selectors.prompt_to_score(pk)
    if prompt and is_own(request, prompt.annotator):
        if request.user.is_authenticated:
            services.require_role(request.user, ANNOTATOR)
        return prompt
    if prompt and not prompt.annotator.is_guest and is_nobody(request):
        raise NotAuthenticated  # a log-in that has expired, most likely
    raise Missing(NOT_YOURS.detail)


def is_nobody(request: Request) -> bool:
    """Neither an account nor a guest who has drawn."""
    return not request.user.is_authenticated and GUEST_SESSION_KEY not in request.session


class PromptsView(ApiView):
    @described(
        "ask_prompt",
        tag=TAG,
        request=WantedSerializer,
        answers={200: PromptSerializer, 201: PromptSerializer},
        problems=[
            Problem(400, "label", "“x” is not a label of this task. Use one of: 0, 1, 2."),
            needs_role(ANNOTATOR),
            missing("task"),
            Problem(409, "no_open_round", "No round is open. Come back when the next round opens."),
        ],
        writes=True,
    )
    def post(self, request: Request, slug: str) -> Response:
        """What to draw next: a new prompt (201), or the one that you have open already (200).

        Without an account it is practice, and the session's cookie says whose prompt it is.
        """
        task = task_or_missing(slug)
        wanted = WantedSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        with asking_annotator(request) as person:
            prompt, created = services.issue_prompt(
                task=task, annotator=person, label=wanted.validated_data.get("label")
            )
        return Response(PromptSerializer(prompt).data, 201 if created else 200)


class PromptView(ApiView):
    @described("get_prompt", tag=TAG, answers={200: PromptSerializer}, problems=[needs_role(ANNOTATOR), NOT_YOURS])
    def get(self, request: Request, pk: int) -> Response:
        """A prompt of yours, open or finished."""
        return Response(PromptSerializer(own_prompt(request, pk)).data)


class GiveUpView(ApiView):
    @described(
        "give_up_prompt",
        tag=TAG,
        answers={200: PromptSerializer},
        problems=[
            needs_role(ANNOTATOR),
            NOT_YOURS,
            Problem(409, "prompt_finished", "This prompt is finished already. Ask for the next one."),
        ],
        writes=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Finishes an open prompt without success; its tries stay."""
        services.give_up_prompt(prompt=own_prompt(request, pk))
        return Response(PromptSerializer(own_prompt(request, pk)).data)
