"""The Markdown tables of the results page, each made from the counts; empty where the counts for it are missing."""

from collections.abc import Callable, Iterable, Sequence

from bench.experiment import numbers
from bench.experiment.after_rounds import (
    FRESH,
    LATE_MODELS,
    NOT_AVERAGED,
    STILL_MISREAD,
    TEST_SOURCES,
    TRAJECTORIES,
    groups_of,
    models_shown,
    right_on_splits,
    shown_rounds,
)
from bench.experiment.arms import ARMS, COMPARED_AFTER, EVERYTHING, MAIN, NOISE, NOISY_ROUNDS, SINGLE_TRAININGS
from bench.experiment.measure import BASE_TEST, CORRUPTION
from bench.experiment.numbers import PooledRate, Reduction
from bench.experiment.results import ATTEMPTS, CORE_SECONDS, Result, Results, WriterCounts, collected_for
from stats.rates import Interval, Rate

MAIN_ROUNDS = (0, 1, 2, 4, 8, 12, 16, 20)
WRITERS = "errors on held-out writers"


# --- The main result ----------------------------------------------------------------------------------------------


def main(results: Results) -> str:
    """Fooled rates and errors on held-out writers, means over seeds."""
    rows: list[list[object]] = []
    for number in (number for number in MAIN_ROUNDS if results.of("dynamic", number)):
        fooled = [_mean(results, arm, number, numbers.vmer) if number else "" for arm in ("dynamic", "static")]
        errors = [_mean(results, arm, number, numbers.held_out_errors) for arm in MAIN]
        rows.append([number, *fooled, *errors, _mean_reduction(results, number) if number else ""])
    heads = [*(f"fooled rate, {arm}" for arm in ("dynamic", "static")), *(f"errors, {arm}" for arm in MAIN)]
    return table(["round", *heads, "fewer errors, dynamic against ordinary"], rows)


def seeds(results: Results) -> str:
    """Start and end of the dynamic arm for each seed, and over seeds."""
    last, measures = results.rounds("dynamic"), (numbers.held_out_errors, numbers.base_errors)
    rows: list[list[object]] = []
    for seed, of_seed in results.by_seed().items():
        writers, base = ([measure(of_seed.of("dynamic", number)) for number in (0, last)] for measure in measures)
        left = part_left(numbers.fewer_errors(of_seed, ("dynamic", last), ("dynamic", 0)))
        rows.append([seed, *writers, left, _against_ordinary(of_seed, last) or "", *base])
    if len(rows) > 1:
        means = [[_mean(results, "dynamic", number, measure) for number in (0, last)] for measure in measures]
        mean, interval = numbers.mean_reduction(results, ("dynamic", last), ("dynamic", 0))
        left = part_left(Reduction(mean, *(interval or (mean, mean))))
        rows.append(["mean", *means[0], left, _mean_reduction(results, last), *means[1]])
    after = f"after {last} rounds"
    heads = ["held-out writers: start", after, "of the start", "fewer errors than ordinary", "MNIST: start", after]
    return table(["seed", *heads], rows)


def _mean(results: Results, arm: str, number: int, measure: PooledRate) -> str:
    """Over the seeds that have the arm, as `2.11 % [1.88, 2.34]`; empty where the round is missing."""
    if not results.of(arm, number):
        return ""
    mean, interval = numbers.mean_rate(results, (arm, number), measure)
    return f"{_percent(mean, 2)} %{_between(interval, 2)}"


def _mean_reduction(results: Results, number: int) -> str:
    """Over the seeds that have both arms, as `39 % [7, 71]`; empty where the round is missing."""
    if not _against_ordinary(results.shared("dynamic", "ordinary"), number):
        return ""
    mean, interval = numbers.mean_reduction(results, ("dynamic", number), ("ordinary", number))
    return f"{_percent(mean, 0)} %{_between(interval, 0)}"


def _against_ordinary(results: Results, number: int) -> Reduction | None:
    if not (results.of("dynamic", number) and results.of("ordinary", number)):
        return None
    return numbers.fewer_errors(results, ("dynamic", number), ("ordinary", number))


def costs(results: Results) -> str:
    """What the main arms took, over all rounds and seeds."""
    rows: list[list[object]] = []
    for arm in (arm for arm in MAIN if results.rounds(arm)):
        found = [result for number in results.rounds_played(arm) for result in results.of(arm, number)]
        last = results.of(arm, results.rounds(arm))
        # Drawings of the ordinary arm fool no model: all of them are sampled for validation.
        verified = numbers.total(found, "sampled_verified" if arm == "ordinary" else "verified")
        trained_on = numbers.total(last, collected_for("train"))
        counts = [verified, numbers.total(found, "attempts"), numbers.total(found, "votes"), trained_on]
        rows.append([named(results, arm), results.rounds(arm), *(f"{count:,}" for count in counts)])
    return table(["arm", "rounds", "verified examples", "drawings", "validators' votes", "trained on at the end"], rows)


def variety(results: Results) -> str:
    """How many different trajectories the verified drawings of the main arms were made of."""
    rows: list[list[object]] = []
    for arm in (arm for arm in MAIN if results.rounds(arm)):
        last = results.of(arm, results.rounds(arm))
        drawings = sum(result.totals.get(TRAJECTORIES, (0, None))[1] or 0 for result in last)
        rows += [[named(results, arm), f"{numbers.total(last, TRAJECTORIES):,}", f"{drawings:,}"]] if drawings else []
    return table(["arm", "different trajectories", "verified drawings"], rows)


# --- Fooled rates -------------------------------------------------------------------------------------------------


def fooled_rates(results: Results) -> str:
    """The dynamic arm's fooled rates, round by round."""
    rows: list[list[object]] = []
    for number in results.rounds_played("dynamic"):
        found = results.of("dynamic", number)
        attempts = numbers.writers_in(found, ATTEMPTS)
        mer, vmer = numbers.mer_and_vmer(attempts)
        fooled = numbers.total(found, "fooled")
        wrong = Rate(fooled - numbers.total(found, "fooled_rightly"), fooled)
        rows.append([number, mer, vmer, numbers.mer_and_vmer(never_trained_on(attempts))[1], with_wilson(wrong)])
    heads = ["MER", "vMER", "vMER, annotators never trained on", "wrong digits and scrawls, of those that fooled"]
    return table(["round", *heads], rows)


def fresh_annotators(results: Results) -> str:
    """How often fresh annotators fool the last models of the main arms."""
    rows: list[list[object]] = []
    for arm, number in [("dynamic", 0), *((arm, results.rounds(arm)) for arm in MAIN)]:
        if attempts := numbers.writers_in(results.of(arm, number), FRESH):
            name = f"{named(results, arm)}, after round {number}" if number else "first adversary"
            rates = numbers.mer_and_vmer(attempts)[1], numbers.mer_and_vmer(never_trained_on(attempts))[1]
            rows.append([name, *rates])
    return table(["model", "vMER", "vMER, annotators never trained on"], rows)


def never_trained_on(counts: Iterable[WriterCounts]) -> list[WriterCounts]:
    """Those by annotators whose drawings go to dev and test."""
    return [of_annotator for of_annotator in counts if of_annotator.side != "train"]


# --- Errors by round ----------------------------------------------------------------------------------------------


def held_out(results: Results) -> str:
    """Errors on held-out writers, pooled over seeds."""
    arms = [arm for arm in MAIN if results.rounds(arm)]
    rows = []
    for number in shown_rounds(results.rounds_with_model("dynamic")):
        errors = [numbers.held_out_errors(found) if (found := results.of(arm, number)) else "" for arm in arms]
        rows.append([number, *errors, (number and _against_ordinary(results, number)) or ""])
    heads = [f"{named(results, arm)}: {WRITERS}" for arm in arms]
    return table(["after round", *heads, "dynamic against ordinary"], rows)


def still_misread(results: Results) -> str:
    """How many of the drawings that all late dynamic models misread other models misread too."""
    rows: list[list[object]] = []
    for arm in ("dynamic", "ordinary", "static", "scratch", EVERYTHING):
        counts = [result.totals[STILL_MISREAD] for result in _last(results, arm) if STILL_MISREAD in result.totals]
        if counts:
            name = f"dynamic, each of the last {LATE_MODELS}" if arm == "dynamic" else ARMS[arm].title
            misread, drawings = (sum(count[index] or 0 for count in counts) for index in (0, 1))
            rows.append([name, f"{misread:,}", f"{drawings:,}"])
    return table(["models", "misread", "of held-out drawings"], rows)


def _last(results: Results, arm: str) -> list[Result]:
    return results.of(arm, results.rounds(arm))


def mnist(results: Results) -> str:
    """Errors on MNIST's test set and on corrupted digits of it."""
    arms = [arm for arm in MAIN if results.rounds(arm)]
    rows = [
        [
            number,
            *(
                numbers.suite_errors(found, suite) if (found := results.of(arm, number)) else ""
                for suite in (BASE_TEST, CORRUPTION)
                for arm in arms
            ),
        ]
        for number in shown_rounds(results.rounds_with_model("dynamic"), step=2)
    ]
    heads = [f"{named(results, arm)}: {what}" for what in ("MNIST", "corruptions") for arm in arms]
    return table(["after round", *heads], rows)


def test_splits(results: Results) -> str:
    """Errors of the main arms' models on the test splits of some rounds together."""
    columns = [(source, group) for source in TEST_SOURCES for group in groups_of(source, results.rounds(source))]
    newest = {"dynamic": "fooled the newest model", "static": "fooled the first model"}
    rows: list[list[object]] = []
    for arm in (arm for arm in MAIN if results.rounds(arm)):
        for number in models_shown(arm, results.rounds(arm)):
            errors = [_errors_on_splits(results, arm, number, right_on_splits(*column)) for column in columns]
            rows += [[named(results, arm), number, *errors]] if any(errors) else []
    heads = [f"{newest[source]}, rounds {group[0]} to {group[-1]}" for source, group in columns]
    return table(["arm", "after round", *heads], rows)


def _errors_on_splits(results: Results, arm: str, number: int, splits: str) -> object:
    counts = numbers.writers_in(results.of(arm, number), splits)
    return numbers.errors_by_writer(counts) if counts else ""


# --- Noise, other trainings, averaging ----------------------------------------------------------------------------


def noise(results: Results) -> str:
    """The arms in which people make more or fewer mistakes, on the seeds that have all of them."""
    shared, last = results.shared("dynamic", *NOISE), NOISY_ROUNDS
    if min(map(shared.rounds, ("dynamic", *NOISE))) < last:
        return ""
    rows: list[list[object]] = []
    for arm in ("dynamic", *NOISE):
        found = [result for number in range(1, last + 1) for result in shared.of(arm, number)]
        wrong = Rate(numbers.total(found, "verified_wrongly"), numbers.total(found, "verified"))
        lost = Rate(numbers.total(found, "rejected_wrongly"), numbers.total(found, "fooled_rightly"))
        against = "" if arm == "dynamic" else numbers.fewer_errors(shared, (arm, last), ("dynamic", last))
        errors = numbers.held_out_errors(shared.of(arm, last)), numbers.base_errors(shared.of(arm, last))
        title = "dynamic, as above" if arm == "dynamic" else ARMS[arm].title
        rows.append([title, with_wilson(wrong), with_wilson(lost), errors[0], against, errors[1]])
    heads = ["wrong labels, of verified", "rejected, of correctly labelled", WRITERS, "against dynamic", "MNIST"]
    return table(["", *heads], rows)


def trainings(results: Results) -> str:
    """Single trainings on what the dynamic arm collected, and the dynamic arm itself."""
    shared, arms = _trained_once(results)
    rows: list[list[object]] = []
    for arm in arms:
        found = shared.of(arm, COMPARED_AFTER)
        against = "" if arm == "once" else numbers.fewer_errors(shared, (arm, COMPARED_AFTER), ("once", COMPARED_AFTER))
        suites = numbers.base_errors(found), numbers.suite_errors(found, CORRUPTION)
        rows.append([_training_title(arm), numbers.held_out_errors(found), against, *suites])
    return table(["", WRITERS, "against 1 epoch", "MNIST", "corruptions"], rows)


def training_time(results: Results) -> str:
    """What those trainings took."""
    shared, arms = _trained_once(results)
    rows: list[list[object]] = []
    for arm in arms:
        found = shared.of(arm, COMPARED_AFTER)
        if all(CORE_SECONDS in result.totals for result in found):
            rows.append([_training_title(arm), round(numbers.total(found, CORE_SECONDS) / len(found))])
    return table(["", "core seconds"], rows)


def _trained_once(results: Results) -> tuple[Results, list[str]]:
    """The seeds with the arms of trainings, and those arms that all of these seeds have; then the dynamic arm."""
    shared = results.shared("dynamic", "once")
    # What only some of these seeds have would narrow the table down to them.
    arms = [
        arm
        for arm in SINGLE_TRAININGS
        if shared.of(arm, COMPARED_AFTER) and shared.seeds_with(arm) == list(shared.seeds)
    ]
    return shared, [*arms, "dynamic"] if "once" in arms else []


def _training_title(arm: str) -> str:
    return (
        f"dynamic, as played: after each of {COMPARED_AFTER} rounds, averaged" if arm == "dynamic" else ARMS[arm].title
    )


def averaging(results: Results) -> str:
    """The dynamic arm's models and the same before they were averaged."""
    both, pair = results.shared("dynamic", NOT_AVERAGED), ("dynamic", NOT_AVERAGED)
    rows: list[list[object]] = []
    for number in both.rounds_played(NOT_AVERAGED):
        found = [both.of(arm, number) for arm in pair]
        errors = [numbers.held_out_errors(of_arm) for of_arm in found]
        against = numbers.fewer_errors(both, ("dynamic", number), (NOT_AVERAGED, number))
        rows.append([number, *errors, against, *(numbers.base_errors(of_arm) for of_arm in found)])
    names = ("averaged", "not averaged")
    heads = [*(f"{name}: held-out writers" for name in names), "averaged against not"]
    return table(["after round", *heads, *(f"{name}: MNIST" for name in names)], rows)


TABLES: dict[str, Callable[[Results], str]] = {
    "main": main,
    "seeds": seeds,
    "costs": costs,
    "variety": variety,
    "fooled-rates": fooled_rates,
    "fresh-annotators": fresh_annotators,
    "held-out": held_out,
    "still-misread": still_misread,
    "mnist": mnist,
    "test-splits": test_splits,
    "noise": noise,
    "trainings": trainings,
    "training-time": training_time,
    "averaging": averaging,
}


# --- Markdown -----------------------------------------------------------------------------------------------------


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Numbers to the right, the first column to the left; empty without rows."""
    if not rows:
        return ""
    lines = [f"| {' | '.join(heads)} |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def with_wilson(rate: Rate) -> str:
    """A rate in tenths of a percent, below one percent in hundredths, with Wilson's interval and its counts."""
    if rate.value is None:
        return "none"
    digits = 2 if rate.value < 0.01 else 1
    share, between = _percent(rate.value, digits), _between(rate.interval, digits)
    return f"{share} %{between} {rate.numerator:,}/{rate.denominator:,}"


def part_left(fewer: Reduction) -> str:
    """What is left of errors of which a share is gone, as `1/7.4 [1/9.0, 1/6.1]`."""
    whole, *ends = (f"1/{1 / max(1 - value, 1e-9):.1f}" for value in (fewer.share, fewer.high, fewer.low))
    return f"{whole} [{', '.join(ends)}]"


def named(results: Results, arm: str) -> str:
    """An arm, with its seeds where they are not all."""
    with_arm = results.seeds_with(arm)
    return arm if len(with_arm) == len(results.seeds) else f"{arm} ({seeds_named(with_arm)})"


def seeds_named(seeds: Iterable[int]) -> str:
    ordered = sorted(seeds)
    return f"seed{'' if len(ordered) == 1 else 's'} {', '.join(map(str, ordered))}"


def _between(interval: Interval | None, digits: int) -> str:
    return f" [{_percent(interval[0], digits)}, {_percent(interval[1], digits)}]" if interval else ""


def _percent(value: float, digits: int) -> str:
    return f"{round(100 * value, digits) + 0.0:.{digits}f}"  # + 0.0 so that nothing is shown as -0
