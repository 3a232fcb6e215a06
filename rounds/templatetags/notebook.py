"""How numbers and names are set on every page."""

import json
import re
from typing import Any

from django import template
from django.forms import BoundField

from rounds import selectors
from rounds.models import AuditEvent, ModelVersion, Round, Task

register = template.Library()

#: The colours of the names that adversaries get. Decoration only: the name always stands beside it.
PIGMENTS = {
    "Graphite": "#6b7075",
    "Charcoal": "#3a3b3d",
    "Sepia": "#6f4a26",
    "Cinnabar": "#c8452f",
    "Indigo": "#2f4a86",
    "Umber": "#5f4532",
    "Ochre": "#bf8a2b",
    "Cobalt": "#1f55a5",
    "Madder": "#a83c4f",
    "Vermilion": "#d4482a",
    "Sienna": "#a0552d",
    "Malachite": "#1f7a55",
    "Lampblack": "#26262b",
    "Carmine": "#9c1f3a",
    "Azurite": "#2f6fb0",
    "Gamboge": "#d99a1a",
    "Verdigris": "#3f8f83",
    "Orpiment": "#d9a520",
    "Bister": "#4a3a2a",
    "Woad": "#35507a",
}
UNKNOWN_PIGMENT = "#6b7075"

#: What has happened to a round when it gets into a state.
HAPPENED: dict[str, str] = {
    Round.Status.OPEN: "Opened",
    Round.Status.VALIDATING: "Closed",
    Round.Status.TRAINING: "Training began",
    Round.Status.REVIEWING: "Trained and measured",
    Round.Status.DONE: "Done",
}


@register.filter
def pigment(model_name: str) -> str:
    """The colour of an adversary, from its name ("Sepia", "Sepia 2")."""
    return PIGMENTS.get(model_name.split(" ")[0], UNKNOWN_PIGMENT)


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
def share_of_most(count: int, table: list[list[int]]) -> float:
    """How dark a count is in a table of counts, 0…1; by its square root, so that rare mistakes are seen."""
    most = max((n for row in table for n in row), default=0)
    return round((count / most) ** 0.5, 4) if most else 0.0


@register.filter
def beside(left: list[Any], right: list[Any]) -> list[tuple[Any, Any]]:
    """Walks two lists of the same length together."""
    return list(zip(left, right, strict=True))


@register.filter
def heat(value: float, palest: float) -> float:
    """How dark a cell of a heat map is, 0…1, on a scale from `palest` to 100 %."""
    return round((value - palest) / (1 - palest), 4) if palest < 1 else 1.0


@register.filter
def add_number(number: float, more: float) -> str:
    """Like Django's `add`, for coordinates with fractions."""
    return f"{number + more:g}"


@register.filter
def states(round: Round) -> list[tuple[str, str]]:
    """The states of a round in their order, each `past`, `now` or `ahead`."""
    line = list(Round.Status.values)
    present = line.index(round.status)
    return [(state, _position(place - present)) for place, state in enumerate(line)]


def _position(distance: int) -> str:
    if distance == 0:
        return "now"
    return "past" if distance < 0 else "ahead"


@register.filter
def happened(event: AuditEvent) -> str:
    """A move of a round in a word or three."""
    if event.from_status == Round.Status.TRAINING and event.to_status == Round.Status.VALIDATING:
        return "Training failed"
    return HAPPENED[event.to_status]


@register.filter
def as_rate(score: dict[str, int]) -> dict[str, Any]:
    """A model's score on a set, `correct` of `n`, as `rate` takes it."""
    return {
        "value": score["correct"] / score["n"],
        "interval": None,
        "numerator": score["correct"],
        "denominator": score["n"],
    }


@register.filter
def with_article(label: str) -> str:
    """ "8" → "an 8", as words.js has it on the sheet."""
    return f"{'an' if re.match(r'8|11$|18$|[aeiou]', label, re.IGNORECASE) else 'a'} {label}"


@register.filter
def without_placeholder(field: BoundField) -> str:
    """An input of the accounts library: its label stands above it already, and in our words."""
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
def rate(value: dict[str, Any] | None) -> dict[str, Any]:
    """A rate of a report with its interval, numerator and denominator."""
    return {"rate": value}


@register.inclusion_tag("partials/adversary.html")
def adversary(model: ModelVersion, round_number: int | None = None, record: dict[str, int] | None = None) -> dict:
    return {"model": model, "round_number": round_number, "record": record}


@register.simple_tag(takes_context=True)
def front_task(context: template.Context) -> Task | None:
    """The task that the site's menu points to: that of the page, or the one people can draw for."""
    return context.get("task") or selectors.front_task()
