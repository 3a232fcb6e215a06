"""Examples: sending a drawing for a verdict, taking it back, and its picture."""

from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from models_zoo.data.images import MAX_BYTES
from rounds import selectors, services
from rounds.errors import ErrorKind
from rounds.models import Example, Prompt
from rounds.roles import ADMIN, ANNOTATOR, RESEARCHER

from .base import ApiView, is_own, requesting_person
from .docs import documented, invalid_field, needs_role
from .prompts import TAG, own_prompt
from .tasks import ModelSerializer

LONGEST_KEY = 100
IMAGE = "image/png"
NO_FILE = "Send the drawing as the file `image` of a multipart form."


class ExampleSerializer(serializers.ModelSerializer[Example]):
    """A try and the adversary's verdict, which never changes."""

    probabilities = serializers.ListField(
        child=serializers.FloatField(), help_text="In the order of the task's labels; they add up to 1."
    )
    prediction = serializers.CharField(help_text="The adversary's most probable label.")
    fooled = serializers.BooleanField(help_text="Whether the prediction differs from the claimed label.")
    prompt_finished = serializers.SerializerMethodField(
        help_text="Whether the prompt ended with this try: the adversary was fooled, or this was the last try."
    )
    model = ModelSerializer(help_text="The adversary that gave the verdict.")
    retracted = serializers.SerializerMethodField(help_text="Taken back by its author; not counted.")
    image_url = serializers.SerializerMethodField()

    class Meta:
        model = Example
        fields = [
            "id",
            "prompt",
            "label",
            "prediction",
            "probabilities",
            "fooled",
            "try_number",
            "prompt_finished",
            "practice",
            "model",
            "verification",
            "retracted",
            "created_at",
            "image_url",
        ]

    def get_prompt_finished(self, example: Example) -> bool:
        return example.prompt_status != Prompt.Status.OPEN

    def get_retracted(self, example: Example) -> bool:
        return example.retracted_at is not None

    def get_image_url(self, example: Example) -> str:
        return image_url(example)


class DrawingSerializer(serializers.Serializer[Any]):
    image = serializers.FileField(
        allow_empty_file=False,
        help_text=f"PNG or JPEG, at most {MAX_BYTES // 2**20} MB; a still picture, dark on light or light on dark.",
        error_messages={
            "required": NO_FILE,
            "invalid": "This is text, not a file. Send the drawing as a file of a multipart form.",
            "empty": "The file is empty. Choose a PNG or JPEG picture.",
        },
    )


def image_url(example: Example) -> str:
    return reverse("api:example-image", args=[example.pk])


def idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > LONGEST_KEY or not (key.isascii() and key.isprintable()):
        raise ErrorKind.IDEMPOTENCY_KEY_INVALID.error(longest=LONGEST_KEY)
    return key or None


def may_see(request: Request, example: Example) -> bool:
    """Its author, the validator on whose screen it is, researchers and admins."""
    holder = selectors.lease_holder(example)
    if is_own(request, example.annotator) or (holder and is_own(request, holder)):
        return True
    return bool(services.roles_of(request.user) & {RESEARCHER, ADMIN})


class ExamplesView(ApiView):
    parser_classes = [MultiPartParser]
    largest_body = MAX_BYTES + 64 * 1024

    @documented(
        "send_drawing",
        tag=TAG,
        request={"multipart/form-data": DrawingSerializer},
        parameters=[
            OpenApiParameter(
                "Idempotency-Key",
                str,
                OpenApiParameter.HEADER,
                description="A key of your own for this drawing, at most 100 plain characters. "
                "Sending it again with the same key stores nothing new and answers the same.",
            )
        ],
        answers={200: ExampleSerializer, 201: ExampleSerializer},
        problems=[
            invalid_field("image", NO_FILE, "required"),
            ErrorKind.IMAGE_UNUSABLE,
            ErrorKind.IDEMPOTENCY_KEY_INVALID,
            ErrorKind.NOT_AUTHENTICATED,
            needs_role(ANNOTATOR),
            ErrorKind.NO_SUCH_PROMPT,
            ErrorKind.ROUND_CLOSED,
            ErrorKind.ROUND_CLOSED_NONE_OPEN,
            ErrorKind.PROMPT_FINISHED,
            ErrorKind.PROMPT_CHANGED,
            ErrorKind.PROMPT_BUSY,
            ErrorKind.IDEMPOTENCY_KEY_REUSED,
            ErrorKind.ADVERSARY_UNAVAILABLE,
        ],
        writes=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Scores a drawing for your prompt and stores the try, fooling or not (201).

        The same Idempotency-Key again answers with what it stored (200). After an error nothing is stored.
        """
        prompt = own_prompt(request, pk)
        key = idempotency_key(request)
        sent = DrawingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        submission = services.submit_example(
            prompt=prompt, image=sent.validated_data["image"].read(), idempotency_key=key
        )
        submission.example.round = prompt.round  # its rules are read already
        return Response(ExampleSerializer(submission.example).data, 201 if submission.stored else 200)


class RetractView(ApiView):
    @documented(
        "retract_example",
        tag=TAG,
        answers={200: ExampleSerializer},
        problems=[
            ErrorKind.NOT_YOUR_EXAMPLE,
            ErrorKind.NOT_YOURS,
            ErrorKind.NOT_RETRACTABLE,
            ErrorKind.NOT_RETRACTABLE_ANY_MORE,
        ],
        writes=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Takes an example of yours back, while its round is open and validators have not settled it."""
        example, person = selectors.example_in_full(pk), requesting_person(request)
        if example is None or person is None or not is_own(request, example.annotator):
            raise ErrorKind.NOT_YOUR_EXAMPLE.error()
        services.retract_example(example=example, by=person)
        example.refresh_from_db(fields=["retracted_at"])
        return Response(ExampleSerializer(example).data)


class ImageView(ApiView):
    @documented(
        "get_image",
        tag=TAG,
        answers={(200, IMAGE): OpenApiTypes.BINARY},
        problems=[ErrorKind.NOT_YOUR_IMAGE],
    )
    def get(self, request: Request, pk: int) -> HttpResponse:
        """The drawing of an example, a PNG: for its author, the validator it is assigned to, researchers and admins."""
        example = selectors.example_in_full(pk)
        if example is None or not may_see(request, example):
            raise ErrorKind.NOT_YOUR_IMAGE.error()
        return HttpResponse(
            bytes(example.drawing.png),
            content_type=IMAGE,
            headers={"Cache-Control": "private, max-age=86400, immutable", "Vary": "Cookie, Authorization"},
        )
