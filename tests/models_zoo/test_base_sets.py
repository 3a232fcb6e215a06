"""A base set is found by its name; an unknown name is refused with those there are."""

import pytest

from models_zoo.data.base_data import BaseDataError
from models_zoo.data.base_sets import BaseSet, base_set
from models_zoo.data.mnist import ensure_mnist, load_mnist


def test_mnist_is_fetched_and_read_by_its_name():
    assert (base_set("mnist").ensure, base_set("mnist").load) == (ensure_mnist, load_mnist)


def test_to_fetch_is_to_make_complete_and_then_to_read(tmp_path):
    calls = []

    def ensure(root, *, progress=None):
        calls.append(("ensure", root, progress))
        return root

    def load(root):
        calls.append(("load", root))
        return "its pictures"

    assert BaseSet(ensure, load).fetch(tmp_path, progress=print) == "its pictures"
    assert calls == [("ensure", tmp_path, print), ("load", tmp_path)]


def test_an_unknown_name_is_refused_with_those_there_are():
    with pytest.raises(BaseDataError, match=r"no base set 'letters': choose one of mnist\.$"):
        base_set("letters")
