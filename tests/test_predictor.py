"""Models on their way from the storage to a prediction."""

import pytest
from django.core.files.storage import default_storage

from rounds import predictor
from rounds.errors import Unavailable

pytestmark = pytest.mark.django_db


def test_a_model_is_fetched_once_and_whole(adversary, settings):
    predictor.load(adversary)
    default_storage.delete(f"{adversary.folder}/model.json")
    predictor.forget()
    assert predictor.load(adversary)
    assert [path.name for path in (settings.DATA_DIR / "models").iterdir()] == [adversary.weights_hash]


def test_a_model_whose_files_are_lost_serves_nothing_and_leaves_nothing_behind(adversary, settings):
    default_storage.delete(f"{adversary.folder}/model.json")
    with pytest.raises(Unavailable):
        predictor.load(adversary)
    assert list((settings.DATA_DIR / "models").iterdir()) == []
