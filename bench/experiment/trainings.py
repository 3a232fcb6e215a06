"""The page's answers about other ways: more and fewer mistakes, other trainings, no averaging; and the defaults."""

from bench.experiment import numbers
from bench.experiment.arms import ARMS, LATE, LONGER, LONGEST, NOISE, NOISY_ROUNDS, ONCE_AFTER, PLAYED, TRAINING
from bench.experiment.markdown import plain, table
from bench.experiment.measure import BASE_TEST, CORRUPTION
from bench.experiment.numbers import Fewer, Results
from bench.experiment.readings import Readings
from bench.experiment.run import Settings
from bench.experiment.words import PICTURES, part_of, played, seeds_named
from models_zoo.training.config import NEXT
from stats.rates import Rate

NOISE_COLUMNS = (
    "",
    "wrong labels, of verified",
    "rejected, of those rightly drawn",
    "errors on held-out writers",
    "against as elsewhere",
    "MNIST",
)
BASE_TRAIN = 60_000 - 5_000
"""MNIST's training digits that are trained on: the rest are its dev set."""


# --- Label noise --------------------------------------------------------------------------------------------------


def noise_in_short(results: Results) -> str:
    shared = _noisy(results)
    return f"Label noise: {_of_noise(shared)}" if shared else ""


def noise(results: Results) -> str:
    shared, last = _noisy(results), NOISY_ROUNDS
    if not shared:
        return ""
    rows = []
    for arm in ("dynamic", *NOISE):
        rounds = [row for number in range(1, last + 1) for row in shared.of(arm, number)]
        wrong, verified = numbers.counted(rounds, "verified_wrongly"), numbers.counted(rounds, "verified")
        lost, right = numbers.counted(rounds, "rejected_wrongly"), numbers.counted(rounds, "fooled_rightly")
        rows.append([
            "as elsewhere (dynamic)" if arm == "dynamic" else ARMS[arm].title,
            plain(Rate(wrong, verified)), plain(Rate(lost, right)), numbers.held_out_errors(shared.of(arm, last)),
            "" if arm == "dynamic" else _noise_against(shared, arm).in_a_table,
            numbers.suite_errors(shared.of(arm, last), BASE_TEST),
        ])  # fmt: skip
    everything = [row for number in played(results, "dynamic") for row in results.of("dynamic", number)]
    wrong, verified = (numbers.counted(everything, name) for name in ("verified_wrongly", "verified"))
    return f"""## What does label noise do?

{_of_noise(shared)} Of all verified fooling drawings of the dynamic arm {plain(Rate(wrong, verified))} were not what
they claim.

The arms below ran {last} rounds with {seeds_named(shared.seeds)}. "Nobody errs" has no wrong drawings and perfect
validators. "Five times the mistakes" has five times as many wrong drawings, and validators who slip five times as often
(the two careless ones, who answer a quarter at random, do not). In "nobody validates" every drawing that fooled the
model counts. Each arm is fooled by drawings of its own. Intervals of labels are Wilson's.

![Errors on held-out writers by round]({PICTURES}/noise.svg)

{table(NOISE_COLUMNS, rows)}"""


def _noisy(results: Results) -> Results | None:
    """The seeds that have all of those arms for long enough; None if no seed has."""
    shared = results.shared("dynamic", *NOISE)
    return shared if shared.seeds and min(map(shared.rounds, NOISE)) >= NOISY_ROUNDS else None


def _noise_against(shared: Results, arm: str) -> Fewer:
    return numbers.fewer_errors(shared, (arm, NOISY_ROUNDS), ("dynamic", NOISY_ROUNDS))


def _of_noise(shared: Results) -> str:
    """Which arms differ measurably from how it was played."""
    sure = [f"{ARMS[arm].title}, {fewer.in_words}" for arm in NOISE if _is_told(fewer := _noise_against(shared, arm))]
    after = (
        f"On held-out writers after {NOISY_ROUNDS} rounds ({seeds_named(shared.seeds)}), against the rounds as played"
    )
    if not sure:
        return f"{after}: no difference can be measured, with more mistakes or with fewer."
    others = "" if len(sure) == len(NOISE) else " Other differences are not measurable."
    return f"{after}: {'; '.join(sure)}.{others}"


def _is_told(fewer: Fewer) -> bool:
    return fewer.low > 0 or fewer.high < 0


# --- Other trainings ----------------------------------------------------------------------------------------------


def training(results: Results) -> str:
    shared = results.shared("dynamic", "once")
    # What only some of these seeds have would narrow the table down to them.
    arms = [arm for arm in TRAINING if shared.of(arm, ONCE_AFTER) and shared.with_arm(arm) == list(shared.seeds)]
    if "once" not in arms:
        return ""
    rows = []
    for arm in [*arms, "dynamic"]:
        found = shared.of(arm, ONCE_AFTER)
        seconds = sum(row["train_cpu_seconds"] for row in found) / len(found)
        by_round = f"as it was played: the same after each of {ONCE_AFTER} rounds, averaged"
        rows.append([
            by_round if arm == "dynamic" else ARMS[arm].title, numbers.held_out_errors(found),
            "" if arm == "once" else _against_once(shared, arm).in_a_table, numbers.suite_errors(found, BASE_TEST),
            numbers.suite_errors(found, CORRUPTION), f"{seconds:.0f}",
        ])  # fmt: skip
    heads = ["", "errors on held-out writers", "against 1 epoch", "MNIST", "corruptions", "core seconds"]
    return f"""## Warm start or from scratch, and which weight?

{_start(shared, arms)} {_weight(shared, arms)}

Each row but the last is a single training on the very examples that the dynamic arm collected in its first {ONCE_AFTER}
rounds, without averaging; a warm start is from the first adversary. Where nothing else stands it is one epoch with all
base digits and each collected example {PLAYED.collected_weight:g} times, though never more than
{100 * PLAYED.collected_share:.0f} % of the epoch, which is {_default_times(shared)} times here; 4 × is how often an
epoch shows each of them, whatever their share, so that a higher weight is a longer training as well. All of
{seeds_named(shared.seeds)}. Seconds are of one core, for this one training.

{table(heads, rows)}

{_with_non_fooling(results)}"""


def training_in_short(results: Results) -> str:
    """Warm start against from scratch, and the best weight."""
    shared = results.shared("once", "cold", "scratch", "weight-1", "weight-4", "weight-16", "weight-64")
    if not shared.of("scratch", ONCE_AFTER):
        return ""
    arms = [arm for arm in TRAINING if shared.of(arm, ONCE_AFTER)]
    return f"Trained once on what {ONCE_AFTER} rounds brought. {_start(shared, arms)} {_weight(shared, arms)}"


def _default_times(shared: Results) -> str:
    """How often an epoch of the default recipe showed each collected example."""
    rows = shared.of("once", ONCE_AFTER)
    return f"{_shown_times(sum(row['collected']['train'] for row in rows) // len(rows)):.0f}"


def _against_once(shared: Results, arm: str) -> Fewer:
    return numbers.fewer_errors(shared, (arm, ONCE_AFTER), ("once", ONCE_AFTER))


def _start(shared: Results, arms: list[str]) -> str:
    if "cold" not in arms:
        return ""
    gain = numbers.fewer_errors(shared, ("once", ONCE_AFTER), ("cold", ONCE_AFTER))
    said = (
        f"From the first adversary's weights one epoch makes {gain.in_words} on held-out writers than from scratch: "
        f"{gain.says}."
    )
    if "scratch" in arms:
        long = numbers.fewer_errors(shared, ("once", ONCE_AFTER), ("scratch", ONCE_AFTER))
        said += f" Against several epochs from scratch it makes {long.in_words}: {long.says}."
    return said


def _weight(shared: Results, arms: list[str]) -> str:
    weights = [arm for arm in arms if arm.startswith("weight-")]
    if len(weights) < 2:
        return ""
    on_writers = {arm: numbers.held_out_errors(shared.of(arm, ONCE_AFTER)).value for arm in weights}
    on_mnist = {arm: numbers.suite_errors(shared.of(arm, ONCE_AFTER), BASE_TEST).value for arm in weights}
    best, worst = min(weights, key=on_writers.__getitem__), max(weights, key=on_mnist.__getitem__)
    gain = numbers.fewer_errors(shared, (best, ONCE_AFTER), ("once", ONCE_AFTER))
    largest = " (the largest that was tried)" if best == weights[-1] else ""
    theirs, default = (numbers.suite_errors(shared.of(arm, ONCE_AFTER), BASE_TEST) for arm in (best, "once"))
    return (
        f"Of the weights, {_times(best)}{largest} reads held-out writers best, {gain.in_words} there than the "
        f"default's {PLAYED.collected_weight:g} × with a limit, which is {_default_times(shared)} × then "
        f"({gain.says}); on MNIST "
        f"it misreads {100 * theirs.value:.2f} % where the default misreads {100 * default.value:.2f} %."
        f"{'' if worst == best else f' {_times(worst)} forgets most of MNIST.'}"
    )


def _times(weight_arm: str) -> str:
    return f"{weight_arm.removeprefix('weight-')} ×"


def with_longest(results: Results) -> str:
    """What a training that is longer than the one that was played makes of the same examples."""
    shared = results.shared("longest", "longest-on-ordinary")
    ours, theirs = shared.of("longest", LATE), shared.of("longest-on-ordinary", LATE)
    if not ours or not theirs:
        return ""
    fewer = numbers.fewer_errors(shared, ("longest", LATE), ("longest-on-ordinary", LATE))
    gone = numbers.fewer_errors(shared, ("longest", LATE), ("longest", 0))
    return (
        f"Would a longer training reach what was asked? {LONGEST.epochs} epochs with all base digits, once, on all "
        f"examples of {LATE} rounds ({seeds_named(shared.seeds)}): {numbers.held_out_errors(ours)} errors on held-out "
        f"writers with the dynamic ones, {part_of(gone)} of the start, and {numbers.held_out_errors(theirs)} with the "
        f"ordinary ones, so {fewer.in_words}. On MNIST's test set {numbers.suite_errors(ours, BASE_TEST)} and "
        f"{numbers.suite_errors(theirs, BASE_TEST)}."
    )


def _with_non_fooling(results: Results) -> str:
    shared = results.shared("sampled", "dynamic")
    last = min(shared.rounds("sampled"), shared.rounds("dynamic"))
    if not last:
        return ""
    with_them, without = (numbers.held_out_errors(shared.of(arm, last)) for arm in ("sampled", "dynamic"))
    more, fewer = (sum(row["collected"]["train"] for row in shared.of(arm, last)) for arm in ("sampled", "dynamic"))
    gain = numbers.fewer_errors(shared, ("dynamic", last), ("sampled", last))
    return (
        f"Should the sampled and verified drawings that fooled nobody be trained on as well? With them there are "
        f"{with_them} on held-out writers after {last} rounds, on {more:,} examples; without them, as in the arms "
        f"above, {without} on {fewer:,}: {gain.in_words}, {gain.says} ({seeds_named(shared.seeds)}, each fooled by "
        "drawings of its own)."
    )


# --- Averaging ----------------------------------------------------------------------------------------------------


def averaging(results: Results, readings: Readings) -> str:
    """The rounds' models as they were played beside the same as their trainings left them."""
    both = Results({
        seed: {"averaged": results.seeds[seed]["dynamic"], "trained": trained}
        for seed, trained in readings.as_trained.items()
    })  # fmt: skip
    rounds = [number for number in both.after("trained") if number]
    rows = []
    for number in rounds:
        found = [both.of(arm, number) for arm in ("averaged", "trained")]
        errors = [*map(numbers.held_out_errors, found), _averaged_against(both, number).in_a_table]
        rows.append([number, *errors, *(numbers.suite_errors(of_arm, BASE_TEST) for of_arm in found)])
    heads = ["after round", "averaged: held-out writers", "not averaged: held-out writers", "averaged against not"]
    sure = [number for number in rounds if _averaged_against(both, number).is_sure]
    gain = _averaged_against(both, rounds[-1])
    averaged, trained = (numbers.suite_errors(both.of(arm, rounds[-1]), BASE_TEST) for arm in ("averaged", "trained"))
    return f"""## Does averaging the rounds help?

After {rounds[-1]} rounds it makes {gain.in_words} on held-out writers: {gain.says}. Of the {len(rounds)} rounds below
they are measurably fewer after {len(sure)}. On MNIST's test set the averaged models misread {averaged}, the others
{trained} then.

The weights that are played against are an average over rounds: after round n they keep (n - 1) / (n + 3) of the
parent's, at most {100 * PLAYED.parent_share:.0f} %, and the next training goes on from what the round's own came to.
Beside it that: the same models on the same examples before they were averaged. People played against the averaged ones,
so that what fooled those is in the examples of both.

{table([*heads, "averaged: MNIST", "not averaged: MNIST"], rows)}"""


def _averaged_against(both: Results, number: int) -> Fewer:
    return numbers.fewer_errors(both, ("averaged", number), ("trained", number))


# --- Defaults -----------------------------------------------------------------------------------------------------


def defaults(results: Results, settings: Settings) -> str:
    collected = round(0.8 * settings.per_round)
    return f"""## What the defaults are

`NEXT` in `models_zoo/config.py`, by which the arms of many rounds were played: warm start, `{NEXT.architecture}`,
augmented, {NEXT.epochs} epoch with all base digits and every collected example {NEXT.collected_weight:g} times, up to
{100 * NEXT.collected_share:.0f} % of the epoch: with {collected} examples to train on from each round, about
{_shown_times(8 * collected):.0f} times after 8 rounds and {_shown_times(20 * collected):.0f} after 20. The rounds'
weights are averaged (`parent_share`) and labels smoothed by {NEXT.label_smoothing:g}. Warm start, weight, number of
epochs and averaging have their arms above; the limit on the share and the smoothing were chosen in single trials, which
are in [decisions.md](decisions.md). {_longer(results)}"""


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
    gain = numbers.fewer_errors(shared, ("longer", ONCE_AFTER), ("once", ONCE_AFTER))
    return (
        f"One epoch misreads {one} and {LONGER.epochs} epochs {two} in the table above, {gain.in_words}. But training "
        "is more than half of the way from one round's close to the next one's opening, which takes most of the three "
        "epochs of the usual loop that it may ([adversaries.md](adversaries.md) has its parts, for 2,000 collected "
        f'examples): a second epoch does not fit. A task that can wait sets `{{"epochs": {LONGER.epochs}}}` as its '
        "recipe."
    )
