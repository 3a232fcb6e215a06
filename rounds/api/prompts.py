"""Prompts: requesting one, and giving up on it. Guests get them as well, for practice."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from rounds import selectors, services
from rounds.errors import ErrorKind
from rounds.models import Prompt
from rounds.roles import ANNOTATOR
from rounds.services import GUEST_SESSION_KEY

from .base import ApiView, is_own, requesting_annotator
from .docs import documented, invalid_field, needs_role
from .tasks import task_or_404

TAG = "Drawing"


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


class ChosenLabelSerializer(serializers.Serializer[Any]):
    label = serializers.CharField(  # type: ignore[assignment]  # the field's name, not the serializer's label
        required=False,
        allow_null=True,
        max_length=64,
        help_text="For practice, and where the annotator chooses (`label_assignment` is `free`).",
    )


def own_prompt(request: Request, pk: int) -> Prompt:
    """The prompt with all that scoring needs, if it belongs to the person who makes the request."""
    prompt = selectors.prompt_to_score(pk)
    if prompt and is_own(request, prompt.annotator):
        if request.user.is_authenticated:
            services.require_role(request.user, ANNOTATOR)
        return prompt
    if prompt and not prompt.annotator.is_guest and is_unknown(request):
        raise ErrorKind.NOT_AUTHENTICATED.error()  # a log-in that has expired, most likely
    raise ErrorKind.NO_SUCH_PROMPT.error()


def is_unknown(request: Request) -> bool:
    """Neither an account nor a guest who has drawn."""
    return not request.user.is_authenticated and GUEST_SESSION_KEY not in request.session


class PromptsView(ApiView):
    @documented(
        "ask_prompt",
        tag=TAG,
        request=ChosenLabelSerializer,
        answers={200: PromptSerializer, 201: PromptSerializer},
        problems=[
            invalid_field("label", "Not a valid string."),
            ErrorKind.LABEL_UNKNOWN,
            ErrorKind.LABEL_ASSIGNED,
            ErrorKind.LABEL_MISSING,
            needs_role(ANNOTATOR),
            ErrorKind.NO_SUCH_TASK,
            ErrorKind.NO_OPEN_ROUND,
        ],
        writes=True,
    )
    def post(self, request: Request, slug: str) -> Response:
        """What to draw next: a new prompt (201), or the one that you have open already (200).

        Without an account it is practice, and the session's cookie says whose prompt it is.
        """
        task = task_or_404(slug)
        body = ChosenLabelSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        with requesting_annotator(request) as person:
            prompt, created = services.issue_prompt(task=task, annotator=person, label=body.validated_data.get("label"))
        return Response(PromptSerializer(prompt).data, 201 if created else 200)


class PromptView(ApiView):
    @documented(
        "get_prompt",
        tag=TAG,
        answers={200: PromptSerializer},
        problems=[ErrorKind.NOT_AUTHENTICATED, needs_role(ANNOTATOR), ErrorKind.NO_SUCH_PROMPT],
    )
    def get(self, request: Request, pk: int) -> Response:
        """A prompt of yours, open or finished."""
        return Response(PromptSerializer(own_prompt(request, pk)).data)


class GiveUpView(ApiView):
    @documented(
        "give_up_prompt",
        tag=TAG,
        answers={200: PromptSerializer},
        problems=[
            ErrorKind.NOT_AUTHENTICATED,
            needs_role(ANNOTATOR),
            ErrorKind.NO_SUCH_PROMPT,
            ErrorKind.PROMPT_ALREADY_FINISHED,
        ],
        writes=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Finishes an open prompt without success; its tries stay."""
        services.give_up_prompt(prompt=own_prompt(request, pk))
        return Response(PromptSerializer(own_prompt(request, pk)).data)
