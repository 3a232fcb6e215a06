"""Data sets of a round: asked for, made by a job, fetched."""

from pathlib import PurePosixPath

from django.core.files.storage import default_storage
from django.http import FileResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from rounds import services
from rounds.errors import Missing, Refused
from rounds.models import Export
from rounds.roles import ADMIN, RESEARCHER

from .base import AccountView, account
from .docs import described, missing, needs_role
from .problems import Problem
from .rounds import round_or_missing

TAG = "Numbers and data"
FILE = "application/zip"


class ExportSerializer(serializers.ModelSerializer[Export]):
    """A job that makes a data set, then the data set."""

    sha256 = serializers.CharField(help_text="Of the content; equal hashes, equal data. Empty until it is ready.")
    examples = serializers.IntegerField(allow_null=True, help_text="How many examples it holds.")
    error = serializers.CharField(help_text="Why it failed; empty otherwise.")
    url = serializers.SerializerMethodField(help_text="Where to ask again.")
    download = serializers.SerializerMethodField(help_text="Where the file is; null until it is ready.")

    class Meta:
        model = Export
        fields = [
            "id",
            "round",
            "status",
            "sha256",
            "examples",
            "error",
            "created_at",
            "finished_at",
            "url",
            "download",
        ]

    def get_url(self, export: Export) -> str:
        return reverse("api:export", args=[export.pk])

    def get_download(self, export: Export) -> str | None:
        return reverse("api:export-download", args=[export.pk]) if export.status == Export.Status.READY else None


def export_or_missing(request: Request, pk: int) -> Export:
    services.require_role(request.user, RESEARCHER, ADMIN)
    export = Export.objects.filter(pk=pk).first()
    if export is None:
        raise Missing(f"There is no export with the id {pk}. Ask for one with POST /api/v1/rounds/…/exports/.")
    return export


class ExportsView(AccountView):
    @described(
        "request_export",
        tag=TAG,
        answers={202: ExportSerializer},
        problems=[needs_role(RESEARCHER, ADMIN), missing("round")],
        writes=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Asks for a data set of what the round has collected so far; a job makes it."""
        services.require_role(request.user, RESEARCHER, ADMIN)
        export = services.request_export(round=round_or_missing(pk), by=account(request))
        shown = ExportSerializer(export).data
        return Response(shown, 202, headers={"Location": shown["url"]})


class ExportView(AccountView):
    @described(
        "get_export",
        tag=TAG,
        answers={200: ExportSerializer},
        problems=[needs_role(RESEARCHER, ADMIN), missing("export")],
    )
    def get(self, request: Request, pk: int) -> Response:
        """How far an export is, and the link once it is ready."""
        return Response(ExportSerializer(export_or_missing(request, pk)).data)


class DownloadView(AccountView):
    @described(
        "download_export",
        tag=TAG,
        answers={(200, FILE): OpenApiTypes.BINARY},
        problems=[
            needs_role(RESEARCHER, ADMIN),
            missing("export"),
            Problem(409, "not_ready", "This export is queued. Ask for its state again in a few seconds."),
        ],
    )
    def get(self, request: Request, pk: int) -> FileResponse:
        """The data set as a file."""
        export = export_or_missing(request, pk)
        if export.status != Export.Status.READY:
            raise Refused(
                f"This export is {export.status}. Ask for its state again in a few seconds, or for a new export.",
                code="not_ready",
            )
        if not default_storage.exists(export.path):
            raise Missing("The file of this export is gone from the storage. Ask for a new export of the round.")
        name = PurePosixPath(export.path).name
        return FileResponse(default_storage.open(export.path), as_attachment=True, filename=name, content_type=FILE)
