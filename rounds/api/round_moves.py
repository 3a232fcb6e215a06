"""The moves of a round, for admins. Each answers with the round as it is afterwards."""

from typing import Any

from django.urls import reverse
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from rounds import services
from rounds.errors import ErrorKind, Refused
from rounds.models import Round
from rounds.roles import ADMIN

from .base import AccountView, account
from .docs import documented, illegal_move, invalid_field, needs_role
from .rounds import RoundDetailSerializer, round_or_404

TAG = "Moves of a round"
PROBLEMS: list[ErrorKind | Refused] = [ErrorKind.NOT_AUTHENTICATED, needs_role(ADMIN), ErrorKind.NO_SUCH_ROUND]
#: Where somebody drafts or opens another round at the same moment.
NEXT_ROUND_PROBLEMS = [ErrorKind.DRAFT_EXISTS, ErrorKind.OTHER_ROUND_OPEN]
Status = Round.Status


class NextRoundSerializer(serializers.ModelSerializer[Round]):
    """The round that opened in its place."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = Round
        fields = ["id", "number", "url"]

    def get_url(self, round: Round) -> str:
        return reverse("api:round", args=[round.pk])


class FinishedRoundSerializer(RoundDetailSerializer):
    next_round = NextRoundSerializer()

    class Meta(RoundDetailSerializer.Meta):
        fields = [*RoundDetailSerializer.Meta.fields, "next_round"]


class RecipeSerializer(serializers.Serializer[Any]):
    recipe = serializers.DictField(
        required=False, help_text='What to change of the task\'s recipe for this training, e.g. `{"epochs": 4}`.'
    )


class CloseView(AccountView):
    @documented(
        "close_round",
        tag=TAG,
        answers={200: RoundDetailSerializer},
        problems=[*PROBLEMS, illegal_move(Status.VALIDATING, Status.VALIDATING)],
        writes=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """open → validating: no more drawings; what waits for validators can still be validated."""
        round = round_to_move(request, pk)
        return Response(RoundDetailSerializer(services.close_round(round=round, by=account(request))).data)


class OpenView(AccountView):
    @documented(
        "open_round",
        tag=TAG,
        answers={200: RoundDetailSerializer},
        problems=[
            *PROBLEMS,
            illegal_move(Status.DONE, Status.OPEN),
            ErrorKind.NO_ADVERSARY,
            ErrorKind.OTHER_ROUND_OPEN,
        ],
        writes=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """draft → open, under a frozen copy of the task's rules."""
        round = round_to_move(request, pk)
        return Response(RoundDetailSerializer(services.open_round(round=round, by=account(request))).data)


class TrainView(AccountView):
    @documented(
        "train_round",
        tag=TAG,
        request=RecipeSerializer,
        answers={200: RoundDetailSerializer},
        problems=[
            invalid_field("recipe", 'Expected a dictionary of items but got type "str".', "not_a_dict"),
            ErrorKind.RECIPE_UNUSABLE,
            *PROBLEMS,
            illegal_move(Status.OPEN, Status.TRAINING),
            ErrorKind.NOTHING_VERIFIED,
        ],
        writes=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """validating (or reviewing, with another recipe) → training: freezes the training set, queues the run."""
        round = round_to_move(request, pk)
        body = RecipeSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        services.start_training(round=round, by=account(request), recipe=body.validated_data.get("recipe"))
        return Response(RoundDetailSerializer(round).data)


class AcceptView(AccountView):
    @documented(
        "accept_model",
        tag=TAG,
        answers={200: FinishedRoundSerializer},
        problems=[
            *PROBLEMS,
            illegal_move(Status.OPEN, Status.DONE),
            ErrorKind.NO_MODEL,
            *NEXT_ROUND_PROBLEMS,
        ],
        writes=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """reviewing → done: the new model becomes the adversary of the next round, which opens."""
        round = round_to_move(request, pk)
        return finished(round, services.accept_model(round=round, by=account(request)))


class KeepView(AccountView):
    @documented(
        "keep_adversary",
        tag=TAG,
        answers={200: FinishedRoundSerializer},
        problems=[*PROBLEMS, illegal_move(Status.OPEN, Status.DONE), *NEXT_ROUND_PROBLEMS],
        writes=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """reviewing or validating → done: the next round opens against the same adversary."""
        round = round_to_move(request, pk)
        return finished(round, services.keep_adversary(round=round, by=account(request)))


def round_to_move(request: Request, pk: int) -> Round:
    services.require_role(request.user, ADMIN)
    return round_or_404(pk)


def finished(round: Round, next_round: Round) -> Response:
    shown = RoundDetailSerializer(round_or_404(round.pk)).data
    return Response({**shown, "next_round": NextRoundSerializer(next_round).data})
