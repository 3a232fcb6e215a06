"""A round's examples as a data set that can be cited and loaded again.

One zip: `data/<split>.parquet` (readable by anything that reads Parquet, and by Hugging Face `datasets` with decoded
images and class names), `README.md` (its data card), `report.json` (the round's numbers) and `manifest.json` (what it
was made from, and the hash of its content).
"""

import hashlib
import hmac
import json
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import CharField, OuterRef, Prefetch, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone

from rounds import reports, rules
from rounds.db import snapshot
from rounds.models import Example, Export, Round, Task, TrainingSetItem, Validation

from .data_card import data_card

FORMAT = 1
#: Examples held in memory at once, for each split, and the size of a Parquet row group.
BATCH = 500
UNASSIGNED = "unassigned"
SPLITS = [*TrainingSetItem.Split.values, UNASSIGNED]

Json = dict[str, Any]


class ExportFailed(Exception):
    """The data can't be exported as it is. The message is a sentence for the person who requested it."""


def make_export(export: Export) -> None:
    """Writes the data set that `export` requests into the default storage, and updates its row.

    READY with path, hash and number of examples, or FAILED with a sentence. Run again, a ready one stays as it is and
    another is made anew. The hash is over the content: two exports of the same data have the same one.
    """
    if export.status == Export.Status.READY:
        return
    try:
        with tempfile.TemporaryDirectory() as folder:
            manifest = _write(export, Path(folder))
            path = _store(export, Path(folder))
    except ExportFailed as failure:
        _finish(export, status=Export.Status.FAILED, error=str(failure))
    except Exception as error:
        sentence = f"An unexpected error stopped it ({type(error).__name__}); an admin finds it in the worker's log."
        _finish(export, status=Export.Status.FAILED, error=f"{sentence} Ask for the export again.")
        raise
    else:
        written = {"path": path, "sha256": manifest["sha256"], "examples": manifest["examples"]}
        _finish(export, status=Export.Status.READY, error="", **written)


def previous_export(export: Export) -> Export | None:
    """The last finished export of the same round before this one, to compare hashes with."""
    ready = Export.objects.filter(round=export.round_id, status=Export.Status.READY).exclude(pk=export.pk)
    if export.finished_at:
        ready = ready.filter(finished_at__lt=export.finished_at)
    return ready.order_by("-finished_at").first()


# --- Files --------------------------------------------------------------------------------------------------------


def _write(export: Export, folder: Path) -> Json:
    """Writes all files of the data set into `folder`, as the round was at one moment; returns the manifest."""
    (folder / "data").mkdir()
    with snapshot():
        round = Round.objects.select_related("task", "adversary", "training_set").get(pk=export.round_id)
        report = reports.round_report(round)
        sha256, sizes = _write_examples(round, folder / "data")
    manifest = _manifest(export, round, report, sha256, sizes)
    (folder / "manifest.json").write_text(_indented_json(manifest))
    (folder / "report.json").write_text(_indented_json(report))
    (folder / "README.md").write_text(data_card(manifest, report))
    return manifest


def _write_examples(round: Round, folder: Path) -> tuple[str, dict[str, int]]:
    """One Parquet file a split that has examples; returns the hash of the content and the examples by split."""
    schema = _schema(round.task)
    content = hashlib.sha256(_canonical_json(_identity(round)))
    sizes: dict[str, int] = dict.fromkeys(SPLITS, 0)
    writers: dict[str, pq.ParquetWriter] = {}
    unwritten: dict[str, list[Json]] = defaultdict(list)

    def flush(split: str) -> None:
        if split not in writers:
            writers[split] = pq.ParquetWriter(folder / f"{split}.parquet", schema)
        writers[split].write_table(pa.Table.from_pylist(unwritten.pop(split), schema=schema))

    try:
        for split, row in _rows(round):
            content.update(_canonical_json({**row, "image": row["image"] is not None, "split": split}))
            sizes[split] += 1
            unwritten[split].append(row)
            if len(unwritten[split]) == BATCH:
                flush(split)
        for split in [*unwritten]:
            flush(split)
    finally:
        for writer in writers.values():
            writer.close()
    return content.hexdigest(), sizes


def _store(export: Export, folder: Path) -> str:
    """Puts the files of `folder` as one zip into the default storage; returns its path there."""
    slug = export.round.task.slug
    archive = folder / "export.zip"
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in files:
            # Drawings are compressed already; doing it again costs time and gains nothing.
            compression = zipfile.ZIP_STORED if path.suffix == ".parquet" else None
            zipped.write(path, path.relative_to(folder), compress_type=compression)
    name = f"exports/{slug}/{slug}-round-{export.round.number}-export-{export.pk}.zip"
    default_storage.delete(name)  # left by a worker that died half way
    with open(archive, "rb") as file:
        return default_storage.save(name, File(file))


def _finish(export: Export, **changes: Any) -> None:
    """A ready export is never overwritten: a second worker that finishes later deletes its own file."""
    changes["finished_at"] = timezone.now()
    written = Export.objects.filter(pk=export.pk).exclude(status=Export.Status.READY).update(**changes)
    export.refresh_from_db()
    if not written and changes.get("path", export.path) != export.path:
        default_storage.delete(changes["path"])


# --- Rows ---------------------------------------------------------------------------------------------------------


def _rows(round: Round) -> Iterator[tuple[str, Json]]:
    """Every counted example of the round with its split, by id; at most a batch of them in memory."""
    labels = round.task.labels
    for example in _examples(round).iterator(chunk_size=BATCH):
        if missing := {example.label, example.prediction} - set(labels):
            raise ExportFailed(
                f"Example {example.pk} has the label “{missing.pop()}”, which is no label of the task any more. "
                "Put it back into the task's labels and ask for the export again."
            )
        seconds = (example.created_at - example.prompt.started_at).total_seconds()
        yield (
            example.split,
            {
                "example": example.pk,
                "image": _image(example),
                "label": labels.index(example.label),
                "prediction": labels.index(example.prediction),
                "fooled": example.fooled,
                "verification": example.verification,
                "rejected_as": example.rejected_as,
                "votes": [validation.answer for validation in example.validations.all()],
                "probabilities": example.probabilities,
                "model": example.model.name,
                "round": round.number,
                "prompt": example.prompt_id,
                "try_number": example.try_number,
                "seconds": seconds,
                "annotator": _pseudonym(round.task, example.annotator_id),
                "drawing": example.drawing_id,
            },
        )


def _examples(round: Round) -> QuerySet[Any]:
    item = TrainingSetItem.objects.filter(training_set=round.training_set_id, example=OuterRef("pk"))
    split = Coalesce(Subquery(item.values("split")), Value(UNASSIGNED), output_field=CharField())
    votes = Prefetch("validations", Validation.objects.order_by("pk"))
    return (
        round.examples.counted()
        .select_related("prompt", "drawing", "model")
        .prefetch_related(votes)
        .annotate(split=split)
        .order_by("pk")
    )


def _image(example: Example) -> Json | None:
    """The PNG; None for a drawing that was reported as abuse, unless an admin cleared it."""
    if example.verification == Example.Verification.DISPUTED or example.rejected_as == rules.ABUSE:
        return None
    png = bytes(example.drawing.png)
    if hashlib.sha256(png).hexdigest() != example.drawing_id:
        raise ExportFailed(
            f"The drawing of example {example.pk} no longer matches its hash: the stored bytes were altered. "
            "Restore the table of drawings from a backup and ask for the export again."
        )
    return {"bytes": png, "path": f"{example.pk}.png"}


def _pseudonym(task: Task, annotator_id: int) -> str:
    """The same for an annotator in all exports of a task; without the task's key it can't be traced back to anybody."""
    return hmac.new(task.split_key.encode(), f"export {annotator_id}".encode(), hashlib.sha256).hexdigest()[:16]


def _schema(task: Task) -> pa.Schema:
    """The columns, and in the metadata what Hugging Face `datasets` makes of them."""
    text, number, real = pa.string(), pa.int64(), pa.float64()
    labelled = {"_type": "ClassLabel", "names": task.labels}
    columns: list[tuple[str, pa.DataType, Json]] = [
        ("example", number, _scalar("int64")),
        ("image", pa.struct({"bytes": pa.binary(), "path": text}), {"_type": "Image"}),
        ("label", number, labelled),
        ("prediction", number, labelled),
        ("fooled", pa.bool_(), _scalar("bool")),
        ("verification", text, _scalar("string")),
        ("rejected_as", text, _scalar("string")),
        ("votes", pa.list_(text), {"_type": "Sequence", "feature": _scalar("string")}),
        ("probabilities", pa.list_(real), {"_type": "Sequence", "feature": _scalar("float64")}),
        ("model", text, _scalar("string")),
        ("round", number, _scalar("int64")),
        ("prompt", number, _scalar("int64")),
        ("try_number", number, _scalar("int64")),
        ("seconds", real, _scalar("float64")),
        ("annotator", text, _scalar("string")),
        ("drawing", text, _scalar("string")),
    ]
    features = {name: feature for name, _, feature in columns}
    metadata = {"huggingface": json.dumps({"info": {"features": features}})}
    return pa.schema([(name, type) for name, type, _ in columns], metadata=metadata)


def _scalar(dtype: str) -> Json:
    return {"_type": "Value", "dtype": dtype}


# --- Manifest -----------------------------------------------------------------------------------------------------


def _identity(round: Round) -> Json:
    """What the examples belong to; part of the hash."""
    return {
        "format": FORMAT,
        "task": round.task.slug,
        "labels": round.task.labels,
        "round": round.number,
        "rules": asdict(round.rules),
        "adversary": round.adversary.weights_hash if round.adversary else None,
    }


def _manifest(export: Export, round: Round, report: reports.RoundReport, sha256: str, sizes: dict[str, int]) -> Json:
    adversary, training_set, previous = round.adversary, round.training_set, previous_export(export)
    return {
        "format": FORMAT,
        "task": {"slug": round.task.slug, "name": round.task.name, "labels": round.task.labels},
        "round": {
            "number": round.number,
            "status": round.status,
            "opened_at": round.opened_at,
            "closed_at": round.closed_at,
            "done_at": round.done_at,
        },
        "rules": asdict(round.rules),
        "adversary": adversary
        and {
            "name": adversary.name,
            "number": adversary.number,
            "architecture": adversary.architecture,
            "weights_hash": adversary.weights_hash,
        },
        "training_set": training_set
        and {
            "manifest_hash": training_set.manifest_hash,
            "annotator_disjoint": training_set.annotator_disjoint,
        },
        "examples": sum(sizes.values()),
        "splits": sizes,
        "counts": report["counts"],
        "sha256": sha256,
        "previous": previous
        and {
            "export": previous.pk,
            "sha256": previous.sha256,
            "made_at": previous.finished_at,
            "same_data": previous.sha256 == sha256,
        },
        "export": export.pk,
        "made_at": timezone.now(),
    }


def _canonical_json(value: Json) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def _indented_json(value: Mapping[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, cls=DjangoJSONEncoder) + "\n"
