"""What a campaign measured: wrong labels before and after validation, validators' accuracy, and the site's speed."""

import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from crowd.call_log import CallLog
from crowd.transport import RETRIED_STATUSES
from rounds.rules import REJECTED, VERIFIED
from stats.rates import Rate


@dataclass(frozen=True)
class ExampleOutcome:
    """What the site made of one example that was put up for validation."""

    is_right: bool
    """Whether it really shows what it claims to show."""
    fooled: bool
    verification: str
    """As the site names it: `verified`, `rejected`, `pending` or `disputed`."""


@dataclass(frozen=True)
class ValidatorAnswer:
    """One answer of a validator, and the right one."""

    validator: str
    is_careless: bool
    answer: str
    truth: str
    """A label, or `unreadable` for a scrawl."""


@dataclass(frozen=True)
class LabelQuality:
    """How many labels were wrong before and after validation."""

    wrong_before: Rate
    """Wrong labels, of all examples that were put up for validation."""
    wrong_verified: Rate
    """Wrong labels, of the verified examples: what validation let through."""
    wrong_let_through: Rate
    """Verified examples, of the settled ones with a wrong label."""
    right_rejected: Rate
    """Rejected examples, of the settled ones with a right label: annotators' work that was lost."""

    def to_json(self) -> dict[str, Any]:
        return {name: getattr(self, name).to_json() for name in self.__dataclass_fields__}


def label_quality(outcomes: Iterable[ExampleOutcome]) -> LabelQuality:
    counts = Counter((outcome.is_right, outcome.verification) for outcome in outcomes)
    wrong_verified, right_verified = counts[False, VERIFIED], counts[True, VERIFIED]
    wrong_rejected, right_rejected = counts[False, REJECTED], counts[True, REJECTED]
    wrong = sum(n for (is_right, _), n in counts.items() if not is_right)
    return LabelQuality(
        wrong_before=Rate(wrong, counts.total()),
        wrong_verified=Rate(wrong_verified, wrong_verified + right_verified),
        wrong_let_through=Rate(wrong_verified, wrong_verified + wrong_rejected),
        right_rejected=Rate(right_rejected, right_rejected + right_verified),
    )


def agreement_with_truth(answers: Iterable[ValidatorAnswer]) -> dict[tuple[str, bool], Rate]:
    """(validator, is careless) → right answers, of all their answers."""
    given: Counter[tuple[str, bool]] = Counter()
    right: Counter[tuple[str, bool]] = Counter()
    for one in answers:
        validator = one.validator, one.is_careless
        given[validator] += 1
        right[validator] += one.answer == one.truth
    return {validator: Rate(right[validator], given[validator]) for validator in sorted(given)}


@dataclass(frozen=True)
class CallTimes:
    """How quickly one kind of API call succeeded."""

    calls: int
    median: float
    """Seconds."""
    p95: float
    """Seconds: the 95th percentile by nearest rank, the smallest time that 95 % of the calls don't exceed."""


def call_times(seconds: Sequence[float]) -> CallTimes:
    """Of at least one call."""
    ordered = sorted(seconds)
    return CallTimes(len(ordered), statistics.median(ordered), ordered[-(-95 * len(ordered) // 100) - 1])


@dataclass(frozen=True)
class SiteLoad:
    """The site's throughput while rounds were open.

    Trainings are left out, since nobody calls the site then; times in which annotators wait for validators are not.
    """

    calls: int
    """Those that succeeded."""
    seconds: float
    threads: int
    """How many bots call the site at the same time."""

    @property
    def per_second(self) -> float:
        return self.calls / self.seconds if self.seconds else 0.0


def refusals(outcomes: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """(call, status) → attempts that the site refused for good, the most frequent first."""
    return _most_frequent(outcomes, lambda what: not _is_retried(what) and what[0] != "2")


def failures(outcomes: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], int]:
    """(call, status or name of the network error) → attempts that were worth a retry, the most frequent first."""
    return _most_frequent(outcomes, _is_retried)


def _is_retried(what: str) -> bool:
    return not what.isdigit() or int(what) in RETRIED_STATUSES


def _most_frequent(
    outcomes: Mapping[tuple[str, str], int], is_meant: Callable[[str], bool]
) -> dict[tuple[str, str], int]:
    meant = {(call, what): n for (call, what), n in outcomes.items() if is_meant(what)}
    return dict(sorted(meant.items(), key=lambda item: (-item[1], item[0])))


@dataclass(frozen=True)
class CampaignReport:
    rounds: Sequence[int]
    """Numbers of the rounds that were finished. Only their labels are compared with the ground truth."""
    fooling: LabelQuality
    sampled: LabelQuality
    """Of the examples that did not fool the model and were sampled for validation."""
    validators: dict[tuple[str, bool], Rate]
    call_times: dict[str, CallTimes]
    refusals: dict[tuple[str, str], int]
    failures: dict[tuple[str, str], int]
    load: SiteLoad

    @property
    def calls(self) -> int:
        """Those that succeeded."""
        return sum(times.calls for times in self.call_times.values())

    def to_json(self) -> dict[str, Any]:
        return {
            "rounds": list(self.rounds),
            "quality": {"fooling": self.fooling.to_json(), "sampled": self.sampled.to_json()},
            "validators": [
                {"name": name, "careless": is_careless, "agrees_with_truth": rate.to_json()}
                for (name, is_careless), rate in self.validators.items()
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
                    call: {"n": times.calls, "median_seconds": times.median, "p95_seconds": times.p95}
                    for call, times in self.call_times.items()
                },
                "refusals": [{"call": call, "what": what, "n": n} for (call, what), n in self.refusals.items()],
                "failures": [{"call": call, "what": what, "n": n} for (call, what), n in self.failures.items()],
            },
        }


def make_report(
    rounds: Sequence[int],
    outcomes: Sequence[ExampleOutcome],
    answers: Iterable[ValidatorAnswer],
    log: CallLog,
    *,
    threads: int,
) -> CampaignReport:
    """The report on some finished rounds, all answers and all calls."""
    return CampaignReport(
        rounds=rounds,
        fooling=label_quality(outcome for outcome in outcomes if outcome.fooled),
        sampled=label_quality(outcome for outcome in outcomes if not outcome.fooled),
        validators=agreement_with_truth(answers),
        call_times={call: call_times(seconds) for call, seconds in sorted(log.seconds.items()) if seconds},
        refusals=refusals(log.outcomes),
        failures=failures(log.outcomes),
        load=SiteLoad(*log.under_load, threads=threads),
    )
