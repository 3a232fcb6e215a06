"""How well the site told right labels from wrong ones, and how fast it was: against the truth the simulation knows."""

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crowd.client import PASSING
from stats.rates import Rate

VERIFIED, REJECTED = "verified", "rejected"
UNREADABLE = "unreadable"
NO_ROUND = "no round was played to its end, and labels are known to the crowd from a round's export"


@dataclass(frozen=True)
class Outcome:
    """What became of one example that was put up for validation."""

    is_right: bool
    """Whether it really shows what it claims to."""
    fooled: bool
    verification: str
    """As the site says it: `verified`, `rejected`, `pending` or `disputed`."""


@dataclass(frozen=True)
class Vote:
    """One answer of a validator, and what would have been right."""

    validator: str
    careless: bool
    answer: str
    truth: str
    """A label, or `unreadable` for a scrawl."""


@dataclass(frozen=True)
class Quality:
    """What validation did for the labels of some examples."""

    wrong_before: Rate
    """Wrong labels among all that were put up for validation: the noise there would be without validation."""
    wrong_verified: Rate
    """Wrong labels among the verified ones: the noise that is left."""
    wrong_let_through: Rate
    """Wrong labels that were verified, of those that were settled."""
    right_rejected: Rate
    """Right labels that were rejected, of those that were settled: work of annotators that was lost."""

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name).to_json() for name in self.__dataclass_fields__}


def quality(outcomes: Iterable[Outcome]) -> Quality:
    """Counts wrong and right labels before and after validation."""
    counts = Counter((outcome.is_right, outcome.verification) for outcome in outcomes)
    wrong_verified, right_verified = counts[False, VERIFIED], counts[True, VERIFIED]
    wrong_rejected, right_rejected = counts[False, REJECTED], counts[True, REJECTED]
    wrong = sum(n for (is_right, _), n in counts.items() if not is_right)
    return Quality(
        wrong_before=Rate(wrong, counts.total()),
        wrong_verified=Rate(wrong_verified, wrong_verified + right_verified),
        wrong_let_through=Rate(wrong_verified, wrong_verified + wrong_rejected),
        right_rejected=Rate(right_rejected, right_rejected + right_verified),
    )


def agreement_with_truth(votes: Iterable[Vote]) -> dict[tuple[str, bool], Rate]:
    """By (validator, careless): answers that were right, of all their answers."""
    given: Counter[tuple[str, bool]] = Counter()
    right: Counter[tuple[str, bool]] = Counter()
    for vote in votes:
        who = vote.validator, vote.careless
        given[who] += 1
        right[who] += vote.answer == vote.truth
    return {who: Rate(right[who], given[who]) for who in sorted(given)}


@dataclass(frozen=True)
class Speed:
    """How quickly one kind of call succeeded."""

    calls: int
    median: float
    """Seconds."""
    p95: float
    """Seconds; the 95th percentile."""


def speed(seconds: Sequence[float]) -> Speed:
    """Of at least one call."""
    ordered = sorted(seconds)
    # The nearest rank: the smallest value that 95 % do not exceed.
    return Speed(len(ordered), statistics.median(ordered), ordered[-(-95 * len(ordered) // 100) - 1])


@dataclass(frozen=True)
class Load:
    """What the site bore while rounds were open: trainings, in which nobody calls, are left out. Times in which those
    who draw wait until validators have caught up are not."""

    calls: int
    """That succeeded."""
    seconds: float
    threads: int
    """People at the site at the same moment."""

    @property
    def per_second(self) -> float:
        return self.calls / self.seconds if self.seconds else 0.0


def refusals(outcomes: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """By (call, status): attempts to which the site said no for good, the most frequent first."""
    return _most_frequent(outcomes, lambda what: what.isdigit() and what[0] != "2" and int(what) not in PASSING)


def failures(outcomes: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """By (call, status or network error): attempts after which it may help to try again, the most frequent first."""
    return _most_frequent(outcomes, lambda what: not what.isdigit() or int(what) in PASSING)


def _most_frequent(
    outcomes: Mapping[tuple[str, str], int], is_meant: Callable[[str], bool]
) -> dict[tuple[str, str], int]:
    meant = {(call, what): n for (call, what), n in outcomes.items() if is_meant(what)}
    return dict(sorted(meant.items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True)
class Report:
    """The end of a campaign."""

    rounds: Sequence[int]
    """Numbers of those that were played to their end, whose labels these are."""
    fooling: Quality
    sampled: Quality
    """Of the examples that did not fool and were validated all the same."""
    validators: dict[tuple[str, bool], Rate]
    speeds: dict[str, Speed]
    refusals: dict[tuple[str, str], int]
    failures: dict[tuple[str, str], int]
    load: Load

    @property
    def calls(self) -> int:
        """That succeeded."""
        return sum(speed.calls for speed in self.speeds.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "rounds": list(self.rounds),
            "quality": {"fooling": self.fooling.to_json(), "sampled": self.sampled.to_json()},
            "validators": [
                {"name": name, "careless": careless, "agrees_with_truth": rate.to_json()}
                for (name, careless), rate in self.validators.items()
            ],
            "calls": {
                "n": self.calls,
                "while_open": {
                    "n": self.load.calls,
                    "seconds": self.load.seconds,
                    "per_second": self.load.per_second,
                    "threads": self.load.threads,
                },
                "each": {
                    call: {"n": of.calls, "median_seconds": of.median, "p95_seconds": of.p95}
                    for call, of in self.speeds.items()
                },
                "refusals": [{"call": call, "what": what, "n": n} for (call, what), n in self.refusals.items()],
                "failures": [{"call": call, "what": what, "n": n} for (call, what), n in self.failures.items()],
            },
        }


def make_report(
    rounds: Sequence[int],
    outcomes: Sequence[Outcome],
    votes: Iterable[Vote],
    seconds_of_calls: Mapping[str, Sequence[float]],
    outcomes_of_calls: Mapping[tuple[str, str], int],
    load: Load,
) -> Report:
    """Everything above from what a campaign has noted."""
    return Report(
        rounds=rounds,
        fooling=quality(outcome for outcome in outcomes if outcome.fooled),
        sampled=quality(outcome for outcome in outcomes if not outcome.fooled),
        validators=agreement_with_truth(votes),
        speeds={call: speed(taken) for call, taken in sorted(seconds_of_calls.items()) if taken},
        refusals=refusals(outcomes_of_calls),
        failures=failures(outcomes_of_calls),
        load=load,
    )


# --- As text ------------------------------------------------------------------------------------------------------


def as_text(report: Report) -> str:
    """The report for a terminal."""
    parts = [
        _title("Labels, against the truth", _quality_lines(report) if report.rounds else [NO_ROUND]),
        _title("Validators, against the truth", _validator_lines(report)),
        _title("Calls", _call_lines(report)),
    ]
    return "\n\n".join(parts)


def shown(rate: Rate) -> str:
    """`3.5 % [2.1, 5.8]  12/345`, or only the counts where there is too little to say."""
    if rate.value is None:
        return "none"
    if rate.interval is None:
        return f"{rate.numerator:,}/{rate.denominator:,}"
    low, high = rate.interval
    return f"{100 * rate.value:.1f} % [{100 * low:.1f}, {100 * high:.1f}]  {rate.numerator:,}/{rate.denominator:,}"


def _quality_lines(report: Report) -> list[str]:
    said = {
        "wrong_before": "wrong labels put up for validation",
        "wrong_verified": "wrong labels among the verified ones",
        "wrong_let_through": "wrong labels that were verified",
        "right_rejected": "right labels that were rejected",
    }
    lines = [f"of {'round' if len(report.rounds) == 1 else 'rounds'} {', '.join(map(str, report.rounds))}"]
    for kind, of in (("fooling examples", report.fooling), ("sampled, not fooling", report.sampled)):
        lines.append(f"{kind}:")
        lines += [f"  {words:<38}{shown(getattr(of, name))}" for name, words in said.items()]
    return lines


def _validator_lines(report: Report) -> list[str]:
    return [
        f"{name + (' (careless)' if careless else ''):<40}{shown(rate)}"
        for (name, careless), rate in report.validators.items()
    ]


def _call_lines(report: Report) -> list[str]:
    load = report.load
    lines = [
        f"{report.calls:,} succeeded; while rounds were open {load.calls:,} in {load.seconds:,.0f} s, "
        f"{load.per_second:.1f} a second from {load.threads} threads; those who draw wait for validators",
        f"{'':<18}{'calls':>9}{'median ms':>12}{'p95 ms':>12}",
    ]
    lines += [
        f"{call:<18}{of.calls:>9,}{1000 * of.median:>12.0f}{1000 * of.p95:>12.0f}" for call, of in report.speeds.items()
    ]
    lines += [f"refused: {n:,} × {call}: {what}" for (call, what), n in report.refusals.items()]
    lines += [f"failed: {n:,} × {call}: {what}" for (call, what), n in report.failures.items()] or ["no call failed"]
    return lines


def _title(title: str, lines: list[str]) -> str:
    return "\n".join([title, "-" * len(title), *lines])
