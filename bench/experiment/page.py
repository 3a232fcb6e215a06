"""`docs/results.md`: what came out, as it came out. Sentences, tables and charts are all made from the kept results."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from bench.experiment import numbers, questions, tables, trainings
from bench.experiment.arms import ARMS, MAIN, NOISE, NOISY_ROUNDS
from bench.experiment.charts import Line, Point, line_chart, sheet
from bench.experiment.markdown import listed, table, wrapped
from bench.experiment.measure import BASE_TEST, CORRUPTION
from bench.experiment.numbers import Fewer, Result, Results, Shown
from bench.experiment.readings import Readings, read_off
from bench.experiment.run import TENTHS, Experiment, OtherSettings, Settings
from bench.experiment.words import (
    BY_HAND,
    PICTURES,
    TABLE,
    in_points,
    met,
    part_of,
    played,
    rounds_of_both,
    seeds_named,
    vmer,
)
from models_zoo.files import write_bytes

PILOT = (
    ("vMER", "dynamic", 1, "29 %"),
    ("vMER", "dynamic", 7, "2.6 %"),
    ("held-out writers", "dynamic", 0, "30.2 %"),
    ("held-out writers", "dynamic", 7, "2.8 %"),
    ("held-out writers", "dynamic", 16, "2.4 %"),
    ("held-out writers", "ordinary", 16, "6.5 %"),
    ("MNIST", "dynamic", 0, "1.6 %"),
    ("MNIST", "dynamic", 16, "1.0 %"),
)
"""What was measured, in which arm, in or after which round, and what the pilot came to."""
PILOT_MEASURES: dict[str, Callable[[Sequence[Result]], Shown]] = {
    "vMER": lambda found: numbers.fooled_rates(numbers.people_in(found))[1],
    "held-out writers": numbers.held_out_errors,
    "MNIST": lambda found: numbers.suite_errors(found, BASE_TEST),
}


def write_page(page: Path, experiments: Sequence[Experiment]) -> None:
    """The page, its charts beside it in `images/results/`, and every count as `results.csv` and `results-by-hand.csv`.

    Raises:
        OtherSettings: no round of the dynamic arm is finished, which everything is compared to.
    """
    results, unfinished = numbers.read(experiments[0].folder).furthest()
    if not results.rounds("dynamic"):
        raise OtherSettings(f"{page} is not written: it is about the dynamic arm, so run --arms dynamic as well.")
    results = Results({seed: arms for seed, arms in results.seeds.items() if "dynamic" in arms})
    readings = read_off(experiments, results)
    write_bytes(page.parent / TABLE, tables.table_of_counts(results, readings).encode())
    write_bytes(page.parent / BY_HAND, tables.table_by_hand(results).encode())
    for name, picture in charts(results, readings).items():
        write_bytes(page.parent / PICTURES / f"{name}.svg", picture.encode())
    write_bytes(page, (text(results, readings, experiments[0].settings, unfinished) + "\n").encode())


def text(results: Results, readings: Readings, settings: Settings, unfinished: Sequence[str] = ()) -> str:
    """The whole page, Markdown."""
    parts = [
        _head(results, readings, settings, unfinished),
        _in_short(results, readings),
        _beside_the_pilot(results),
        questions.fooled_rate(results, readings),
        questions.held_out(results, readings),
        questions.still_misread(results, readings),
        questions.forgotten(results, readings),
        questions.round_tests(results, readings),
        trainings.noise(results),
        trainings.training(results),
        trainings.averaging(results, readings),
        trainings.defaults(results, settings),
        _read_with_care(results, readings),
    ]
    return "\n\n".join(wrapped(paragraph) for part in parts for paragraph in part.split("\n\n") if paragraph)


# --- Charts -------------------------------------------------------------------------------------------------------


def charts(results: Results, readings: Readings) -> dict[str, str]:
    """SVG pictures by name; only those that there are results for."""
    main = [arm for arm in MAIN if results.rounds(arm)]
    fooled = [
        Line(ARMS[arm].title, [_point(number, vmer(results, arm, number)) for number in played(results, arm)])
        for arm in ("dynamic", "static")
        if results.rounds(arm)
    ]
    mnist = [
        Line(
            ARMS[arm].title,
            [_point(n, numbers.suite_errors(results.of(arm, n), BASE_TEST)) for n in results.after(arm)],
        )
        for arm in main
    ]
    after = "after round"
    found = {
        "fooled": line_chart(
            "Verified fooling drawings of all attempts (vMER)",
            fooled,
            about=f"{_whose(results)}; bands: 95 %, annotators resampled",
        ),
        "held-out": line_chart(
            "Errors on held-out writers",
            _held_out_lines(results, main),
            about=f"{_whose(results)}; bands: 95 %, hands resampled; logarithmic",
            across=after,
            logarithmic=True,
        ),
        "mnist": line_chart(
            "Errors on MNIST's test set", mnist, about=f"{_whose(results)}; bands: 95 %, Wilson", across=after
        ),
    }
    found |= {"still-misread": _still_misread(readings), "noise": _noise(results)}
    return {name: picture for name, picture in found.items() if picture}


def _still_misread(readings: Readings) -> str:
    if not readings.still:
        return ""
    return sheet(
        "Held-out drawings that every late model misreads",
        [(misread.image, f"{misread.label} as {misread.answer}") for misread in readings.still],
        about="Below each: what was written, and what the newest model reads",
    )


def _noise(results: Results) -> str:
    noisy = results.shared("dynamic", *NOISE)
    lines = _held_out_lines(noisy, ["dynamic", *NOISE], most=NOISY_ROUNDS)
    if not lines:
        return ""
    return line_chart(
        "Errors on held-out writers, with more and with fewer mistakes of people",
        lines,
        about=f"{_whose(noisy)}; bands: 95 %, hands resampled; logarithmic",
        across="after round",
        logarithmic=True,
    )


def _held_out_lines(results: Results, arms: Iterable[str], *, most: int = 1000) -> list[Line]:
    lines = [
        Line(
            "as it was played" if most == NOISY_ROUNDS and arm == "dynamic" else ARMS[arm].title,
            [_point(n, numbers.held_out_errors(results.of(arm, n))) for n in results.after(arm) if n <= most],
        )
        for arm in arms
    ]
    return [line for line in lines if len(line.points) > 1]


def _point(number: int, shown: Shown) -> Point:
    return Point(number, shown.value, shown.low, shown.high)


def _whose(results: Results) -> str:
    return seeds_named(results.seeds).capitalize()


# --- The parts of the page that are about all of it ---------------------------------------------------------------


def _head(results: Results, readings: Readings, settings: Settings, unfinished: Sequence[str]) -> str:
    validators, held_out = MAIN["dynamic"].validators, len(results.of("dynamic", 0)[0]["by_hand"])
    tenth = max(1, settings.annotators // TENTHS)
    twice, drawn = readings.held_out_twice
    return f"""# Results: what the loop does to a model

<!-- made by python -m bench.rounds: change that, not this -->

People were not at hand, so a crowd was made of real handwriting that is not MNIST: the UCI pen digits, 10,992 digits by
44 writers as pen trajectories, drawn as strokes on the site's canvas. {settings.annotators} simulated annotators, each
with a hand of their own, draw what they are asked for, vary it when it did not fool the model, come back to what did,
and now and then draw another digit or a scrawl. {validators} validators err, two of them carelessly.
What is drawn, validated and trained on follows the site's own code: its rules of verification, its way from a drawing
to 28 x 28 pixels, its training.

Each round closes at {settings.per_round} verified examples. The examples of {settings.annotators - 2 * tenth} hands are
trained on, those of {tenth} each are kept for dev and test. Held-out writers are {held_out} further hands of each seed
from which nothing is ever collected.

- **dynamic**: each round is drawn against the newest model, as on the site.
- **ordinary**: as many verified drawings, with no model in the loop: everybody draws what is asked, once.
- **static**: as many verified drawings that fool the first model, in every round.

{_circumstances(results, readings, settings, unfinished)}

Every rate stands as `rate [95 % interval] numerator/denominator`, pooled over seeds. Intervals of fooled rates resample
annotators, those of held-out writers resample hands: they are about these models, and how much another training would
differ is in the table of seeds below. "Measurably" is said where the interval of a comparison, hand by hand on the same
drawings, leaves no doubt of its sign; it does not count how many comparisons the page makes. Seeds share one set of
handwriting, parted anew into hands: {100 * twice / drawn:.0f} % of the held-out drawings are of trajectories that
another seed holds out as well, which intervals that are pooled over seeds do not know. MNIST's digits are the same for
all seeds, so their interval (Wilson's) counts each once. Round 0 is the first adversary."""


def _circumstances(results: Results, readings: Readings, settings: Settings, unfinished: Sequence[str]) -> str:
    """What was run, by which command, on what, for how long."""
    seeds, arms = sorted(results.seeds), [name for name in ARMS if results.with_arm(name)]
    finished = [
        f"{name} {results.rounds(name)}" + (f" ({seeds_named(with_it)})" if with_it != seeds else "")
        for name in arms
        if (with_it := results.with_arm(name))
    ]
    started = [told.split(" ")[0] for told in unfinished]
    not_run = [f"“{of.title}” ({name})" for name, of in ARMS.items() if name not in [*arms, *started]]
    missing = [*unfinished, *([f"arms that were not run: {listed(not_run)}"] if not_run else [])]
    threads, devices, versions = (
        sorted({str(_told(model, what)) for model in readings.models}) for what in ("threads", "device", "versions")
    )
    usual = Settings()
    changed = [
        f" --{name.replace('_', '-')} {value}"
        for name, value in (
            ("rounds", results.rounds("dynamic")),
            ("per_round", settings.per_round),
            ("annotators", settings.annotators),
        )
        if value != getattr(usual, name)
    ]
    asked = "" if arms == list(MAIN) else f" --arms {'all' if arms == list(ARMS) else ' '.join(arms)}"
    command = f"python -m bench.rounds --seeds {' '.join(map(str, seeds))}{asked}{''.join(changed)}"
    rows = [
        ("command", f"`{command} --threads {' or '.join(threads)}`{_and_more(results, arms)}"),
        ("rounds finished", f"{listed(finished)}; with {seeds_named(seeds)} where nothing else stands"),
        ("not here", "; ".join(missing) or "nothing: every arm is on this page"),
        ("time", _hours(results)),
        ("trained on", f"{' and '.join(devices)}, threads: {' or '.join(threads)}"),
        ("versions", "; ".join(versions)),
        ("all counts", f"[{TABLE}]({TABLE}), and hand by hand [{BY_HAND}]({BY_HAND})"),
    ]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def _and_more(results: Results, arms: Sequence[str]) -> str:
    """Where the command would run more than is here."""
    has_all = all(results.with_arm(arm) == sorted(results.seeds) for arm in arms)
    return "" if has_all else ", which would also run the seeds that some arms lack here"


def _told(model: dict[str, Any], what: str) -> Any:
    if what == "versions":
        return ", ".join(f"{name} {version}" for name, version in sorted(model["versions"].items()))
    return model[what]


def _in_short(results: Results, readings: Readings) -> str:
    last = results.rounds("dynamic")
    first, now = (numbers.held_out_errors(results.of("dynamic", number)) for number in (0, last))
    fooled = [vmer(results, "dynamic", number) for number in (1, last)]
    gone = numbers.fewer_errors(results, ("dynamic", last), ("dynamic", 0))
    lines = [
        f"The fooled rate (vMER) goes from {fooled[0]} in round 1 to {fooled[1]} in round {last}.",
        f"Errors on held-out writers after {last} rounds: {now}, at the start {first}. Asked: at most a twelfth, "
        f"{100 * first.value / 12:.2f} %. **{met(12 * now.value <= first.value)}**: it is {part_of(gone)}. "
        f"{len(readings.still)} of them are misread by every late model, and shown below.",
    ]
    if rounds := rounds_of_both(results, "dynamic", "ordinary"):
        ours, theirs = ("dynamic", rounds), ("ordinary", rounds)
        fewer, apart = numbers.fewer_errors(results, ours, theirs), numbers.are_apart(results, ours, theirs)
        lines.append(
            f"Against as much ordinary data, after {rounds} rounds: {fewer.in_words} there; the intervals of the "
            f"two are {'' if apart else 'not '}apart. Asked: 60 %, intervals apart. "
            f"**{met(fewer.share >= 0.6 and apart)}**.{_since(results)}"
        )
    before, after = (numbers.suite_errors(results.of("dynamic", number), BASE_TEST) for number in (0, last))
    lines.append(
        f"Errors on MNIST's test set: {after}, at the start {before}. Asked: no more than at the start. "
        f"**{met(after.value <= before.value)}**."
    )
    before, after = (numbers.suite_errors(results.of("dynamic", number), CORRUPTION) for number in (0, last))
    change = in_points(numbers.paired_change(*readings.corrupted))
    lines.append(f"Errors on corrupted MNIST digits: {after}, at the start {before}: {change}.")
    more = (trainings.noise_in_short(results), trainings.training_in_short(results), trainings.with_longest(results))
    lines += [said for said in more if said]
    listed_lines = "\n".join(f"- {line}" for line in lines)
    return f"""## In short

{listed_lines}

{_seed_by_seed(results, last)}

"Over seeds" is the mean of the seeds and Student's 95 % interval of that mean; another single seed would lie further
off."""


def _since(results: Results) -> str:
    """From which round on the dynamic arm leads."""
    since = numbers.ahead_from(results, "dynamic", "ordinary")
    return f" They are measurably fewer from round {since} on." if since else ""


def _seed_by_seed(results: Results, last: int) -> str:
    """The same figures for each seed alone, and over seeds: how far one training lies from another."""
    rows, values = [], []
    for seed, alone in results.alone().items():
        (start, end), (before, after) = (
            [measure(alone.of("dynamic", number)) for number in (0, last)]
            for measure in (numbers.held_out_errors, lambda found: numbers.suite_errors(found, BASE_TEST))
        )
        left = numbers.fewer_errors(alone, ("dynamic", last), ("dynamic", 0))
        rounds = rounds_of_both(alone, "dynamic", "ordinary")
        fewer = numbers.fewer_errors(alone, ("dynamic", rounds), ("ordinary", rounds)) if rounds else None
        rows.append([seed, start, end, part_of(left), fewer.in_a_table if fewer else "", before, after])
        shares = [start.value, end.value, 1 - left.share, fewer.share if fewer else None, before.value, after.value]
        values.append(shares)
    if len(rows) > 1:
        columns = [[share for share in column if share is not None] for column in zip(*values, strict=True)]
        shown = [
            _part_over_seeds(column) if place == 2 else _over_seeds(column) for place, column in enumerate(columns)
        ]
        rows.append(["over seeds", *shown])
    heads = ["seed", "held-out writers: start", f"after {last} rounds", "of the start", "fewer errors than ordinary"]
    return table([*heads, "MNIST: start", f"after {last} rounds"], rows)


def _part_over_seeds(left: Sequence[float]) -> str:
    """Of the errors at the start."""
    mean, interval = numbers.over_seeds(left)
    low, high = interval or (mean, mean)
    return part_of(Fewer(1 - mean, 1 - high, 1 - low))


def _over_seeds(shares: Sequence[float]) -> str:
    if not shares:
        return ""
    mean, interval = numbers.over_seeds(shares)
    digits = 2 if mean < 0.2 else 0
    between = f" [{100 * interval[0]:.{digits}f}, {100 * interval[1]:.{digits}f}]" if interval else ""
    return f"{100 * mean:.{digits}f} %{between}"


def _beside_the_pilot(results: Results) -> str:
    """What the loop was first tried with, and what the same rounds came to here."""
    rows = []
    for what, arm, number, pilot in PILOT:
        if found := results.of(arm, number):
            when = f"round {number}" if what == "vMER" else f"after round {number}" if number else "at the start"
            rows.append([f"{what}, {arm}, {when}", pilot, PILOT_MEASURES[what](found)])
    if not rows:
        return ""
    return f"""A pilot stands behind what was asked: one seed, a weaker first adversary of five layers, two epochs a
round on 10,000 replayed digits, nobody erred and nobody came back to what fooled, and the pen was never lifted.

{table(["", "pilot", "here"], rows)}"""


def _read_with_care(results: Results, readings: Readings) -> str:
    few = f"- {len(results.seeds)} of the three seeds asked for.\n" if len(results.seeds) < 3 else ""
    no_gpu = "" if any("cuda" in model["device"] for model in readings.models) else "\n- No GPU was at hand."
    return f"""## To be read with care

{few}- The crowd is simulated. Its hands are real, its behaviour and its mistakes are made up, and their rates are
  guesses.
- Validators err by how much a trajectory resembles those of other labels, not by what the picture shows. They know the
  order of strokes, so they verify drawings that people would argue about, and reject more rarely than people would.
- Who wrote which trajectory is not recorded: a hand is a set of similar shapes, not a known person, and held-out hands
  may share writers with collected ones.
- The strokes of a digit are joined in the data. The way through the air to the second stroke of a 4, a 5 or a 7 is
  left out by a rule of thumb.
- Held-out writers draw in their usual way, and every drawing of theirs counts, also one that people could not tell
  apart. How models do on drawings that are meant to fool is in the test splits.
- The recipes were chosen by the held-out writers of seeds 0 and 1 and by MNIST's test digits, which are the same for
  all seeds, in short trials before the runs and by the table of trainings: their numbers are somewhat too
  good.{no_gpu}"""


def _hours(results: Results) -> str:
    """A round that was taken up again counts from there on only."""
    rows = [row for arms in results.seeds.values() for rounds in arms.values() for row in rounds[1:]]
    trained = sum("scores" in row for row in rows)
    hours = sum(row["seconds"] for row in rows) / 3600
    return f"{hours:.1f} hours for {trained} models after the first ones and what they are trained on, added up"
