"""Template filters and tags: how pages show numbers, names and rounds."""

import json
import re
from typing import Any

from django import template
from django.forms import BoundField

from rounds import pigments, selectors
from rounds.models import AuditEvent, ModelVersion, Round, Task
from stats.rates import RateJson

register = template.Library()

#: What a move of a round is called, by the state it leads to.
MOVE_NAMES: dict[str, str] = {
    Round.Status.OPEN: "Opened",
    Round.Status.VALIDATING: "Closed",
    Round.Status.TRAINING: "Training began",
    Round.Status.REVIEWING: "Trained and measured",
    Round.Status.DONE: "Done",
}


@register.filter
def pigment(model_name: str) -> str:
    """The colour of a model. Decoration only: the name always stands next to it."""
    return pigments.colour(model_name)


@register.filter
def percent(share: float | None) -> str:
    """0.1239 → "12.4 %", which stays on one line."""
    return "–" if share is None else f"{100 * share:.1f}\u00a0%"


@register.filter
def bounds(interval: list[float] | None) -> str:
    """[0.109, 0.14] → "[10.9, 14.0]"."""
    return f"[{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]" if interval else ""


@register.filter
def points(difference: float | None) -> str:
    """-0.021 → "−2.1", in percentage points, always with its sign."""
    return "–" if difference is None else f"{100 * difference:+z.1f}".replace("-", "−")


@register.filter
def signed_bounds(interval: list[float] | None) -> str:
    """[-0.03, 0.01] → "[−3.0, +1.0]"."""
    return f"[{points(interval[0])}, {points(interval[1])}]" if interval else ""


@register.filter
def count_shade(count: int, table: list[list[int]]) -> float:
    """How dark the cell of a count is in a table of counts, 0…1: by its square root, so that rare mistakes are seen."""
    most = max((n for row in table for n in row), default=0)
    return round((count / most) ** 0.5, 4) if most else 0.0


@register.filter
def zip_with(left: list[Any], right: list[Any]) -> list[tuple[Any, Any]]:
    """The pairs of two lists of the same length."""
    return list(zip(left, right, strict=True))


@register.filter
def accuracy_shade(accuracy: float, palest: float) -> float:
    """How dark the cell of an accuracy is, 0…1, on a scale from `palest` to 100 %."""
    return round((accuracy - palest) / (1 - palest), 4) if palest < 1 else 1.0


@register.filter
def add_number(number: float, more: float) -> str:
    """Like Django's `add`, for coordinates with fractions."""
    return f"{number + more:g}"


@register.filter
def states(round_: Round) -> list[tuple[str, str]]:
    """The states of a round in their order, each `past`, `now` or `ahead`."""
    every = list(Round.Status.values)
    present = every.index(round_.status)
    return [(state, _position(index - present)) for index, state in enumerate(every)]


def _position(distance: int) -> str:
    if distance == 0:
        return "now"
    return "past" if distance < 0 else "ahead"


@register.filter
def move_name(event: AuditEvent) -> str:
    """A move of a round in one to three words."""
    if event.from_status == Round.Status.TRAINING and event.to_status == Round.Status.VALIDATING:
        return "Training failed"
    return MOVE_NAMES[event.to_status]


@register.filter
def as_rate(score: dict[str, int]) -> RateJson:
    """A model's score on a set, `correct` of `n`, for the tag `rate`."""
    return {
        "value": score["correct"] / score["n"],
        "interval": None,
        "numerator": score["correct"],
        "denominator": score["n"],
    }


@register.filter
def with_article(label: str) -> str:
    """ "8" → "an 8". static/js/draw/words.js does the same."""
    return f"{'an' if re.match(r'8|11$|18$|[aeiou]', label, re.IGNORECASE) else 'a'} {label}"


@register.filter
def without_placeholder(field: BoundField) -> str:
    """An input of a form of django-allauth, without the placeholder that repeats its label."""
    return field.as_widget(attrs={"placeholder": False})


@register.filter
def as_json(value: Any) -> str:
    return json.dumps(value)


@register.filter
def short_time(seconds: float | None) -> str:
    """95 → "1 min 35 s"."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


@register.inclusion_tag("partials/rate.html")
def rate(value: RateJson | None) -> dict[str, Any]:
    """A rate of a report with its interval, numerator and denominator."""
    return {"rate": value}


@register.inclusion_tag("partials/adversary.html")
def adversary(model: ModelVersion, round_number: int | None = None, record: dict[str, int] | None = None) -> dict:
    return {"model": model, "round_number": round_number, "record": record}


@register.simple_tag(takes_context=True)
def menu_task(context: template.Context) -> Task | None:
    """The task that the site's menu links to: that of the page, or the default one."""
    return context.get("task") or selectors.default_task()
