"""Settings that can't work, found before the site starts, each with how to correct it."""

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import Error, register
from rest_framework.settings import api_settings

from rounds.roles import ROLES

RATE = re.compile(r"\d+/(s|sec|m|min|h|hour|d|day)")


@register()
def check_settings(app_configs: Any, **kwargs: Any) -> list[Error]:
    return [*_site_url(), *_redis_url(), *_signup_roles(), *_throttles()]


def _site_url() -> Iterable[Error]:
    address = urlsplit(settings.SITE_URL)
    if address.scheme not in ("http", "https") or not address.hostname:
        yield Error(
            f"SITE_URL is “{settings.SITE_URL}”, which is no address.",
            hint="Give it with its scheme, e.g. https://dadc.example.org.",
            id="rounds.E001",
        )


def _redis_url() -> Iterable[Error]:
    if settings.REDIS_URL and urlsplit(settings.REDIS_URL).scheme not in ("redis", "rediss", "unix"):
        yield Error(
            f"REDIS_URL is “{settings.REDIS_URL}”, which is no address of a Redis server.",
            hint="Give it as redis://host:6379/0, or leave it out: the queue is then kept in the database.",
            id="rounds.E002",
        )


def _signup_roles() -> Iterable[Error]:
    if unknown := sorted(set(settings.SIGNUP_ROLES) - set(ROLES)):
        yield Error(
            f"SIGNUP_ROLES names {', '.join(unknown)}, which is no role.",
            hint=f"Choose from {', '.join(ROLES)}.",
            id="rounds.E003",
        )


def _throttles() -> Iterable[Error]:
    for name, rate in api_settings.DEFAULT_THROTTLE_RATES.items():
        if not RATE.fullmatch(str(rate)):
            yield Error(
                f"THROTTLE_{name.upper()} is “{rate}”, which is no rate.",
                hint="Give a number per s, min, h or day, e.g. 60/min.",
                id="rounds.E004",
            )
