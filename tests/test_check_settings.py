import copy

import pytest
from django.core.checks import run_checks


def complaints() -> list[str]:
    return [f"{error.id} {error.msg} {error.hint}" for error in run_checks() if error.id.startswith("rounds.")]


def test_the_settings_as_they_come_are_sound():
    assert complaints() == []


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("SITE_URL", "dadc.example.org", "https://dadc.example.org"),
        ("REDIS_URL", "localhost:6379", "redis://host:6379/0"),
        ("SIGNUP_ROLES", ["annotator", "boss"], "Choose from annotator, validator, researcher, admin"),
    ],
)
def test_a_setting_that_can_not_work_is_named_with_its_cure(settings, name, value, cure):
    setattr(settings, name, value)
    (complaint,) = complaints()
    assert name in complaint
    assert cure in complaint


@pytest.mark.parametrize("rate", ["60", "sixty/min", "60/fortnight", ""])
def test_a_rate_that_is_none_is_named_with_its_cure(settings, rate):
    rest_framework = copy.deepcopy(settings.REST_FRAMEWORK)
    rest_framework["DEFAULT_THROTTLE_RATES"]["guest"] = rate
    settings.REST_FRAMEWORK = rest_framework
    (complaint,) = complaints()
    assert "THROTTLE_GUEST" in complaint
    assert "e.g. 60/min" in complaint
