"""Exports: read back as a reader without this project would, with pyarrow and Pillow only."""

import hashlib
import io
import json
import zipfile
from dataclasses import asdict
from datetime import timedelta
from threading import Thread

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.files.storage import default_storage
from django.db import connection
from PIL import Image

from models_zoo.data.images import to_array
from rounds import jobs, reports, services
from rounds.datasets import export as exports
from rounds.datasets.freeze import freeze
from rounds.models import Drawing, Example, Export, Person, Round, TrainingSetItem

from .rows import NOON, a_model, a_person, a_round, a_task, an_attempt, people

pytestmark = pytest.mark.django_db
Status = Export.Status


@pytest.fixture
def ruth(db) -> User:
    return User.objects.create_user("ruth", "ruth@example.org")


@pytest.fixture
def round(db) -> Round:
    """Twelve verified fooling examples by three annotators, and one of every other kind."""
    task = a_task()
    round = a_round(task, a_model(task))
    voters, drawers = people(5, "voter"), people(3, "drawer")
    for nth in range(12):
        person = drawers[nth % 3]
        an_attempt(round, person, str(nth % 5), "9", [str(nth % 5)] * 2, voters=voters, try_number=nth + 1, seconds=nth)
    an_attempt(round, drawers[0], "7", "1", "7117", voters=voters)
    an_attempt(round, drawers[0], "7", "1", ["unreadable"] * 2, voters=voters)
    an_attempt(round, drawers[1], "7", "1", ["7", "abuse"], voters=voters)
    an_attempt(round, drawers[2], "7", "7")
    an_attempt(round, drawers[2], "7", "7", "77", voters=voters)
    an_attempt(round, drawers[2], "3", "8", practice=True)
    an_attempt(round, drawers[2], "3", "8", retracted=True)
    return round


@pytest.fixture
def frozen(round) -> Round:
    freeze(round)
    return round


def made(round: Round, by: User) -> Export:
    export = Export.objects.create(round=round, by=by)
    jobs.export(export.pk)
    export.refresh_from_db()
    assert export.status == Status.READY, export.error
    return export


def opened(export: Export) -> zipfile.ZipFile:
    with default_storage.open(export.path) as file:
        return zipfile.ZipFile(io.BytesIO(file.read()))


def read(export: Export, name: str) -> dict:
    return json.loads(opened(export).read(name))


def tables(export: Export) -> dict[str, pa.Table]:
    """Split → table."""
    zipped = opened(export)
    names = [name for name in zipped.namelist() if name.endswith(".parquet")]
    return {name[5:-8]: pq.read_table(io.BytesIO(zipped.read(name))) for name in names}


def rows(export: Export) -> list[dict]:
    return sorted(
        (row for table in tables(export).values() for row in table.to_pylist()), key=lambda row: row["example"]
    )


def test_an_export_holds_every_counted_example_and_no_other(frozen, ruth):
    export = made(frozen, ruth)
    counted = Example.objects.counted()
    assert [row["example"] for row in rows(export)] == sorted(counted.values_list("pk", flat=True))
    assert export.examples == 17
    assert export.path.startswith("exports/digits/")


def test_its_columns_say_what_the_database_says(frozen, ruth):
    example = Example.objects.select_related("prompt", "drawing").get(verification="pending", retracted_at=None)
    [row] = [row for row in rows(made(frozen, ruth)) if row["example"] == example.pk]
    assert row == {
        "example": example.pk,
        "image": {"bytes": bytes(example.drawing.png), "path": f"{example.pk}.png"},
        "label": 7,
        "prediction": 1,
        "fooled": True,
        "verification": "pending",
        "rejected_as": "",
        "votes": ["7", "1", "1", "7"],
        "probabilities": [0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        "model": "Graphite",
        "round": 1,
        "prompt": example.prompt_id,
        "try_number": 1,
        "seconds": 10.0,
        "annotator": row["annotator"],
        "drawing": example.drawing_id,
    }


def test_its_images_decode_to_what_the_model_saw(frozen, ruth):
    for row in rows(made(frozen, ruth)):
        if row["image"]:
            image = Image.open(io.BytesIO(row["image"]["bytes"]))
            assert (image.size, image.mode) == ((280, 280), "L")
            stored = Drawing.objects.get(pk=row["drawing"])
            assert np.array_equal(to_array(row["image"]["bytes"]), to_array(bytes(stored.png)))


def test_a_drawing_reported_as_abuse_is_counted_but_not_shown(frozen, ruth):
    hidden = [row for row in rows(made(frozen, ruth)) if row["image"] is None]
    assert [row["verification"] for row in hidden] == ["disputed"]


def test_its_splits_are_the_frozen_ones_and_the_rest_is_unassigned(frozen, ruth):
    export = made(frozen, ruth)
    found = {row["example"]: split for split, table in tables(export).items() for row in table.to_pylist()}
    frozen_splits = dict(TrainingSetItem.objects.values_list("example_id", "split"))
    assert {pk: split for pk, split in found.items() if split != "unassigned"} == frozen_splits
    assert set(found.values()) == {"train", "dev", "test", "unassigned"}
    assert read(export, "manifest.json")["splits"] == {
        split: sum(of == split for of in found.values()) for split in ("train", "dev", "test", "unassigned")
    }


def test_before_the_freeze_everything_is_unassigned(round, ruth):
    assert list(tables(made(round, ruth))) == ["unassigned"]


def test_the_schema_tells_hugging_face_of_images_and_class_names(frozen, ruth):
    schema = tables(made(frozen, ruth))["train"].schema
    features = json.loads(schema.metadata[b"huggingface"])["info"]["features"]
    assert features["image"] == {"_type": "Image"}
    assert features["label"] == {"_type": "ClassLabel", "names": list("0123456789")}
    assert list(features) == schema.names
    assert schema.field("image").type == pa.struct({"bytes": pa.binary(), "path": pa.string()})


def test_nobodys_name_or_address_is_in_any_file(frozen, ruth):
    export = made(frozen, ruth)
    content = b"".join(opened(export).read(name) for name in opened(export).namelist())
    for person in User.objects.all():
        assert person.username.encode() not in content
        assert person.email.encode() not in content


def test_an_annotator_has_one_pseudonym_over_all_exports_of_a_task(frozen, ruth):
    first = {row["example"]: row["annotator"] for row in rows(made(frozen, ruth))}
    again = {row["example"]: row["annotator"] for row in rows(made(frozen, ruth))}
    assert first == again
    annotator_of = dict(Example.objects.values_list("pk", "annotator_id"))
    assert len({(annotator_of[pk], pseudonym) for pk, pseudonym in first.items()}) == len(set(first.values())) == 3
    assert not any(pseudonym == str(annotator_of[pk]) for pk, pseudonym in first.items())


def test_the_manifest_says_what_the_data_was_made_from(frozen, ruth):
    manifest = read(made(frozen, ruth), "manifest.json")
    assert manifest["rules"] == asdict(frozen.rules)
    assert manifest["adversary"]["weights_hash"] == frozen.adversary.weights_hash
    assert manifest["training_set"]["manifest_hash"] == frozen.training_set.manifest_hash
    assert manifest["round"]["number"] == 1
    assert manifest["examples"] == manifest["counts"]["attempts"] == 17
    assert manifest["previous"] is None


def test_the_report_in_it_is_the_one_that_pages_show(frozen, ruth):
    frozen.refresh_from_db()
    assert read(made(frozen, ruth), "report.json") == reports.round_report(frozen)


def test_the_card_has_yaml_that_names_the_files_and_text_with_the_numbers(frozen, ruth):
    yaml = pytest.importorskip("yaml")
    export = made(frozen, ruth)
    card = opened(export).read("README.md").decode()
    _, front, text = card.split("---\n", 2)
    [config] = yaml.safe_load(front)["configs"]
    files = {entry["path"] for entry in config["data_files"]}
    assert files == {name for name in opened(export).namelist() if name.endswith(".parquet")}
    assert "(12 of 17; 95 %:" in text
    assert export.sha256 in text


def test_equal_data_has_equal_hashes_whenever_and_in_whatever_batches_it_is_written(frozen, ruth, monkeypatch):
    first = made(frozen, ruth)
    monkeypatch.setattr(exports, "BATCH", 3)
    with time_machine.travel(NOON + timedelta(days=900)):
        second = made(frozen, ruth)
    assert first.sha256 == second.sha256
    assert first.path != second.path
    assert rows(first) == rows(second)


@pytest.mark.parametrize("what", ["vote", "verification", "split", "new example", "retraction"])
def test_other_data_has_another_hash_and_says_from_which_export_it_differs(frozen, ruth, what):
    first = made(frozen, ruth)
    example = Example.objects.filter(verification="verified", fooled=True).first()
    if what == "vote":
        pending = Example.objects.get(verification="pending", retracted_at=None)
        pending.validations.filter(answer="7").update(answer="2")
    elif what == "verification":
        Example.objects.filter(pk=example.pk).update(verification="rejected", rejected_as="9")
    elif what == "split":
        item = TrainingSetItem.objects.filter(split="train").first()
        TrainingSetItem.objects.filter(pk=item.pk).update(split="test")
    elif what == "new example":
        an_attempt(frozen, a_person("zoe"), "2", "2")
    else:
        Example.objects.filter(pk=example.pk).update(retracted_at=NOON)
    second = made(frozen, ruth)
    assert second.sha256 != first.sha256
    previous = read(second, "manifest.json")["previous"]
    assert (previous["export"], previous["sha256"], previous["same_data"]) == (first.pk, first.sha256, False)
    assert f"differs from that of export {first.pk}" in opened(second).read("README.md").decode()
    assert exports.previous_export(second) == first


def test_an_export_of_unchanged_data_says_so(frozen, ruth):
    first = made(frozen, ruth)
    second = made(frozen, ruth)
    assert read(second, "manifest.json")["previous"]["same_data"] is True
    assert f"the same as that of export {first.pk}" in opened(second).read("README.md").decode()


def test_two_rounds_without_examples_do_not_pass_for_the_same_data(round, ruth):
    task = round.task
    empty = [a_round(task, round.adversary, status="validating") for _ in range(2)]
    one, two = (made(of, ruth) for of in empty)
    assert one.sha256 != two.sha256
    assert one.examples == 0
    assert tables(one) == {}
    assert reports.round_report(empty[0])["counts"]["attempts"] == 0


def test_the_version_in_which_rules_are_stored_does_not_change_the_hash_of_the_same_data(round, ruth):
    """Hashes that were published before rules had a version stay those of the same data."""
    empty = a_round(round.task, round.adversary, status="validating")
    rules = {
        "label_assignment": "balanced",
        "tries_per_prompt": 20,
        "onboarding_prompts": 0,
        "sample_rate": 0.1,
        "min_votes": 2,
        "max_votes": 5,
        "votes_to_verify": 2,
        "lead_to_reject": 2,
        "lease_seconds": 180,
        "target_verified": 200,
        "duration_hours": None,
        "close_when": "any",
        "non_fooling": "verified",
        "gate_tolerance": 0.005,
    }
    identity = {
        "format": 1,
        "task": "digits",
        "labels": list("0123456789"),
        "round": empty.number,
        "rules": rules,
        "adversary": round.adversary.weights_hash,
    }
    canonical = json.dumps(identity, sort_keys=True, separators=(",", ":")) + "\n"
    assert empty.frozen_rules == {"version": 1, **rules}
    assert made(empty, ruth).sha256 == hashlib.sha256(canonical.encode()).hexdigest()


def test_the_job_run_twice_makes_one_file(frozen, ruth):
    export = made(frozen, ruth)
    before = opened(export).read("manifest.json")
    jobs.export(export.pk)
    assert opened(export).read("manifest.json") == before
    assert len(default_storage.listdir("exports/digits")[1]) == 1


def test_a_second_worker_that_comes_late_changes_nothing(frozen, ruth):
    export = Export.objects.create(round=frozen, by=ruth)
    late = Export.objects.select_related("round__task").get(pk=export.pk)
    jobs.export(export.pk)
    first = Export.objects.get(pk=export.pk)
    exports.make_export(late)
    second = Export.objects.get(pk=export.pk)
    assert (second.sha256, second.finished_at) == (first.sha256, first.finished_at)
    assert default_storage.listdir("exports/digits")[1] == [first.path.rpartition("/")[2]]


def test_altered_pixels_fail_the_export_with_a_sentence_and_leave_no_file(frozen, ruth):
    Drawing.objects.update(png=b"other bytes")
    export = Export.objects.create(round=frozen, by=ruth)
    jobs.export(export.pk)
    export.refresh_from_db()
    assert export.status == Status.FAILED
    assert "no longer matches its hash" in export.error
    assert (export.path, export.sha256, export.examples) == ("", "", None)
    assert not default_storage.exists("exports")


def test_a_label_taken_out_of_the_task_fails_it_with_a_sentence(frozen, ruth):
    frozen.task.labels = [*"012345678"]
    frozen.task.save()
    export = Export.objects.create(round=frozen, by=ruth)
    jobs.export(export.pk)
    export.refresh_from_db()
    assert export.status == Status.FAILED
    assert "“9”" in export.error


def test_an_unexpected_error_is_reported_without_its_details_and_the_next_run_repairs_it(frozen, ruth, monkeypatch):
    def full(*args, **kwargs):
        raise OSError("/mnt/secret is full")

    export = Export.objects.create(round=frozen, by=ruth)
    with monkeypatch.context() as patched:
        patched.setattr(default_storage, "save", full)
        with pytest.raises(OSError):
            jobs.export(export.pk)
    export.refresh_from_db()
    assert export.status == Status.FAILED
    assert "secret" not in export.error
    jobs.export(export.pk)
    export.refresh_from_db()
    assert (export.status, export.error) == (Status.READY, "")


def test_asking_for_an_export_queues_a_job_that_makes_it(frozen, ruth, monkeypatch):
    queued = []
    monkeypatch.setattr("rounds.services.exports.enqueue", lambda *args, **kwargs: queued.append(args))
    export = services.request_export(round=frozen, by=ruth)
    assert queued == [("rounds.jobs.export", export.pk)]
    jobs.export(export.pk)
    export.refresh_from_db()
    assert export.status == Status.READY


@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs a database that two connections can share")
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_an_open_round_is_exported_as_it_was_at_one_moment_and_holds_nobody_up(round, ruth, monkeypatch):
    pending = Example.objects.get(verification="pending", retracted_at=None)
    Example.objects.filter(pk=pending.pk).update(leased_to=Person.objects.get(user__username="voter4"))
    image_of = exports._image

    def settle() -> None:
        fifth = Person.objects.get(user__username="voter4")
        services.record_validation(example=pending, validator=fifth, answer="7")
        connection.close()

    def image_while_others_vote(example):
        if example.pk == Example.objects.earliest("pk").pk:
            vote = Thread(target=settle)
            vote.start()
            vote.join(timeout=10)
            assert not vote.is_alive()
        return image_of(example)

    monkeypatch.setattr(exports, "_image", image_while_others_vote)
    monkeypatch.setattr(exports, "BATCH", 1)
    export = made(round, ruth)
    assert Example.objects.get(pk=pending.pk).verification == "verified"
    [row] = [row for row in rows(export) if row["example"] == pending.pk]
    assert (row["verification"], row["votes"]) == ("pending", ["7", "1", "1", "7"])
    assert read(export, "manifest.json")["counts"]["pending"] == 1
