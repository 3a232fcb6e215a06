"""Data sets of a round: requested, made by a job, downloaded."""

from pathlib import PurePosixPath

from django.core.files.storage import default_storage
from django.http import FileResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from rounds import services
from rounds.errors import ErrorKind
from rounds.models import Export
from rounds.roles import ADMIN, RESEARCHER

from .base import AccountView, account
from .docs import documented, needs_role
from .rounds import round_or_404

TAG = "Numbers and data"
FILE = "application/zip"


class ExportSerializer(serializers.ModelSerializer[Export]):
    """A job that makes a data set, then the data set."""

    sha256 = serializers.CharField(help_text="Of the content; equal hashes, equal data. Empty until it is ready.")
    examples = serializers.IntegerField(allow_null=True, help_text="How many examples it holds.")
    error = serializers.CharField(help_text="Why it failed; empty otherwise.")
    url = serializers.SerializerMethodField(help_text="Where to check how far it is.")
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


def export_or_404(request: Request, pk: int) -> Export:
    services.require_role(request.user, RESEARCHER, ADMIN)
    export = Export.objects.filter(pk=pk).first()
    if export is None:
        raise ErrorKind.NO_SUCH_EXPORT.error(id=pk)
    return export


class ExportsView(AccountView):
    @documented(
        "request_export",
        tag=TAG,
        answers={202: ExportSerializer},
        problems=[ErrorKind.NOT_AUTHENTICATED, needs_role(RESEARCHER, ADMIN), ErrorKind.NO_SUCH_ROUND],
        writes=True,
    )
    def post(self, request: Request, pk: int) -> Response:
        """Requests a data set of what the round has collected so far; a job makes it."""
        services.require_role(request.user, RESEARCHER, ADMIN)
        export = services.request_export(round=round_or_404(pk), by=account(request))
        shown = ExportSerializer(export).data
        return Response(shown, 202, headers={"Location": shown["url"]})


class ExportView(AccountView):
    @documented(
        "get_export",
        tag=TAG,
        answers={200: ExportSerializer},
        problems=[ErrorKind.NOT_AUTHENTICATED, needs_role(RESEARCHER, ADMIN), ErrorKind.NO_SUCH_EXPORT],
    )
    def get(self, request: Request, pk: int) -> Response:
        """How far an export is, and the link once it is ready."""
        return Response(ExportSerializer(export_or_404(request, pk)).data)


class DownloadView(AccountView):
    @documented(
        "download_export",
        tag=TAG,
        answers={(200, FILE): OpenApiTypes.BINARY},
        problems=[
            ErrorKind.NOT_AUTHENTICATED,
            needs_role(RESEARCHER, ADMIN),
            ErrorKind.NO_SUCH_EXPORT,
            ErrorKind.EXPORT_FILE_GONE,
            ErrorKind.EXPORT_NOT_READY,
        ],
    )
    def get(self, request: Request, pk: int) -> FileResponse:
        """The data set as a file."""
        export = export_or_404(request, pk)
        if export.status != Export.Status.READY:
            raise ErrorKind.EXPORT_NOT_READY.error(status=export.status)
        if not default_storage.exists(export.path):
            raise ErrorKind.EXPORT_FILE_GONE.error()
        name = PurePosixPath(export.path).name
        return FileResponse(default_storage.open(export.path), as_attachment=True, filename=name, content_type=FILE)
