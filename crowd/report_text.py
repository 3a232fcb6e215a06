"""A campaign's report as text for a terminal."""

from crowd.report import CampaignReport, LabelQuality
from stats.rates import Rate

RATES = {
    "wrong_before": "wrong labels put up for validation",
    "wrong_verified": "wrong labels among the verified ones",
    "wrong_let_through": "wrong labels that were verified",
    "right_rejected": "right labels that were rejected",
}
"""Field of `LabelQuality` → what the text calls it."""


def format_report(report: CampaignReport) -> str:
    sections = {
        "Labels, compared with the ground truth": _label_lines(report),
        "Validators, compared with the ground truth": _validator_lines(report),
        "API calls": _call_lines(report),
    }
    return "\n\n".join("\n".join([title, "-" * len(title), *lines]) for title, lines in sections.items())


def format_rate(rate: Rate) -> str:
    """`3.5 % [2.1, 5.8]  12/345`, with Wilson's 95 % interval; only the counts where they are too small for it."""
    if rate.value is None:
        return "none"
    if rate.interval is None:
        return f"{rate.numerator:,}/{rate.denominator:,}"
    low, high = rate.interval
    return f"{100 * rate.value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]  {rate.numerator:,}/{rate.denominator:,}"


def _label_lines(report: CampaignReport) -> list[str]:
    if not report.rounds:
        return ["no round was finished: the labels are read from the exports of finished rounds"]
    return [
        f"of {'round' if len(report.rounds) == 1 else 'rounds'} {', '.join(map(str, report.rounds))}",
        *_quality_lines("fooling examples", report.fooling),
        *_quality_lines("sampled, not fooling", report.sampled),
    ]


def _quality_lines(title: str, quality: LabelQuality) -> list[str]:
    return [f"{title}:", *(f"  {words:<38}{format_rate(getattr(quality, name))}" for name, words in RATES.items())]


def _validator_lines(report: CampaignReport) -> list[str]:
    return [
        f"{name + (' (careless)' if is_careless else ''):<40}{format_rate(rate)}"
        for (name, is_careless), rate in report.validators.items()
    ]


def _call_lines(report: CampaignReport) -> list[str]:
    load = report.load
    lines = [
        f"{report.calls:,} succeeded; while rounds were open {load.calls:,} in {load.seconds:,.0f} s, "
        f"{load.per_second:.1f} per second from {load.threads} threads (annotators wait for validators)",
        f"{'':<18}{'calls':>9}{'median ms':>12}{'p95 ms':>12}",
    ]
    lines += [
        f"{call:<18}{times.calls:>9,}{1000 * times.median:>12.0f}{1000 * times.p95:>12.0f}"
        for call, times in report.call_times.items()
    ]
    lines += [f"refused: {n:,} × {call}: {what}" for (call, what), n in report.refusals.items()]
    lines += [f"failed: {n:,} × {call}: {what}" for (call, what), n in report.failures.items()] or ["no call failed"]
    return lines
