"""The page's answers about the loop as it was played: fooled rates, held-out writers, MNIST, test splits."""

from collections.abc import Iterable, Sequence

from bench.experiment import numbers
from bench.experiment.arms import ARMS, EVERYTHING, MAIN, THOROUGH
from bench.experiment.collect import STYLES
from bench.experiment.markdown import plain, runs, table
from bench.experiment.measure import BASE_TEST, CORRUPTED, CORRUPTION, Counts
from bench.experiment.numbers import Results, Shown
from bench.experiment.readings import CHALLENGE, FIRST_ADVERSARY, LATE_MODELS, Readings
from bench.experiment.words import PICTURES, TABLE, in_points, named, played, rounds_of_both, seeds_named, some, vmer
from stats.rates import Rate

GROUP = 5
"""Rounds whose test splits are put together: each alone has some twenty drawings."""


# --- Fooled rates -------------------------------------------------------------------------------------------------


def fooled_rate(results: Results, readings: Readings) -> str:
    numbers_played = played(results, "dynamic")
    rows = []
    for number in numbers_played:
        found = results.of("dynamic", number)
        mer, vmer_here = numbers.fooled_rates(numbers.people_in(found))
        strangers = numbers.fooled_rates(_untrained(results, readings, number))[1]
        bogus = Rate(numbers.counted(found, "fooled") - numbers.counted(found, "fooled_rightly"), mer.rate.numerator)
        rows.append([number, mer, vmer_here, strangers, plain(bogus)])
    rates = [vmer(results, "dynamic", number) for number in numbers_played]
    return f"""## Does the fooled rate fall?

{_verdict(rates[0], rates[-1])} The validated model error rate goes from {rates[0]} in round {numbers_played[0]} to
{rates[-1]} in round {numbers_played[-1]}. {_reaches_the_last(numbers_played, rates)}
{_among_strangers(results, readings)} {_against_one_model(results)}

![Verified fooling drawings by round]({PICTURES}/fooled.svg)

Drawings by hands of the dev and test sides are trained on in no arm: a model that they fool has never seen them. Some
of what "fools" the model is another digit than was asked for, or a scrawl. The last column counts those, with Wilson's
interval; validation is there to keep them out.

{table(["round", "MER", "vMER", "vMER of hands never trained on", "not what was asked, of those that fooled"], rows)}

{_challenge(results, readings)}"""


def _untrained(results: Results, readings: Readings, number: int) -> list[Sequence[int]]:
    """What those hands did in a round of the dynamic arm that are trained on in no arm."""
    by_seed = zip(results.with_arm("dynamic"), results.of("dynamic", number), strict=True)
    return [row["by_annotator"][hand] for seed, row in by_seed for hand in readings.untrained[seed]]


def _among_strangers(results: Results, readings: Readings) -> str:
    rounds = played(results, "dynamic")
    first, last = (numbers.fooled_rates(_untrained(results, readings, n))[1] for n in (rounds[0], rounds[-1]))
    return f"Of hands that are never trained on, it goes from {first} to {last}."


def _challenge(results: Results, readings: Readings) -> str:
    """The last models of all arms against the same people, who know none of them."""
    rows = []
    for name, seeds in readings.challenged.items():
        if not seeds:
            continue
        people = [
            (counts, hand in readings.untrained[seed]) for seed, did in seeds.items() for hand, counts in did.items()
        ]
        all_of_them = numbers.fooled_rates([counts for counts, _ in people])[1]
        strangers = numbers.fooled_rates([counts for counts, untrained in people if untrained])[1]
        whose = name if name == FIRST_ADVERSARY else f"{named(results, name)}, after round {results.rounds(name)}"
        rows.append([whose, all_of_them, strangers])
    return f"""How hard are the last models to fool for people who know none of them? The same crowd, which began
without memories and with drawings of its own, had {CHALLENGE:,} attempts a seed at each:

{table(["model", "vMER", "vMER of hands never trained on"], rows)}"""


def _verdict(first: Shown, last: Shown) -> str:
    if last.high < first.low:
        return "Yes."
    return "No, it rises." if last.low > first.high else "Not measurably: the intervals overlap."


def _reaches_the_last(rounds: Sequence[int], rates: Sequence[Shown]) -> str:
    """Where the rate falls: from when on the intervals of single rounds do not tell it from the last one."""
    last = rates[-1]
    if last.high >= rates[0].low:
        return ""
    since = next(place for place, rate in enumerate(rates) if rate.low <= last.high)
    if since == len(rates) - 1:
        return "It still falls at the end."
    return f"Round {rounds[since]} is the first whose interval reaches the last one's."


def _against_one_model(results: Results) -> str:
    """The control: what people find who come back to what fooled, when the model does not learn."""
    there = played(results, "static")
    if not there:
        return ""
    first, last = (vmer(results, "static", number) for number in (there[0], there[-1]))
    learned = ", as people learn what fools it" if last.low > first.high else ""
    return f"Against the first model all the time it goes from {first} to {last}{learned}."


# --- Held-out writers ---------------------------------------------------------------------------------------------


def held_out(results: Results, readings: Readings) -> str:
    arms = [arm for arm in MAIN if results.rounds(arm)]
    rows = []
    for number in some(results.after("dynamic")):
        errors = [numbers.held_out_errors(found) if (found := results.of(arm, number)) else "" for arm in arms]
        both = number and number <= rounds_of_both(results, "dynamic", "ordinary")
        fewer = numbers.fewer_errors(results, ("dynamic", number), ("ordinary", number)) if both else None
        rows.append([number, *errors, fewer.in_a_table if fewer else ""])
    heads = [f"{named(results, arm)}: errors on held-out writers" for arm in arms]
    return f"""## Does it beat as much ordinary data, and from which round on?

{_comparison(results, "ordinary")} {_widest(results)} {_comparison(results, "static")}

Published for comparison (Wallace et al. 2022, text): 26 % fewer errors after 20 rounds, not yet after 1 to 3.

{_with_everything(results)}

![Errors on held-out writers by round]({PICTURES}/held-out.svg)

{_variety(readings)} {_trained_on(results)}

{table(["after round", *heads, "dynamic against ordinary"], rows)}"""


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
        f"Against {other}, after {last} rounds: {fewer.in_words}. {lead} The intervals of the two rates by "
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
        f"They are apart after {f'rounds {runs(apart)}' if apart else 'no round'}. The lead is widest after round "
        f"{widest} (picked afterwards): {leads[widest].in_words}."
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
        f"{numbers.held_out_errors(rows)}. The {fewer:,} of the dynamic arm's {last} rounds come to {now}: "
        f"{less.in_words}, {less.says} ({seeds_named(shared.seeds)})."
    )


def _variety(readings: Readings) -> str:
    """How much the people repeat themselves in each arm."""
    told = [f"{arm} {distinct:,} for {drawings:,} drawings" for arm, (distinct, drawings) in readings.variety.items()]
    return (
        f"How many different trajectories the drawings are of, added up over seeds: {'; '.join(told)}. People who come "
        "back to what fooled the model draw the same things again."
    )


def _trained_on(results: Results) -> str:
    """Arms are equal in what is collected; who drew it decides how much of it is trained on."""
    counts = {
        arm: sum(row["collected"]["train"] for row in found) // len(found)
        for arm in MAIN
        if (found := results.of(arm, results.rounds(arm)))
    }
    told = ", ".join(f"{arm} {count:,}" for arm, count in counts.items())
    return (
        "Arms are equal in what is verified. How much of it is trained on at the end differs with what is by hands "
        f"that are kept for dev and test: {told} drawings a seed."
    )


def still_misread(results: Results, readings: Readings) -> str:
    """What keeps the errors from falling further, to be looked at."""
    if not readings.still:
        return ""
    last, every = results.rounds("dynamic"), len(readings.still)
    now = numbers.held_out_errors(results.of("dynamic", last)).rate
    return f"""## What is still misread?

Of the {now.numerator:,} held-out drawings that the dynamic arm's models misread after {last} rounds, {every:,} were
misread by each of the last {min(LATE_MODELS, last)} models; that is {100 * every / now.denominator:.2f} % of all. These
models go on from one another, so they agree more than others would. {_others(readings)} The drawings are below, as the
models see them, with what their writers meant: look whether you would have read them.

![Drawings that every late model misreads]({PICTURES}/still-misread.svg)"""


def _others(readings: Readings) -> str:
    """How many of them models misread that share no more than the first adversary with those."""
    told = [f"{misread} of {asked} ({ARMS[arm].title})" for arm, (misread, asked) in readings.others_misread.items()]
    return f"Of the same drawings the last models of other arms misread: {'; '.join(told)}." if told else ""


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
    change = numbers.paired_change(*readings.misread)
    heads = [f"{named(results, arm)}: {what}" for what in ("MNIST", "corruptions") for arm in arms]
    passed = [bool(row["gate"]) for number in range(1, last + 1) for row in results.of("dynamic", number)]
    return f"""## What is forgotten on MNIST?

{_more_or_less(*change[1:])} errors on MNIST's test set than at the start: {after} after {last} rounds, {before} before.
A digit's chance of being misread changed by {in_points(change)}, compared digit by digit. The gate that opens the next
round by itself (base dev accuracy within half a point of the parent's, and better on the adversarial dev drawings)
would have done so after {sum(passed)} of {len(passed)} rounds; the experiment went on in any case.

![Errors on MNIST by round]({PICTURES}/mnist.svg)

Under corruptions errors {_under_corruptions(results, arms)}. {_corrupted_change(readings)} They are the sixteen of
`models_zoo.robustness.corruptions` at all severities, on {CORRUPTED} of MNIST's test digits, evenly spaced; the same
digits stand
in them again and again, so single rates have no interval.

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
        told.append(f"{verb} from {100 * before.value:.2f} to {100 * after.value:.2f} % ({arm})")
    return ", ".join(told)


def _corrupted_change(readings: Readings) -> str:
    change = numbers.paired_change(*readings.corrupted)
    return f"Of the dynamic arm they change by {in_points(change)}, compared digit by digit."


# --- Test splits --------------------------------------------------------------------------------------------------


def round_tests(results: Results, readings: Readings) -> str:
    last = results.rounds("dynamic")
    groups = [range(start, min(start + GROUP, last + 1)) for start in range(1, last + 1, GROUP)]
    heads = [f"fooled the newest model, rounds {group[0]} to {group[-1]}" for group in groups]
    columns = [("dynamic", group) for group in groups]
    if static := results.rounds("static"):
        columns.append(("static", range(1, static + 1)))
        heads.append(f"fooled the first model, rounds 1 to {static}")
    rows = []
    for arm in MAIN:
        models = results.rounds(arm) + 1 if results.with_arm(arm) else 0
        for number in sorted({0, *range(GROUP, models, GROUP), models - 1} - {-1}):
            if number or arm == "dynamic":
                errors = [_errors_on(readings, source, arm, number, group) for source, group in columns]
                rows.append([named(results, arm), number, *errors])
    return f"""## Every model on every round's test split

Errors of the main arms' models on test splits, {GROUP} rounds together: drawings that fooled the model of their round,
by hands that are trained on in no arm. The first columns are the dynamic arm's rounds, which [{TABLE}]({TABLE}) has one
by one. Their drawings were picked for fooling one of that arm's models, all wrong for that very model and likely to be
wrong for its neighbours, so these columns do not compare arms: read them down, from round to round of the dynamic arm.
The last column, where there is one, is the static arm's rounds, picked for fooling the first model, which all arms
began with: it compares dynamic with ordinary. The intervals resample hands, of which there are few, a tenth of each
seed's; below five hands there is none.

{table(["arm", "after round", *heads], rows)}"""


def _errors_on(readings: Readings, source: str, arm: str, number: int, group: Iterable[int]) -> str:
    """One model's errors on some rounds' test splits together, over seeds; a hand's drawings are one cluster."""
    counts: list[Counts] = []
    for arms in readings.round_tests[source].values():
        of_rounds = [arms[arm][number][test - 1] for test in group] if arm in arms else []
        counts += _hand_by_hand(of_rounds)
    return str(numbers.errors_by_hand(counts)) if counts else ""


def _hand_by_hand(of_rounds: Iterable[dict[int, Counts]]) -> list[Counts]:
    """Each hand's counts over several rounds; not every hand drew in each."""
    found: dict[int, list[int]] = {}
    for of_round in of_rounds:
        for hand, counts in of_round.items():
            summed = found.setdefault(hand, [0, 0])
            for place, count in enumerate(counts):
                summed[place] += count
    return [(right, asked) for right, asked in found.values()]
