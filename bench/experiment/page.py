"""`docs/results.md`: what came out, as it came out. Sentences, tables and charts are all made from the kept results."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.experiment import numbers
from bench.experiment.arms import (
    ARMS,
    EVERYTHING,
    LATE,
    LONGER,
    LONGEST,
    MAIN,
    NOISE,
    NOISY_ROUNDS,
    ONCE_AFTER,
    PLAYED,
    THOROUGH,
    TRAINING,
)
from bench.experiment.charts import Line, Point, line_chart
from bench.experiment.collect import STYLES
from bench.experiment.markdown import listed, plain, runs, table, wrapped
from bench.experiment.measure import BASE_TEST, CORRUPTED, CORRUPTION
from bench.experiment.numbers import Results, Shown
from bench.experiment.readings import Readings, read_off
from bench.experiment.run import Experiment, Settings
from models_zoo.config import NEXT
from models_zoo.files import write_bytes
from rounds.stats.rates import Rate

PICTURES = "images/results"
TABLE = "results.csv"
ROUNDS_SHOWN = (0, 1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16, 18, 20)
NOISE_COLUMNS = (
    "",
    "wrong labels, of verified",
    "rejected, of those rightly drawn",
    "errors on held-out writers",
    "MNIST",
)
BASE_TRAIN = 60_000 - 5_000
"""MNIST's training digits that are trained on: the rest are its dev set."""
GROUP = 5
"""Rounds whose test splits are put together: each alone has some twenty drawings."""


def write_page(page: Path, experiments: Sequence[Experiment]) -> None:
    """The page, its charts beside it in `images/results/`, and every number as `results.csv`."""
    results = numbers.read(experiments[0].folder)
    readings = read_off(experiments, results)
    write_bytes(page.parent / TABLE, table_of_counts(results, readings).encode())
    for name, picture in charts(results).items():
        write_bytes(page.parent / PICTURES / f"{name}.svg", picture.encode())
    write_bytes(page, (text(results, readings, experiments[0].settings) + "\n").encode())


def text(results: Results, readings: Readings, settings: Settings) -> str:
    """The whole page, Markdown."""
    parts = [
        _head(results, readings, settings),
        _fooled_rate(results),
        _held_out(results, readings),
        _forgotten(results, readings),
        _round_tests(results, readings),
        _noise(results),
        _training(results),
        _averaging(results),
        _defaults(results, settings),
        _read_with_care(results, readings),
    ]
    return "\n\n".join(wrapped(paragraph) for part in parts for paragraph in part.split("\n\n") if paragraph)


def charts(results: Results) -> dict[str, str]:
    """SVG pictures by name; only those that there are results for."""
    found = {
        "fooled": line_chart(
            "Verified fooling drawings of all attempts (vMER)",
            [
                Line(ARMS[arm].title, [_point(number, _vmer(results, arm, number)) for number in _played(results, arm)])
                for arm in ("dynamic", "static")
                if results.rounds(arm)
            ],
        ),
        "held-out": line_chart("Errors on held-out writers", _held_out_lines(results, MAIN)),
        "mnist": line_chart(
            "Errors on MNIST's test set",
            [
                Line(
                    ARMS[arm].title,
                    [_point(n, numbers.suite_errors(results.of(arm, n), BASE_TEST)) for n in results.after(arm)],
                )
                for arm in MAIN
                if results.rounds(arm)
            ],
        ),
    }
    noise = _held_out_lines(results.shared("dynamic", *NOISE), ["dynamic", *NOISE], most=NOISY_ROUNDS)
    if len(noise) > 1:
        found["noise"] = line_chart("Errors on held-out writers", noise)
    return found


# --- The parts of the page ----------------------------------------------------------------------------------------


def _head(results: Results, readings: Readings, settings: Settings) -> str:
    seeds, model = sorted(results.seeds), readings.model
    last = results.rounds("dynamic")
    versions = ", ".join(f"{name} {version}" for name, version in sorted(model["versions"].items()))
    finished = ", ".join(
        f"{name} {results.rounds(name)}" + (f" ({_seeds(with_it)})" if with_it != seeds else "")
        for name in ARMS
        if (with_it := results.with_arm(name))
    )
    arms = [name for name in ARMS if results.with_arm(name)]
    asked = "" if arms == list(MAIN) else f" --arms {'all' if arms == list(ARMS) else ' '.join(arms)}"
    held_out = len(results.of("dynamic", 0)[0]["by_hand"])
    return f"""# Results: what the loop does to a model

<!-- made by python -m bench.rounds: change that, not this -->

People were not at hand, so a crowd was made of real handwriting that is not MNIST: the UCI pen digits, 10,992 digits by
44 writers as pen trajectories, drawn as strokes on the site's canvas. {settings.annotators} simulated annotators, each
with a hand of their own, draw what they are asked for, vary it when it did not fool the model, come back to what did,
and now and then draw another digit or a scrawl. {MAIN["dynamic"].validators} validators err, two of them carelessly.
What is drawn, validated and trained on follows the site's own code: its rules of verification, its way from a drawing
to 28 x 28 pixels, its training.

Each round closes at {settings.per_round} verified examples. The examples of four fifths of the hands are trained on,
those of a tenth each are kept for dev and test. Held-out writers are {held_out} further hands of each seed from which
nothing is ever collected.

- **dynamic**: each round is drawn against the newest model, as on the site.
- **ordinary**: as many verified drawings, with no model in the loop: everybody draws what is asked, once.
- **static**: as many verified drawings that fool the first model, in every round.

| | |
|---|---|
| command | `python -m bench.rounds --seeds {" ".join(map(str, seeds))}{asked} --threads {model["threads"]}` |
| seeds | {listed(seeds)} |
| rounds finished | {finished} |
| time | {_hours(results)} |
| trained on | {model["device"]}, {model["threads"]} thread{"" if model["threads"] == 1 else "s"} |
| versions | {versions} |
| all numbers | [{TABLE}]({TABLE}) |

Every rate stands as `rate [95 % interval] numerator/denominator`, pooled over seeds. Intervals of fooled rates resample
annotators, those of held-out writers resample hands: they are about these models, and how much another training would
differ is in the table of seeds below. Seeds share one set of handwriting, parted anew into hands. MNIST's digits are
the same for all seeds, so their interval (Wilson's) counts each once. Round 0 is the first adversary.

## In short

{_in_short(results, last)}

{_seed_by_seed(results, last)}"""


def _in_short(results: Results, last: int) -> str:
    first, now = (numbers.held_out_errors(results.of("dynamic", number)) for number in (0, last))
    fooled = [_vmer(results, "dynamic", number) for number in (1, last)]
    lines = [
        f"- The fooled rate (vMER) goes from {fooled[0]} in round 1 to {fooled[1]} in round {last}.",
        f"- Errors on held-out writers after {last} rounds: {now}, at the start {first}. Asked: at most a twelfth, "
        f"{100 * first.value / 12:.2f} %. **{_met(12 * now.value <= first.value)}**: it is "
        f"1/{first.value / max(now.value, 1e-9):.1f}.",
    ]
    if rounds := _rounds_of_both(results, "ordinary"):
        fewer, low, high = numbers.fewer_errors(results, ("dynamic", rounds), ("ordinary", rounds))
        apart = rounds in numbers.apart(results, "dynamic", "ordinary")
        lines.append(
            f"- Fewer errors there than with as much ordinary data, after {rounds} rounds: {100 * fewer:.0f} % "
            f"[{100 * low:.0f}, {100 * high:.0f}]. Asked: 60 %, intervals apart. **{_met(fewer >= 0.6 and apart)}**."
        )
    first, now = (numbers.suite_errors(results.of("dynamic", number), BASE_TEST) for number in (0, last))
    lines.append(
        f"- Errors on MNIST's test set: {now}, at the start {first}. Asked: no more than at the start. "
        f"**{_met(now.value <= first.value)}**."
    )
    if trained := _with_longest(results):
        lines.append(f"- {trained}")
    return "\n".join(lines)


def _seed_by_seed(results: Results, last: int) -> str:
    """The same figures for each seed alone: how far one training lies from another."""
    rows = []
    for seed, arms in results.seeds.items():
        alone = Results({seed: arms})
        (start, end), (before, after) = (
            [measure(alone.of("dynamic", number)) for number in (0, last)]
            for measure in (numbers.held_out_errors, lambda found: numbers.suite_errors(found, BASE_TEST))
        )
        rounds, fewer = _rounds_of_both(alone, "ordinary"), ""
        if rounds:
            share, low, high = numbers.fewer_errors(alone, ("dynamic", rounds), ("ordinary", rounds))
            fewer = f"{100 * share:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"
        ratio = f"1/{start.value / max(end.value, 1e-9):.1f}"
        rows.append([seed, start, end, ratio, fewer, before, after])
    heads = ["seed", "held-out writers: start", f"after {last} rounds", "of the start", "fewer errors than ordinary"]
    return table([*heads, "MNIST: start", f"after {last} rounds"], rows)


def _with_longest(results: Results) -> str:
    """What a training that is longer than the one that was played makes of the same examples."""
    shared = results.shared("longest", "longest-on-ordinary")
    ours, theirs = shared.of("longest", LATE), shared.of("longest-on-ordinary", LATE)
    if not ours or not theirs:
        return ""
    fewer, low, high = numbers.fewer_errors(shared, ("longest", LATE), ("longest-on-ordinary", LATE))
    first, now = (numbers.held_out_errors(shared.of("longest", number)) for number in (0, LATE))
    return (
        f"{LONGEST.epochs} epochs with all base digits, once, on all examples of {LATE} rounds "
        f"({_seeds(shared.seeds)}): {now} errors on held-out writers "
        f"with the dynamic ones, 1/{first.value / now.value:.1f} of the start, and {numbers.held_out_errors(theirs)} "
        f"with the ordinary ones, so {100 * fewer:.0f} % fewer [{100 * low:.0f}, {100 * high:.0f}]. On MNIST's test "
        f"set {numbers.suite_errors(ours, BASE_TEST)} and {numbers.suite_errors(theirs, BASE_TEST)}."
    )


def _fooled_rate(results: Results) -> str:
    played = _played(results, "dynamic")
    first, last = (_vmer(results, "dynamic", number) for number in (played[0], played[-1]))
    rows = []
    for number in played:
        found = results.of("dynamic", number)
        mer, vmer = numbers.fooled_rates(found)
        tries = numbers.counted(found, "attempts") / max(1, numbers.counted(found, "verified"))
        bogus = Rate(numbers.counted(found, "fooled") - numbers.counted(found, "fooled_rightly"), mer.rate.numerator)
        rows.append([number, mer, vmer, f"{tries:.1f}", plain(bogus)])
    return f"""## Does the fooled rate fall?

{_verdict(first, last)} The validated model error rate goes from {first} in round {played[0]} to {last} in round
{played[-1]}.

![Verified fooling drawings by round]({PICTURES}/fooled.svg)

Some of what "fools" the model is another digit than was asked for, or a scrawl. The last column counts those;
validation is there to keep them out.

{table(["round", "MER", "vMER", "attempts for a verified one", "not what was asked, of those that fooled"], rows)}"""


def _held_out(results: Results, readings: Readings) -> str:
    arms = [arm for arm in MAIN if results.rounds(arm)]
    rows = [
        [number, *(numbers.held_out_errors(found) if (found := results.of(arm, number)) else "" for arm in arms)]
        for number in _some(results.after("dynamic"))
    ]
    return f"""## Does it beat as much ordinary data, and from which round on?

{_comparison(results, "ordinary")} {_comparison(results, "static")} {_best(results)}
Published for comparison (Wallace et al. 2022, text): 26 % fewer errors after 20 rounds, not yet after 1 to 3.

{_with_everything(results)}

![Errors on held-out writers by round]({PICTURES}/held-out.svg)

{_variety(readings)}

{table(["after round", *(f"{_named(results, arm)}: errors on held-out writers" for arm in arms)], rows)}"""


def _comparison(results: Results, other: str) -> str:
    last = _rounds_of_both(results, other)
    if not last:
        return ""
    fewer, low, high = numbers.fewer_errors(results, ("dynamic", last), (other, last))
    since = numbers.lead_from(results, "dynamic", other)
    lead = f"From round {since} on the intervals are apart." if since else "The intervals are not apart at the end."
    return (
        f"Against {other}, after {last} rounds: {100 * fewer:.0f} % fewer errors [{100 * low:.0f}, {100 * high:.0f}]. "
        f"{lead}"
    )


def _best(results: Results) -> str:
    """Where the lead over ordinary data is widest; chosen after the fact, which the sentence says."""
    rounds = range(1, _rounds_of_both(results, "ordinary") + 1)
    if not rounds:
        return ""
    leads = {n: numbers.fewer_errors(results, ("dynamic", n), ("ordinary", n)) for n in rounds}
    apart = numbers.apart(results, "dynamic", "ordinary")
    widest = max(leads, key=lambda number: leads[number][0])
    fewer, low, high = leads[widest]
    return (
        f"The lead over ordinary is widest after round {widest} (picked afterwards): {100 * fewer:.0f} % fewer "
        f"[{100 * low:.0f}, {100 * high:.0f}]; intervals are apart after rounds {runs(apart) or 'none'}."
    )


def _with_everything(results: Results) -> str:
    """How far ordinary data go when there is no end to them, beside what the rounds came to."""
    shared = results.shared(EVERYTHING, "dynamic")
    if not shared.of(EVERYTHING, 1):
        return ""
    last, rows = shared.rounds("dynamic"), shared.of(EVERYTHING, 1)
    now = numbers.held_out_errors(shared.of("dynamic", last))
    more, fewer = (
        sum(row["collected"]["train"] for row in found) // len(rows) for found in (rows, shared.of("dynamic", last))
    )
    return (
        f"How far would ordinary data go if there were no end to them? The same network, trained once for "
        f"{THOROUGH.epochs} epochs on every trajectory of the same hands, {STYLES} drawings of each and none of them "
        f"wrong, {more:,} examples a seed, misreads {numbers.held_out_errors(rows)}; the {fewer:,} of the dynamic "
        f"arm's {last} rounds come to {now} ({_seeds(shared.seeds)})."
    )


def _variety(readings: Readings) -> str:
    """How much the people repeat themselves in each arm."""
    told = [f"{arm} {distinct:,} for {drawings:,} drawings" for arm, (distinct, drawings) in readings.variety.items()]
    return (
        f"How many different trajectories the drawings are of, added up over seeds: {'; '.join(told)}. People who come "
        "back to what fooled the model draw the same things again."
    )


def _forgotten(results: Results, readings: Readings) -> str:
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
        for number in _some(results.after("dynamic"), step=2)
    ]
    last = results.rounds("dynamic")
    before, after = (numbers.suite_errors(results.of("dynamic", number), BASE_TEST) for number in (0, last))
    change, low, high = numbers.paired_change(*readings.misread)
    heads = [f"{_named(results, arm)}: {what}" for what in ("MNIST", "corruptions") for arm in arms]
    passed = [bool(row["gate"]) for number in range(1, last + 1) for row in results.of("dynamic", number)]
    return f"""## What is forgotten on MNIST?

{_more_or_less(low, high)} errors on MNIST's test set than at the start: {after} after {last} rounds, {before} before. A
digit's chance of being misread changed by {100 * change:+.2f} points [{100 * low:+.2f}, {100 * high:+.2f}], compared
digit by digit. The gate that opens the next round by itself (base dev accuracy within half a point of the parent's, and
better on the adversarial dev drawings) would have done so after {sum(passed)} of {len(passed)} rounds; the experiment
went on in any case.

![Errors on MNIST by round]({PICTURES}/mnist.svg)

Corruptions are the sixteen of `models_zoo.corruptions` at all severities, on {CORRUPTED} of MNIST's test digits, evenly
spaced; the same digits stand in them again and again, so they have no interval.

{table(["after round", *heads], rows)}"""


def _round_tests(results: Results, readings: Readings) -> str:
    last = results.rounds("dynamic")
    groups = [range(start, min(start + GROUP, last + 1)) for start in range(1, last + 1, GROUP)]
    rows = []
    for arm in MAIN:
        measured = [arms[arm] for arms in readings.round_tests.values() if arm in arms]
        models = min(map(len, measured), default=0)
        for number in sorted({0, *range(GROUP, models, GROUP), models - 1} - {-1}):
            if number or arm == "dynamic":
                cells = [_pooled_errors(of_seed[number] for of_seed in measured)(group) for group in groups]
                rows.append([_named(results, arm), number, *cells])
    heads = [f"tests of rounds {group[0]} to {group[-1]}" for group in groups]
    return f"""## Every model on every round's test split

Errors on the test splits of the dynamic arm's rounds, {GROUP} rounds together: drawings that fooled the model of their
round, by hands that are trained on in no arm. Round by round they are in [{TABLE}]({TABLE}). A model that is drawn
against is always wrong on its own round's.

{table(["arm", "after round", *heads], rows)}"""


def _pooled_errors(rows: Iterable[Any]) -> Any:
    kept = list(rows)

    def cell(group: range) -> str:
        counts = [row[number - 1] for row in kept for number in group]
        return plain(Rate(sum(n - right for right, n in counts), sum(n for _, n in counts)))

    return cell


def _noise(results: Results) -> str:
    last = NOISY_ROUNDS
    arms = [arm for arm in ("clean", "dynamic", "noisy", "unchecked") if results.rounds(arm) >= last]
    if len(arms) < 2:
        return ""
    shared = results.shared(*arms)
    rows = []
    for arm in arms:
        rounds = [row for number in range(1, last + 1) for row in shared.of(arm, number)]
        wrong, verified = numbers.counted(rounds, "verified_wrongly"), numbers.counted(rounds, "verified")
        lost, right = numbers.counted(rounds, "rejected_wrongly"), numbers.counted(rounds, "fooled_rightly")
        name = "as elsewhere (dynamic)" if arm == "dynamic" else ARMS[arm].title
        rows.append([
            name, plain(Rate(wrong, verified)), plain(Rate(lost, right)),
            numbers.held_out_errors(shared.of(arm, last)), numbers.suite_errors(shared.of(arm, last), BASE_TEST),
        ])  # fmt: skip
    everything = [row for number in _played(results, "dynamic") for row in results.of("dynamic", number)]
    wrong, verified = (numbers.counted(everything, name) for name in ("verified_wrongly", "verified"))
    return f"""## What does label noise do?

Of all verified fooling drawings of the dynamic arm {plain(Rate(wrong, verified))} were not what they claim. The arms
below ran {last} rounds with {_seeds(shared.seeds)}. "Nobody errs" has no wrong drawings and perfect
validators. "Five times the mistakes" has five times as many wrong drawings, and validators who slip five times as often
(the two careless ones, who answer a quarter at random, do not). In "nobody validates" every drawing that fooled the
model counts.

{_picture(results, "noise")}

{table(NOISE_COLUMNS, rows)}"""


def _training(results: Results) -> str:
    arms = [arm for arm in TRAINING if results.of(arm, ONCE_AFTER)]
    if not arms:
        return ""
    shared = results.shared("dynamic", *arms)
    rows = []
    for arm in [*arms, "dynamic"]:
        found = shared.of(arm, ONCE_AFTER)
        seconds = sum(row["train_cpu_seconds"] for row in found) / len(found)
        by_round = f"as it was played: the same after each of {ONCE_AFTER} rounds, averaged"
        name = by_round if arm == "dynamic" else ARMS[arm].title
        rows.append([
            name, numbers.held_out_errors(found), numbers.suite_errors(found, BASE_TEST),
            numbers.suite_errors(found, CORRUPTION), f"{seconds:.0f}",
        ])  # fmt: skip
    return f"""## Warm start or from scratch, and which weight?

Each row but the last is a single training on the very examples that the dynamic arm collected in its first {ONCE_AFTER}
rounds, without averaging; a warm start is from the first adversary. Where nothing else stands it is one epoch with all
base digits and each collected example {PLAYED.collected_weight:g} times, though never more than
{100 * PLAYED.collected_share:.0f} % of the epoch; 4 × is how often an epoch shows each of them, whatever their share.
All of {_seeds(shared.seeds)}. Seconds are of one core, for this one training.

{table(["", "errors on held-out writers", "MNIST", "corruptions", "core seconds"], rows)}

{_with_non_fooling(results)}"""


def _averaging(results: Results) -> str:
    """The rounds as they were played beside the same without a share of the parent's weights."""
    arms = ("dynamic", "unaveraged")
    shared = results.shared(*arms)
    if not shared.seeds:
        return ""
    last = min(map(shared.rounds, arms))
    shown = [number for number in _some(shared.after("dynamic")) if number <= last]
    rows = []
    for number in shown:
        found = [shared.of(arm, number) for arm in arms]
        rows.append(
            [number, *map(numbers.held_out_errors, found), *(numbers.suite_errors(f, BASE_TEST) for f in found)]
        )
    heads = [f"{title}: {what}" for what in ("held-out writers", "MNIST") for title in ("averaged", "not averaged")]
    return f"""## Does averaging the rounds help?

The weights that are played against are an average over rounds: after round n they keep (n - 1) / (n + 3) of the
parent's, at most {100 * PLAYED.parent_share:.0f} %, and the next training goes on from what the round's own came to.
Beside it the same without averaging, {_seeds(shared.seeds)}; each is fooled by drawings of its own.

{table(["after round", *heads], rows)}"""


def _with_non_fooling(results: Results) -> str:
    shared = results.shared("sampled", "dynamic")
    last = min(shared.rounds("sampled"), shared.rounds("dynamic"))
    if not last:
        return ""
    ours, theirs = (numbers.held_out_errors(shared.of(arm, last)) for arm in ("sampled", "dynamic"))
    more, fewer = (sum(row["collected"]["train"] for row in shared.of(arm, last)) for arm in ("sampled", "dynamic"))
    return (
        f"Should the sampled and verified drawings that fooled nobody be trained on as well? With them there are "
        f"{ours} on held-out writers after {last} rounds, on {more:,} examples; without them, as in the arms above, "
        f"{theirs} on {fewer:,} ({_seeds(shared.seeds)}, each fooled by drawings of its own)."
    )


def _defaults(results: Results, settings: Settings) -> str:
    collected = round(0.8 * settings.per_round)
    return f"""## What the defaults are

`NEXT` in `models_zoo/config.py`, by which the arms of many rounds were played: warm start, `{NEXT.architecture}`,
augmented, {NEXT.epochs} epoch with all base digits and every collected example {NEXT.collected_weight:g} times, up to
{100 * NEXT.collected_share:.0f} % of the epoch: with {collected} examples to train on from each round, about
{_shown_times(8 * collected):.0f} times after 8 rounds and {_shown_times(20 * collected):.0f} after 20. The rounds'
weights are averaged (`parent_share`) and labels smoothed by {NEXT.label_smoothing:g}; how share, averaging and
smoothing were chosen is in [decisions.md](decisions.md). {_longer(results)}"""


def _shown_times(collected: int) -> float:
    """How often an epoch of the default recipe shows each of so many collected examples."""
    share = NEXT.collected_share
    return min(NEXT.collected_weight, share / (1 - share) * BASE_TRAIN / collected)


def _longer(results: Results) -> str:
    """What two epochs would read, where that was tried, and why the default has one."""
    shared = results.shared("once", "longer")
    if not shared.of("longer", ONCE_AFTER):
        return ""
    one, two = (numbers.held_out_errors(shared.of(arm, ONCE_AFTER)) for arm in ("once", "longer"))
    return (
        f"One epoch misreads {one} and {LONGER.epochs} epochs {two} in the table above. With 2,000 collected examples "
        f"{LONGER.epochs} epochs take the way from one round's close to the next one's opening past three epochs of "
        "the usual loop, which is what it may take (`python -m bench.turnaround`; the figures are in "
        f'[adversaries.md](adversaries.md)). A task that can wait sets `{{"epochs": {LONGER.epochs}}}` as its recipe.'
    )


def _read_with_care(results: Results, readings: Readings) -> str:
    few = f"- {len(results.seeds)} of the three seeds asked for.\n" if len(results.seeds) < 3 else ""
    no_gpu = "" if "cuda" in readings.model["device"] else "\n- No GPU was at hand."
    return f"""## To be read with care

{few}- The crowd is simulated. Its hands are real, its behaviour and its mistakes are made up, and their rates are
  guesses.
- Validators err by how much a trajectory resembles those of other labels, not by what the picture shows: a drawing that
  is too small or too slanted to be read is rejected more rarely than people would.
- Who wrote which trajectory is not recorded: a hand is a set of similar shapes, not a known person, and held-out hands
  may share writers with collected ones.
- The strokes of a digit are joined in the data. The way through the air to the second stroke of a 4, a 5 or a 7 is
  left out by a rule of thumb.
- Held-out writers draw in their usual way. How models do on drawings that are meant to fool is in the test splits.
- The recipes were chosen by the held-out writers and MNIST digits of seeds 0 and 1, in short trials before the runs and
  by the table of trainings: their numbers are somewhat too good.{no_gpu}"""


# --- Small things -------------------------------------------------------------------------------------------------


def _played(results: Results, arm: str) -> list[int]:
    return [number for number in results.after(arm) if number]


def _vmer(results: Results, arm: str, number: int) -> Shown:
    return numbers.fooled_rates(results.of(arm, number))[1]


def _point(number: int, shown: Shown) -> Point:
    return Point(number, shown.value, shown.low, shown.high)


def _held_out_lines(results: Results, arms: Iterable[str], *, most: int = 1000) -> list[Line]:
    lines = [
        Line(
            "as it was played" if most == NOISY_ROUNDS and arm == "dynamic" else ARMS[arm].title,
            [_point(n, numbers.held_out_errors(results.of(arm, n))) for n in results.after(arm) if n <= most],
        )
        for arm in arms
    ]
    return [line for line in lines if len(line.points) > 1]


def _picture(results: Results, name: str) -> str:
    return f"![Errors on held-out writers by round]({PICTURES}/{name}.svg)" if name in charts(results) else ""


def _some(rounds: Sequence[int], *, step: int = 1) -> list[int]:
    shown = [number for number in rounds if number in ROUNDS_SHOWN][::step]
    return shown if not rounds or rounds[-1] in shown else [*shown, rounds[-1]]


def _rounds_of_both(results: Results, other: str) -> int:
    """How many rounds the dynamic arm and another have in common, on the seeds that have both."""
    both = results.shared("dynamic", other)
    return min(both.rounds("dynamic"), both.rounds(other))


def _named(results: Results, arm: str) -> str:
    """An arm, with its seeds where they are not all."""
    seeds = results.with_arm(arm)
    return arm if len(seeds) == len(results.seeds) else f"{arm} ({_seeds(seeds)})"


def _seeds(seeds: Iterable[int]) -> str:
    named = sorted(seeds)
    return f"seed{'' if len(named) == 1 else 's'} {listed(named)}"


def _verdict(first: Shown, last: Shown) -> str:
    if last.high < first.low:
        return "Yes."
    return "No, it rises." if last.low > first.high else "Not measurably: the intervals overlap."


def _more_or_less(low: float, high: float) -> str:
    if low > 0:
        return "More"
    return "Fewer" if high < 0 else "Neither measurably more nor fewer"


def _met(is_met: bool) -> str:
    return "met" if is_met else "not met"


def _hours(results: Results) -> str:
    rows = [row for arms in results.seeds.values() for rounds in arms.values() for row in rounds[1:]]
    hours = sum(row["seconds"] for row in rows) / 3600
    return f"{hours:.1f} hours for {len(rows)} rounds, added up"


def table_of_counts(results: Results, readings: Readings) -> str:
    """Every count as CSV: seed, arm, round, what, numerator (right, or counted), denominator (asked)."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["seed", "arm", "round", "what", "numerator", "denominator"])
    for seed, arms in results.seeds.items():
        for arm, found in arms.items():
            for number, result in enumerate(found):
                for suite, (right, asked) in result.get("scores", {}).items():
                    rows.writerow([seed, arm, number, f"right on {suite}", right, asked])
                for name, count in result.get("counts", {}).items():
                    rows.writerow([seed, arm, number, name, count, result["counts"].get("attempts", "")])
    for seed, tested in readings.round_tests.items():
        for arm, models in tested.items():
            for number, counts in enumerate(models):
                for test, (right, asked) in enumerate(counts, start=1):
                    rows.writerow([seed, arm, number, f"right on the test split of round {test}", right, asked])
    return out.getvalue()
