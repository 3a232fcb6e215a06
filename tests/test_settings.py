"""Environment variables, parsed: a typing error is refused with the variable's name, never read as something else."""

import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from dadc.settings import env_flag, env_int, env_list


@pytest.mark.parametrize("value", ["1", "true", "True", " yes ", "ON"])
def test_a_flag_is_on(monkeypatch, value):
    monkeypatch.setenv("A_FLAG", value)
    assert env_flag("A_FLAG") is True


@pytest.mark.parametrize("value", ["0", "false", "No", " off"])
def test_a_flag_is_off(monkeypatch, value):
    monkeypatch.setenv("A_FLAG", value)
    assert env_flag("A_FLAG", default=True) is False


@pytest.mark.parametrize("default", [True, False])
def test_a_flag_that_is_not_set_has_its_default(monkeypatch, default):
    monkeypatch.delenv("A_FLAG", raising=False)
    assert env_flag("A_FLAG", default) is default
    monkeypatch.setenv("A_FLAG", " ")
    assert env_flag("A_FLAG", default) is default


@pytest.mark.parametrize("value", ["flase", "ture", "2", "-", "yes please"])
def test_a_flag_with_a_typing_error_is_refused_with_its_name_and_what_it_takes(monkeypatch, value):
    monkeypatch.setenv("A_FLAG", value)
    with pytest.raises(ImproperlyConfigured, match=r"^A_FLAG is “.*”. Set it to one of 1, true, yes, on, 0, false, no"):
        env_flag("A_FLAG")


def test_a_number_is_read_or_has_its_default(monkeypatch):
    monkeypatch.setenv("A_NUMBER", " 587 ")
    assert env_int("A_NUMBER", 25, most=65_535) == 587
    monkeypatch.setenv("A_NUMBER", "")
    assert env_int("A_NUMBER", 25, most=65_535) == 25


@pytest.mark.parametrize("value", ["x", "2.5", "-1", "0", "65536", "٣", "1_000"])
def test_what_is_no_number_or_too_large_is_refused_with_its_name(monkeypatch, value):
    monkeypatch.setenv("A_NUMBER", value)
    with pytest.raises(ImproperlyConfigured, match=r"^A_NUMBER is “.*”. Set it to a whole number from 1 to 65535."):
        env_int("A_NUMBER", 25, most=65_535)


def test_a_list_is_split_at_its_commas(monkeypatch):
    monkeypatch.setenv("A_LIST", " a, b ,,")
    assert env_list("A_LIST") == ["a", "b"]


@pytest.mark.parametrize("name", ["DEBUG", "EMAIL_PORT", "EMAIL_USE_TLS", "BEHIND_PROXY"])
def test_the_site_does_not_start_with_a_wrong_one(name):
    starts = [sys.executable, "-c", "import dadc.settings"]
    started = subprocess.run(starts, env={**os.environ, name: "flase"}, capture_output=True, text=True)
    assert started.returncode != 0
    assert f"ImproperlyConfigured: {name} is “flase”." in started.stderr
