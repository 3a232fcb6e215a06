"""Blind validation: the next drawing, an answer to it, and an admin's decision on a reported one."""

from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from rounds import selectors, services
from rounds.errors import ErrorKind
from rounds.models import Example, Validation
from rounds.roles import ADMIN, VALIDATOR

from .base import AccountView, account
from .docs import documented, invalid_field, needs_role
from .examples import image_url
from .tasks import task_or_404

TAG = "Validation"


class NextSerializer(serializers.Serializer[Any]):
    """A drawing and nothing else: not what it claims to be, not what the adversary read, not who drew it."""

    example = serializers.IntegerField()
    image_url = serializers.CharField(help_text="Yours to fetch while the drawing is on your screen.")
    choices = serializers.ListField(
        child=serializers.CharField(), help_text="The labels, then `unreadable` and `abuse` (which needs a reason)."
    )


class AnswerSerializer(serializers.ModelSerializer[Validation]):
    answer = serializers.CharField(max_length=64, help_text="One of the `choices`.")
    reason = serializers.CharField(
        max_length=500, required=False, allow_blank=True, help_text="For `abuse`: what is wrong with it."
    )

    class Meta:
        model = Validation
        fields = ["id", "example", "answer", "reason", "created_at"]
        read_only_fields = ["id", "example", "created_at"]


class RulingSerializer(serializers.Serializer[Any]):
    abusive = serializers.BooleanField(help_text="True: rejected as abuse. False: back to the validators.")
    why = serializers.CharField(
        max_length=400, required=False, allow_blank=True, help_text="Recorded with the ruling, for admins."
    )


class RuledSerializer(serializers.ModelSerializer[Example]):
    example = serializers.IntegerField(source="pk", read_only=True)

    class Meta:
        model = Example
        fields = ["example", "verification", "rejected_as"]


def example_or_404(pk: int) -> Example:
    example = selectors.example_in_full(pk)
    if example is None:
        raise ErrorKind.NO_SUCH_EXAMPLE.error(id=pk)
    return example


class NextView(AccountView):
    @documented(
        "next_validation",
        tag=TAG,
        answers={200: NextSerializer, 204: None},
        problems=[ErrorKind.NOT_AUTHENTICATED, needs_role(VALIDATOR), ErrorKind.NO_SUCH_TASK],
    )
    def get(self, request: Request, slug: str) -> Response:
        """The drawing to check next, reserved for you for a while; 204 when nothing waits for you."""
        services.require_role(request.user, VALIDATOR)
        task = task_or_404(slug)
        example = services.lease_next(task=task, validator=services.person_of(account(request)))
        if example is None:
            return Response(status=204)
        return Response({"example": example.pk, "image_url": image_url(example), "choices": task.answer_choices})


class ValidationsView(AccountView):
    @documented(
        "answer_validation",
        tag=TAG,
        request=AnswerSerializer,
        answers={201: AnswerSerializer},
        problems=[
            invalid_field("answer", "This field is required.", "required"),
            ErrorKind.ANSWER_UNKNOWN,
            ErrorKind.REASON_MISSING,
            ErrorKind.NOT_AUTHENTICATED,
            needs_role(VALIDATOR),
            ErrorKind.OWN_EXAMPLE,
            ErrorKind.NO_SUCH_EXAMPLE,
            ErrorKind.NOT_IN_VALIDATION,
            ErrorKind.ROUND_FINAL,
            ErrorKind.ALREADY_VALIDATED,
            ErrorKind.NOT_LEASED,
            ErrorKind.SETTLED,
        ],
        writes=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Your answer to the drawing that is assigned to you."""
        services.require_role(request.user, VALIDATOR)
        example = example_or_404(pk)
        given = AnswerSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        validation = services.record_validation(
            example=example, validator=services.person_of(account(request)), **given.validated_data
        )
        return Response(AnswerSerializer(validation).data, 201)


class DisputeView(AccountView):
    @documented(
        "decide_dispute",
        tag=TAG,
        request=RulingSerializer,
        answers={200: RuledSerializer},
        problems=[
            invalid_field("abusive", "Must be a valid boolean."),
            ErrorKind.NOT_AUTHENTICATED,
            needs_role(ADMIN),
            ErrorKind.NO_SUCH_EXAMPLE,
            ErrorKind.ROUND_FINAL,
            ErrorKind.NOT_DISPUTED,
        ],
        writes=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """An admin's ruling on an example that a validator reported as abuse."""
        services.require_role(request.user, ADMIN)
        ruling = RulingSerializer(data=request.data)
        ruling.is_valid(raise_exception=True)
        example = services.decide_dispute(example=example_or_404(pk), by=account(request), **ruling.validated_data)
        return Response(RuledSerializer(example).data)
