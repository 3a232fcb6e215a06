"""Several machines share models, checkpoints and exports through a bucket."""

import shutil
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import boto3
import pytest
from django.conf import settings as django_settings
from django.core.files.storage import default_storage
from moto import mock_aws

from rounds import jobs, predictor, services
from rounds.models import Export, Round, Task

pytestmark = pytest.mark.django_db
BUCKET = "dadc"


@pytest.fixture(autouse=True)
def bucket(_own_folders, settings, monkeypatch) -> Iterator[None]:
    """An S3 service in this process (moto): no real bucket can be had where the tests run."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket=BUCKET)
        s3 = {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": {"bucket_name": BUCKET}}
        settings.STORAGES = {**settings.STORAGES, "default": s3}
        yield


def another_machine() -> None:
    """Nothing in memory, nothing on the disk."""
    predictor.clear_cache()
    shutil.rmtree(Path(django_settings.DATA_DIR), ignore_errors=True)


def test_an_adversary_is_fetched_from_the_bucket(open_round, alice, draw):
    another_machine()
    assert draw(alice, open_round.task, fooling=True).fooled


def test_a_model_trained_on_one_machine_is_the_adversary_on_another(open_round, alice, bob, carol, draw, validate):
    for nth in range(6):
        example = draw(alice, open_round.task, fooling=True, nth=nth // 5)
        validate(bob, example, example.label)
        validate(carol, example, example.label)
    services.close_round(round=open_round, by=None)
    quick = {"epochs": 1, "base_replay": 1000, "architecture": "mnist_cnn"}
    run = services.start_training(round=open_round, by=None, recipe=quick)
    jobs.train(run.pk)
    run.refresh_from_db()
    assert run.model, run.error
    assert default_storage.listdir(f"runs/{run.pk}") == ([], [])
    another_machine()
    if Round.objects.filter(number=1, status=Round.Status.REVIEWING).exists():
        services.accept_model(round=Round.objects.get(number=1), by=None)
    assert draw(alice, Task.objects.get(), fooling=False).model == run.model


def test_an_export_is_downloaded_from_the_bucket(open_round, alice, draw, adam, client):
    draw(alice, open_round.task, fooling=True)
    export = Export.objects.create(round=open_round, by=adam.user)
    jobs.export(export.pk)
    another_machine()
    client.force_login(adam.user)
    response = client.get(f"/api/v1/exports/{export.pk}/download/")
    assert "manifest.json" in ZipFile(BytesIO(response.getvalue())).namelist()
