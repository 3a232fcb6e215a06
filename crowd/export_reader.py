"""Reads from a round's export what the site made of the crowd's examples."""

import io
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow.parquet as pq

from crowd.client import ApiClient
from crowd.ground_truth import GroundTruth
from crowd.report import ExampleOutcome
from crowd.stalls import WORKER_STALL_SECONDS, CampaignError, StallDetector

#: The verification of examples that were not put up for validation.
UNQUEUED = "unqueued"

Json = dict[str, Any]


def outcomes_of(
    round_id: int, client: ApiClient, ground_truth: GroundTruth, wait: Callable[[], object]
) -> list[ExampleOutcome]:
    """Of all examples of a round that the crowd drew and the site put up for validation.

    Args:
        client: of a user who may export.
        wait: waits between two polls of an export that is not ready.

    Raises:
        CampaignError: the export failed, or was not made in time.
    """
    export = finished_export(round_id, client, wait)
    return [
        ExampleOutcome(drawing.is_right, row["fooled"], row["verification"])
        for row in _rows(client.download(export["id"]))
        if row["verification"] != UNQUEUED and (drawing := ground_truth.get(row["drawing"])) is not None
    ]


def finished_export(round_id: int, client: ApiClient, wait: Callable[[], object]) -> Json:
    """A new export of the round, as the API shows it, once it can be downloaded."""
    export = client.request_export(round_id)
    stall = StallDetector(WORKER_STALL_SECONDS)
    while export["status"] not in ("ready", "failed"):
        if stall.has_stalled(export["status"]):
            raise CampaignError(
                f"The export has been {export['status']} for {WORKER_STALL_SECONDS / 60:.0f} minutes: "
                "check that the worker (manage.py qcluster) runs at the site."
            )
        wait()
        export = client.export(export["id"])
    if export["status"] == "failed":
        raise CampaignError(f"The export failed; mend its error, then start again: {export['error']}")
    return export


def _rows(archive: bytes) -> Iterator[Json]:
    """The examples in an export's zip file: `drawing`, `fooled` and `verification` of each."""
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        for name in files.namelist():
            if name.endswith(".parquet"):
                columns = ["drawing", "fooled", "verification"]
                yield from pq.read_table(io.BytesIO(files.read(name)), columns=columns).to_pylist()
