"""Models on their way from the storage to a prediction."""

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from django.core.files.storage import default_storage

from rounds import predictor
from rounds.errors import Unavailable
from rounds.models import ModelVersion

pytestmark = pytest.mark.django_db


def test_a_model_is_fetched_once_and_whole(adversary, settings):
    predictor.load(adversary)
    default_storage.delete(f"{adversary.folder}/model.json")
    predictor.clear_cache()
    assert predictor.load(adversary)
    assert [path.name for path in (settings.DATA_DIR / "models").iterdir()] == [adversary.weights_hash]


def test_a_model_whose_files_are_lost_serves_nothing_and_leaves_nothing_behind(adversary, settings):
    default_storage.delete(f"{adversary.folder}/model.json")
    with pytest.raises(Unavailable):
        predictor.load(adversary)
    assert list((settings.DATA_DIR / "models").iterdir()) == []


@pytest.fixture
def slow(monkeypatch) -> SimpleNamespace:
    """Reading the model “slow” takes until `slow.go_on` is set; `slow.begun` says that it has begun."""
    read, slow = predictor._read, SimpleNamespace(begun=threading.Event(), go_on=threading.Event(), times=0)

    def read_slowly(version: ModelVersion):
        if version.weights_hash != "slow":
            return read(version)
        slow.times += 1
        slow.begun.set()
        assert slow.go_on.wait(30)
        return "the slow model"

    monkeypatch.setattr(predictor, "_read", read_slowly)
    slow.version = ModelVersion(weights_hash="slow", number=2)
    return slow


def test_while_one_model_is_read_another_predicts(adversary, slow):
    predictor.load(adversary)
    image = np.zeros((28, 28), dtype=np.uint8)
    with ThreadPoolExecutor() as threads:
        reading = threads.submit(predictor.load, slow.version)
        try:
            assert slow.begun.wait(30)
            probabilities = threads.submit(predictor.predict, adversary, image).result(timeout=30)
            assert probabilities.sum() == pytest.approx(1, abs=1e-4)
            assert not reading.done()
        finally:
            slow.go_on.set()
        assert reading.result(timeout=30) == "the slow model"


def test_a_model_that_several_threads_want_is_read_once(slow):
    with ThreadPoolExecutor() as threads:
        wanted = [threads.submit(predictor.load, slow.version) for _ in range(3)]
        assert slow.begun.wait(30)
        slow.go_on.set()
        assert [model.result(timeout=30) for model in wanted] == ["the slow model"] * 3
    assert slow.times == 1


def test_the_models_used_longest_ago_leave_the_memory(adversary, monkeypatch):
    monkeypatch.setattr(predictor, "_read", lambda version: f"model {version.number}")
    monkeypatch.setattr(predictor, "CACHE_SIZE", 2)
    one, two, three = (ModelVersion(weights_hash=str(number), number=number) for number in (1, 2, 3))
    for version in (one, two, one, three):
        predictor.load(version)
    assert list(predictor._models.values()) == ["model 1", "model 3"]
