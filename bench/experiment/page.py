"""`docs/results.md`: what came out, as it came out. Sentences, tables and charts are all made from the kept results."""

import csv
import io
import re
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.experiment import numbers
from bench.experiment.arms import ARMS, LATE, LONGER, MAIN, NOISE, NOISY_ROUNDS, ONCE_AFTER, PLAYED, TRAINING
from bench.experiment.charts import Line, Point, line_chart
from bench.experiment.measure import BASE_TEST, CORRUPTED, CORRUPTION
from bench.experiment.numbers import Results, Shown
from bench.experiment.run import Experiment
from models_zoo.config import NEXT
from models_zoo.files import read_json, write_bytes
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
GROUP = 5
"""Rounds whose test splits are put together: each alone has some twenty drawings."""


def write_page(page: Path, experiments: Sequence[Experiment]) -> None:
    """The page, its charts beside it in `images/results/`, and every number as `results.csv`."""
    folder = experiments[0].folder
    results = numbers.read(folder)
    write_bytes(page.parent / TABLE, _csv(results, experiments).encode())
    for name, picture in charts(results).items():
        write_bytes(page.parent / PICTURES / f"{name}.svg", picture.encode())
    write_bytes(page, (text(results, experiments) + "\n").encode())


def text(results: Results, experiments: Sequence[Experiment]) -> str:
    """The whole page, Markdown."""
    parts = [
        _head(results, experiments),
        _fooled_rate(results),
        _held_out(results, experiments),
        _forgotten(results),
        _round_tests(results, experiments),
        _noise(results),
        _training(results),
        _averaging(results),
        _defaults(results),
        _read_with_care(results),
    ]
    return "\n\n".join(_wrapped(paragraph) for part in parts for paragraph in part.split("\n\n") if paragraph)


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
    noise = _held_out_lines(results, {"dynamic": MAIN["dynamic"]} | NOISE, most=NOISY_ROUNDS)
    if len(noise) > 1:
        found["noise"] = line_chart("Errors on held-out writers", noise)
    return found


# --- The parts of the page ----------------------------------------------------------------------------------------


def _head(results: Results, experiments: Sequence[Experiment]) -> str:
    seeds, settings = sorted(results.seeds), experiments[0].settings
    last = results.rounds("dynamic")
    meta = read_json(experiments[0].first_folder / "model.json")
    versions = ", ".join(f"{name} {version}" for name, version in sorted(meta["versions"].items()))
    finished = ", ".join(
        f"{name} {results.rounds(name)}" + (f" (seeds {_listed(with_it)})" if with_it != seeds else "")
        for name in ARMS
        if (with_it := results.with_arm(name))
    )
    return f"""# Results: what the loop does to a model

<!-- made by python -m bench.rounds: change that, not this -->

People were not at hand, so a crowd was made of real handwriting that is not MNIST: the UCI pen digits, 10,992 digits by
44 writers as pen trajectories, drawn as strokes on the site's canvas. {settings.annotators} simulated annotators, each
with a hand of their own, draw what they are asked for, vary it when it did not fool the model, come back to what
did, and
now and then draw another digit or a scrawl. Ten validators err, two of them carelessly. What is drawn, validated and
trained on follows the site's own code: its rules of verification, its way from a drawing to 28 x 28 pixels, its
training.

Each round closes at {settings.per_round} verified examples. The examples of four fifths of the hands are trained
on, those
of a tenth each are kept for dev and test. Held-out writers are ten further hands from which nothing is ever collected.

- **dynamic**: each round is drawn against the newest model, as on the site.
- **ordinary**: as many verified drawings, with no model in the loop: everybody draws what is asked, once.
- **static**: as many verified drawings that fool the first model, in every round.

| | |
|---|---|
| command | `python -m bench.rounds --seeds {" ".join(map(str, seeds))} --arms all` |
| seeds | {_listed(seeds)} |
| rounds finished | {finished} |
| time | {_hours(results)}, on cores shared with other work |
| versions | {versions} |
| all numbers | [{TABLE}]({TABLE}) |

Every rate stands as `rate [95 % interval] numerator/denominator`. Intervals of fooled rates resample annotators,
those of
held-out writers resample hands, over all seeds; the others are Wilson's. Round 0 is the first adversary.

## In short

{_in_short(results, last)}"""


def _in_short(results: Results, last: int) -> str:
    first, now = (numbers.held_out_errors(results.of("dynamic", number)) for number in (0, last))
    fooled = [_vmer(results, "dynamic", number) for number in (1, last)]
    lines = [
        f"- The fooled rate (vMER) goes from {fooled[0]} in round 1 to {fooled[1]} in round {last}.",
        f"- Errors on held-out writers after {last} rounds: {now}, at the start {first}. Asked: at most a twelfth, "
        f"{100 * first.value / 12:.2f} %. **{_met(12 * now.value <= first.value)}**: it is "
        f"1/{first.value / max(now.value, 1e-9):.1f}.",
    ]
    if rounds := min(last, results.rounds("ordinary")):
        fewer, low, high = numbers.fewer_errors(results.of("dynamic", rounds), results.of("ordinary", rounds))
        apart = numbers.lead_from(results, "dynamic", "ordinary")
        lines.append(
            f"- Fewer errors there than with as much ordinary data, after {rounds} rounds: {100 * fewer:.0f} % "
            f"[{100 * low:.0f}, {100 * high:.0f}]. Asked: 60 %, intervals apart. "
            f"**{_met(fewer >= 0.6 and apart is not None)}**. {_best(results)}"
        )
    first, now = (numbers.suite_errors(results.of("dynamic", number), BASE_TEST) for number in (0, last))
    lines.append(
        f"- Errors on MNIST's test set: {now}, at the start {first}. Asked: no more than at the start. "
        f"**{_met(now.value <= first.value)}**."
    )
    if trained := _with_longest(results):
        lines.append(f"- {trained}")
    return "\n".join(lines)


def _with_longest(results: Results) -> str:
    """What a training that is longer than the one that was played makes of the same examples."""
    ours, theirs = results.of("longest", LATE), results.of("longest-on-ordinary", LATE)
    if not ours or not theirs:
        return ""
    fewer, low, high = numbers.fewer_errors(ours, theirs)
    first, now = (numbers.held_out_errors(results.of("longest", number)) for number in (0, LATE))
    return (
        f"Five epochs with all base digits, once, on all examples of {LATE} rounds: {now} errors on held-out writers "
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
        rows.append([number, mer, vmer, f"{tries:.1f}", _plain(bogus)])
    return f"""## Does the fooled rate fall?

{_verdict(first, last)} The validated model error rate goes from {first} in round {played[0]} to {last} in round
{played[-1]}.

![Verified fooling drawings by round]({PICTURES}/fooled.svg)

Some of what "fools" the model is another digit than was asked for, or a scrawl. The last column counts those;
validation is there to keep them out.

{_table(["round", "MER", "vMER", "attempts for a verified one", "not what was asked, of those that fooled"], rows)}"""


def _held_out(results: Results, experiments: Sequence[Experiment]) -> str:
    arms = [arm for arm in MAIN if results.rounds(arm)]
    rows = [
        [number, *(numbers.held_out_errors(found) if (found := results.of(arm, number)) else "" for arm in arms)]
        for number in _some(results.after("dynamic"))
    ]
    return f"""## Does it beat as much ordinary data, and from which round on?

{_comparison(results, "ordinary")} {_comparison(results, "static")} {_best(results)}
Published for comparison (Wallace et al. 2022, text): 26 % fewer errors after 20 rounds, not yet after 1 to 3.

![Errors on held-out writers by round]({PICTURES}/held-out.svg)

{_variety(experiments, arms)}

{_table(["after round", *(f"{arm}: errors on held-out writers" for arm in arms)], rows)}"""


def _comparison(results: Results, other: str) -> str:
    last = min(results.rounds("dynamic"), results.rounds(other))
    if not last:
        return ""
    fewer, low, high = numbers.fewer_errors(results.of("dynamic", last), results.of(other, last))
    since = numbers.lead_from(results, "dynamic", other)
    lead = f"From round {since} on the intervals are apart." if since else "The intervals are not apart at the end."
    return (
        f"Against {other}, after {last} rounds: {100 * fewer:.0f} % fewer errors [{100 * low:.0f}, {100 * high:.0f}]. "
        f"{lead}"
    )


def _best(results: Results) -> str:
    """Where the lead over ordinary data is widest; chosen after the fact, which the sentence says."""
    rounds = range(1, min(results.rounds("dynamic"), results.rounds("ordinary")) + 1)
    if not rounds:
        return ""
    leads = {n: numbers.fewer_errors(results.of("dynamic", n), results.of("ordinary", n)) for n in rounds}
    apart = [
        n
        for n in rounds
        if numbers.held_out_errors(results.of("dynamic", n)).high
        < numbers.held_out_errors(results.of("ordinary", n)).low
    ]
    widest = max(leads, key=lambda number: leads[number][0])
    fewer, low, high = leads[widest]
    return (
        f"The lead over ordinary is widest after round {widest} (picked afterwards): {100 * fewer:.0f} % fewer "
        f"[{100 * low:.0f}, {100 * high:.0f}]; intervals are apart after rounds {_listed(apart) or 'none'}."
    )


def _variety(experiments: Sequence[Experiment], arms: Sequence[str]) -> str:
    """How much the people repeat themselves in each arm, for the first seed."""
    told = []
    for arm in arms:
        distinct, drawings = experiments[0].variety(arm)
        told.append(f"{arm} {distinct:,} for {drawings:,} drawings")
    return (
        f"How many different trajectories the drawings are of (seed {experiments[0].seed}): {'; '.join(told)}. "
        "People who come back to what fooled the model draw the same things again."
    )


def _forgotten(results: Results) -> str:
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
    passed = [bool(row["gate"]) for number in range(1, last + 1) for row in results.of("dynamic", number)]
    return f"""## What is forgotten on MNIST?

{_more_or_less(before, after)} errors on MNIST's test set than at the start: {after} after {last} rounds, {before}
before.
The gate that opens the next round by itself (base dev accuracy within half a point of the parent's, and better on the
adversarial dev drawings) would have done so after {sum(passed)} of {len(passed)} rounds; the experiment went on in
any case.

![Errors on MNIST by round]({PICTURES}/mnist.svg)

Corruptions are the sixteen of `models_zoo.corruptions` at all severities, on {CORRUPTED} of MNIST's test digits, evenly
spaced.

{_table(["after round", *(f"{arm}: {what}" for what in ("MNIST", "corruptions") for arm in arms)], rows)}"""


def _round_tests(results: Results, experiments: Sequence[Experiment]) -> str:
    last = results.rounds("dynamic")
    groups = [range(start, min(start + GROUP, last + 1)) for start in range(1, last + 1, GROUP)]
    rows = []
    for arm in MAIN:
        measured = [
            experiment.on_round_tests(arm) for experiment in experiments if arm in results.seeds[experiment.seed]
        ]
        models = min((len(of_seed) for of_seed in measured), default=0)
        for number in sorted({0, *range(GROUP, models, GROUP), models - 1} - {-1}):
            if number or arm == "dynamic":
                cells = [_pooled_errors(of_seed[number] for of_seed in measured)(group) for group in groups]
                rows.append([arm, number, *cells])
    heads = [f"tests of rounds {group[0]} to {group[-1]}" for group in groups]
    return f"""## Every model on every round's test split

Errors on the test splits of the dynamic arm's rounds, {GROUP} rounds together: drawings that fooled the model of their
round, by hands that are trained on in no arm. Round by round they are in [{TABLE}]({TABLE}). A model that is drawn
against is always wrong on its own round's.

{_table(["arm", "after round", *heads], rows)}"""


def _pooled_errors(rows: Iterable[Any]) -> Any:
    kept = list(rows)

    def cell(group: range) -> str:
        counts = [row[number - 1] for row in kept for number in group]
        return _plain(Rate(sum(n - right for right, n in counts), sum(n for _, n in counts)))

    return cell


def _noise(results: Results) -> str:
    last = NOISY_ROUNDS
    arms = [arm for arm in ("clean", "dynamic", "noisy", "unchecked") if results.rounds(arm) >= last]
    if len(arms) < 2:
        return ""
    seeds = set.intersection(*(set(results.with_arm(arm)) for arm in arms))
    shared = Results({seed: results.seeds[seed] for seed in sorted(seeds)})
    rows = []
    for arm in arms:
        rounds = [row for number in range(1, last + 1) for row in shared.of(arm, number)]
        wrong, verified = numbers.counted(rounds, "verified_wrongly"), numbers.counted(rounds, "verified")
        lost, right = numbers.counted(rounds, "rejected_wrongly"), numbers.counted(rounds, "fooled_rightly")
        name = "as elsewhere (dynamic)" if arm == "dynamic" else ARMS[arm].title
        rows.append([
            name, _plain(Rate(wrong, verified)), _plain(Rate(lost, right)),
            numbers.held_out_errors(shared.of(arm, last)), numbers.suite_errors(shared.of(arm, last), BASE_TEST),
        ])  # fmt: skip
    everything = [row for number in _played(results, "dynamic") for row in results.of("dynamic", number)]
    wrong, verified = (numbers.counted(everything, name) for name in ("verified_wrongly", "verified"))
    return f"""## What does label noise do?

Of all verified fooling drawings of the dynamic arm {_plain(Rate(wrong, verified))} were not what they claim. The
arms below
ran {last} rounds with seed {_listed(sorted(seeds))}: "nobody errs" has no wrong drawings and perfect validators,
"five times
the mistakes" five times as many wrong drawings and wrong answers, and in "nobody validates" every drawing that fooled
the model counts.

{_picture(results, "noise")}

{_table(NOISE_COLUMNS, rows)}"""


def _training(results: Results) -> str:
    arms = [arm for arm in TRAINING if results.of(arm, ONCE_AFTER)]
    if not arms:
        return ""
    rows = []
    for arm in [*arms, "dynamic"]:
        found = results.of(arm, ONCE_AFTER)
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
{100 * PLAYED.collected_share:.0f} % of the epoch; 4 × is how often an epoch shows each
of them, whatever their share. Seeds {_listed(results.with_arm(arms[0]))}.
Seconds are of one core, for this one training.

{_table(["", "errors on held-out writers", "MNIST", "corruptions", "core seconds"], rows)}

{_with_non_fooling(results)}"""


def _averaging(results: Results) -> str:
    """The rounds as they were played beside the same without a share of the parent's weights."""
    arms = ("dynamic", "unaveraged")
    seeds = [seed for seed in results.with_arm("unaveraged") if seed in results.with_arm("dynamic")]
    if not seeds:
        return ""
    shared = Results({seed: results.seeds[seed] for seed in seeds})
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
Beside it the same without averaging, seeds {_listed(seeds)}; each is fooled by drawings of its own.

{_table(["after round", *heads], rows)}"""


def _with_non_fooling(results: Results) -> str:
    last = min(results.rounds("sampled"), results.rounds("dynamic"))
    if not last:
        return ""
    ours, theirs = (numbers.held_out_errors(results.of(arm, last)) for arm in ("sampled", "dynamic"))
    more, fewer = (results.of(arm, last)[0]["collected"]["train"] for arm in ("sampled", "dynamic"))
    return (
        f"The site trains, by default, on the sampled and verified drawings that fooled nobody as well; the arms above "
        f"do not, so that their sizes are equal. With them there are {ours} after {last} rounds on {more:,} examples, "
        f"without them {theirs} on {fewer:,}."
    )


def _defaults(results: Results) -> str:
    return f"""## What the defaults are

`NEXT` in `models_zoo/config.py`, by which the arms of many rounds were played: warm start, `{NEXT.architecture}`,
augmented, one epoch with all base digits and every collected example {NEXT.collected_weight:g} times, up to
{100 * NEXT.collected_share:.0f} % of the epoch, with the rounds' weights averaged (`parent_share`). More epochs read
more, but with 2,000 collected examples they take the
way from one round's close to the next one's opening past three epochs of the usual loop, which is what it may take
(`python -m bench.turnaround`; the figures are in [adversaries.md](adversaries.md)). A task that can wait sets
`{{"epochs": {LONGER.epochs}}}` as its recipe."""


def _read_with_care(results: Results) -> str:
    few = len(results.seeds) < 3
    seeds = f"- {len(results.seeds)} of the three seeds asked for: the machine had no time for more.\n" if few else ""
    return f"""## To be read with care

{seeds}- The crowd is simulated. Its hands are real, its behaviour and its mistakes are made up, and their rates
are guesses.
- Who wrote which trajectory is not recorded: a hand is a set of similar shapes, not a known person, and held-out
hands may
  share writers with collected ones.
- The strokes of a digit are joined in the data. The way up to the bar of a 5 or a 7 is left out by a rule of thumb.
- Held-out writers draw in their usual way. How models do on drawings that are meant to fool is in the test splits.
- The recipes were chosen by the held-out writers and MNIST digits of seed 0 that stand above, in short trials before
  the runs and by the table of trainings: their numbers are somewhat too good.
- No GPU was at hand."""


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


def _wrapped(paragraph: str) -> str:
    """Prose in lines of at most 120; tables, pictures, headings and comments as they are."""
    if paragraph.startswith(("|", "!", "#", "<")):
        return paragraph
    items = re.split(r"\n(?=- )", paragraph)
    return "\n".join(
        textwrap.fill(
            " ".join(item.split()),
            width=120,
            subsequent_indent="  " if item.startswith("- ") else "",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for item in items
    )


def _table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [f"| {' | '.join(heads)} |", "|---" + "|---:" * (len(heads) - 1) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows)])


def _plain(rate: Rate) -> str:
    if not rate.denominator:
        return "none"
    interval = rate.interval
    between = f" [{100 * interval[0]:.1f}, {100 * interval[1]:.1f}]" if interval else ""
    return f"{100 * (rate.value or 0):.1f} %{between} {rate.numerator:,}/{rate.denominator:,}"


def _verdict(first: Shown, last: Shown) -> str:
    if last.high < first.low:
        return "Yes."
    return "No, it rises." if last.low > first.high else "Not measurably: the intervals overlap."


def _more_or_less(before: Shown, after: Shown) -> str:
    if after.low > before.high:
        return "More"
    if after.high < before.low:
        return "Fewer"
    return "Neither measurably more nor fewer"


def _met(is_met: bool) -> str:
    return "met" if is_met else "not met"


def _listed(values: Sequence[object]) -> str:
    return ", ".join(map(str, values))


def _hours(results: Results) -> str:
    rows = [row for arms in results.seeds.values() for rounds in arms.values() for row in rounds[1:]]
    hours = sum(row["seconds"] for row in rows) / 3600
    return f"{hours:.1f} hours for {len(rows)} rounds, added up"


def _csv(results: Results, experiments: Sequence[Experiment]) -> str:
    """Every count: seed, arm, round, what, numerator (right, or counted), denominator (asked)."""
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
    for experiment in experiments:
        for arm in (arm for arm in MAIN if arm in results.seeds[experiment.seed]):
            for number, counts in enumerate(experiment.on_round_tests(arm)):
                for test, (right, asked) in enumerate(counts, start=1):
                    rows.writerow(
                        [experiment.seed, arm, number, f"right on the test split of round {test}", right, asked]
                    )
    return out.getvalue()
