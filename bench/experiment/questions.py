"""The page's answers about the loop as it was played: fooled rates, held-out writers, MNIST, test splits."""

from collections.abc import Iterable, Sequence
from typing import Any

from bench.experiment import numbers
from bench.experiment.arms import EVERYTHING, MAIN, THOROUGH
from bench.experiment.collect import STYLES
from bench.experiment.markdown import plain, runs, table
from bench.experiment.measure import BASE_TEST, CORRUPTED, CORRUPTION, Counts
from bench.experiment.numbers import Results, Shown
from bench.experiment.readings import LATE_MODELS, Readings
from bench.experiment.words import PICTURES, TABLE, named, played, rounds_of_both, seeds_named, some, vmer
from rounds.stats.rates import Rate

GROUP = 5
"""Rounds whose test splits are put together: each alone has some twenty drawings."""


# --- Fooled rates -------------------------------------------------------------------------------------------------


def fooled_rate(results: Results) -> str:
    numbers_played = played(results, "dynamic")
    rows = []
    for number in numbers_played:
        found = results.of("dynamic", number)
        mer, vmer_here = numbers.fooled_rates(found)
        tries = numbers.counted(found, "attempts") / max(1, numbers.counted(found, "verified"))
        bogus = Rate(numbers.counted(found, "fooled") - numbers.counted(found, "fooled_rightly"), mer.rate.numerator)
        rows.append([number, mer, vmer_here, f"{tries:.1f}", plain(bogus)])
    rates = [vmer(results, "dynamic", number) for number in numbers_played]
    return f"""## Does the fooled rate fall?

{_verdict(rates[0], rates[-1])} The validated model error rate goes from {rates[0]} in round {numbers_played[0]} to
{rates[-1]} in round {numbers_played[-1]}. {_level_from(numbers_played, rates)} {_against_one_model(results)}

![Verified fooling drawings by round]({PICTURES}/fooled.svg)

Some of what "fools" the model is another digit than was asked for, or a scrawl. The last column counts those, with
Wilson's interval; validation is there to keep them out.

{table(["round", "MER", "vMER", "attempts for a verified one", "not what was asked, of those that fooled"], rows)}"""


def _verdict(first: Shown, last: Shown) -> str:
    if last.high < first.low:
        return "Yes."
    return "No, it rises." if last.low > first.high else "Not measurably: the intervals overlap."


def _level_from(rounds: Sequence[int], rates: Sequence[Shown]) -> str:
    """Since when it has not fallen any more, by the intervals of single rounds."""
    last = rates[-1]
    since = next(place for place, rate in enumerate(rates) if rate.low <= last.high)
    if since == len(rates) - 1:
        return "It still falls at the end."
    return f"From round {rounds[since]} on the intervals reach the last one's: it levels off."


def _against_one_model(results: Results) -> str:
    """The control: what people find who come back to what fooled, when the model does not learn."""
    there = played(results, "static")
    if not there:
        return ""
    first, last = (vmer(results, "static", number) for number in (there[0], there[-1]))
    return f"Against the first model all the time it goes from {first} to {last}, as people learn what fools it."


# --- Held-out writers ---------------------------------------------------------------------------------------------


def held_out(results: Results, readings: Readings) -> str:
    arms = [arm for arm in MAIN if results.rounds(arm)]
    rows = []
    for number in some(results.after("dynamic")):
        errors = [numbers.held_out_errors(found) if (found := results.of(arm, number)) else "" for arm in arms]
        both = number and number <= rounds_of_both(results, "dynamic", "ordinary")
        rows.append(
            [number, *errors, numbers.fewer_errors(results, ("dynamic", number), ("ordinary", number)) if both else ""]
        )
    heads = [f"{named(results, arm)}: errors on held-out writers" for arm in arms]
    return f"""## Does it beat as much ordinary data, and from which round on?

{_comparison(results, "ordinary")} {_widest(results)} {_comparison(results, "static")}

Published for comparison (Wallace et al. 2022, text): 26 % fewer errors after 20 rounds, not yet after 1 to 3.

{_with_everything(results)}

![Errors on held-out writers by round]({PICTURES}/held-out.svg)

{_variety(readings)}

{table(["after round", *heads, "dynamic: fewer than ordinary"], rows)}"""


def _comparison(results: Results, other: str) -> str:
    last = rounds_of_both(results, "dynamic", other)
    if not last:
        return ""
    ours, theirs = ("dynamic", last), (other, last)
    fewer, apart = numbers.fewer_errors(results, ours, theirs), numbers.are_apart(results, ours, theirs)
    since = numbers.ahead_from(results, "dynamic", other)
    lead = (
        f"Compared hand by hand, they are measurably fewer from round {since} on."
        if since
        else f"Compared hand by hand, they are {fewer.says} at the end."
    )
    return (
        f"Against {other}, after {last} rounds: {fewer} fewer errors. {lead} The intervals of the two rates by "
        f"themselves are {'' if apart else 'not '}apart then."
    )


def _widest(results: Results) -> str:
    """Where the lead over ordinary data is widest; chosen after the fact, which the sentence says."""
    rounds = range(1, rounds_of_both(results, "dynamic", "ordinary") + 1)
    if not rounds:
        return ""
    leads = {n: numbers.fewer_errors(results, ("dynamic", n), ("ordinary", n)) for n in rounds}
    widest = max(leads, key=lambda number: leads[number].share)
    apart = [n for n in rounds if numbers.are_apart(results, ("dynamic", n), ("ordinary", n))]
    return (
        f"They are apart after rounds {runs(apart) or 'none'}. The lead is widest after round {widest} (picked "
        f"afterwards): {leads[widest]}."
    )


def _with_everything(results: Results) -> str:
    """How far ordinary data go when there is no end to them, beside what the rounds came to."""
    shared = results.shared(EVERYTHING, "dynamic")
    if not shared.of(EVERYTHING, 1):
        return ""
    last, rows = shared.rounds("dynamic"), shared.of(EVERYTHING, 1)
    now = numbers.held_out_errors(shared.of("dynamic", last))
    less = numbers.fewer_errors(shared, ("dynamic", last), (EVERYTHING, 1))
    more, fewer = (
        sum(row["collected"]["train"] for row in found) // len(rows) for found in (rows, shared.of("dynamic", last))
    )
    return (
        f"How far would ordinary data go if there were no end to them? The same network, trained once for "
        f"{THOROUGH.epochs} epochs, about as long as all {last} rounds, on every trajectory of the same hands, "
        f"{STYLES} drawings of each and none of them wrong, {more:,} examples a seed, misreads "
        f"{numbers.held_out_errors(rows)}. The {fewer:,} of the dynamic arm's {last} rounds come to {now}: {less} "
        f"fewer, {less.says} ({seeds_named(shared.seeds)})."
    )


def _variety(readings: Readings) -> str:
    """How much the people repeat themselves in each arm."""
    told = [f"{arm} {distinct:,} for {drawings:,} drawings" for arm, (distinct, drawings) in readings.variety.items()]
    return (
        f"How many different trajectories the drawings are of, added up over seeds: {'; '.join(told)}. People who come "
        "back to what fooled the model draw the same things again."
    )


def still_misread(results: Results, readings: Readings) -> str:
    """What keeps the errors from falling further, to be looked at."""
    if not readings.still:
        return ""
    last, every = results.rounds("dynamic"), len(readings.still)
    now = numbers.held_out_errors(results.of("dynamic", last)).rate
    return f"""## What is still misread?

Of the {now.numerator:,} held-out drawings that the dynamic arm's models misread after {last} rounds, {every:,} were
misread by each of the last {min(LATE_MODELS, last)} models; that is {100 * every / now.denominator:.2f} % of all. They
are below, as the models see them, with what their writers meant: look whether you would have read them. A rate below
that is to be had only by models that read these.

![Drawings that every late model misreads]({PICTURES}/still-misread.svg)"""


# --- MNIST --------------------------------------------------------------------------------------------------------


def forgotten(results: Results, readings: Readings) -> str:
    arms, last = [arm for arm in MAIN if results.rounds(arm)], results.rounds("dynamic")
    rows = [
        [
            number,
            *(
                numbers.suite_errors(found, suite) if (found := results.of(arm, number)) else ""
                for suite in (BASE_TEST, CORRUPTION)
                for arm in arms
            ),
        ]
        for number in some(results.after("dynamic"), step=2)
    ]
    before, after = (numbers.suite_errors(results.of("dynamic", number), BASE_TEST) for number in (0, last))
    change, low, high = numbers.paired_change(*readings.misread)
    heads = [f"{named(results, arm)}: {what}" for what in ("MNIST", "corruptions") for arm in arms]
    passed = [bool(row["gate"]) for number in range(1, last + 1) for row in results.of("dynamic", number)]
    return f"""## What is forgotten on MNIST?

{_more_or_less(low, high)} errors on MNIST's test set than at the start: {after} after {last} rounds, {before} before. A
digit's chance of being misread changed by {100 * change:+.2f} points [{100 * low:+.2f}, {100 * high:+.2f}], compared
digit by digit. The gate that opens the next round by itself (base dev accuracy within half a point of the parent's, and
better on the adversarial dev drawings) would have done so after {sum(passed)} of {len(passed)} rounds; the experiment
went on in any case.

![Errors on MNIST by round]({PICTURES}/mnist.svg)

Under corruptions errors {_under_corruptions(results, arms)}. They are the sixteen of `models_zoo.corruptions` at all
severities, on {CORRUPTED} of MNIST's test digits, evenly spaced; the same digits stand in them again and again, so they
have no interval.

{table(["after round", *heads], rows)}"""


def _more_or_less(low: float, high: float) -> str:
    if low > 0:
        return "More"
    return "Fewer" if high < 0 else "Neither measurably more nor fewer"


def _under_corruptions(results: Results, arms: Sequence[str]) -> str:
    """What each arm's errors went from and to."""
    told = []
    for arm in arms:
        before, after = (numbers.suite_errors(results.of(arm, n), CORRUPTION) for n in (0, results.rounds(arm)))
        verb = "rise" if after.value > before.value else "fall"
        told.append(f"{verb} from {100 * before.value:.1f} to {100 * after.value:.1f} % ({arm})")
    return ", ".join(told)


# --- Test splits --------------------------------------------------------------------------------------------------


def round_tests(results: Results, readings: Readings) -> str:
    last = results.rounds("dynamic")
    groups = [range(start, min(start + GROUP, last + 1)) for start in range(1, last + 1, GROUP)]
    rows = []
    for arm in MAIN:
        measured = [arms[arm] for arms in readings.round_tests.values() if arm in arms]
        models = min(map(len, measured), default=0)
        for number in sorted({0, *range(GROUP, models, GROUP), models - 1} - {-1}):
            if number or arm == "dynamic":
                of_seeds = [of_seed[number] for of_seed in measured]
                rows.append([named(results, arm), number, *(_errors_on(of_seeds, group) for group in groups)])
    heads = [f"tests of rounds {group[0]} to {group[-1]}" for group in groups]
    return f"""## Every model on every round's test split

Errors of the main arms' models on the test splits of the dynamic arm's rounds, {GROUP} rounds together: drawings that
fooled the model of their round, by hands that are trained on in no arm. Round by round they are in [{TABLE}]({TABLE}).
A model that is drawn against is always wrong on its own round's. The intervals are Wilson's; since the drawings are of
few hands, a tenth of each seed's, they are rather too narrow.

{table(["arm", "after round", *heads], rows)}"""


def _errors_on(of_seeds: Iterable[Sequence[Counts]], group: Iterable[int]) -> str:
    """One model's errors on some rounds' test splits together, over seeds."""
    counts: list[Any] = [of_seed[number - 1] for of_seed in of_seeds for number in group]
    return plain(Rate(sum(n - right for right, n in counts), sum(n for _, n in counts)))
