"""The pictures of the results page, SVG, each made from the counts."""

from collections.abc import Sequence

from bench.experiment import numbers
from bench.experiment.after_rounds import Misread
from bench.experiment.arms import ARMS, MAIN, NOISE, NOISY_ROUNDS
from bench.experiment.charts import Line, Point, line_chart, sheet, stacked
from bench.experiment.numbers import PooledRate
from bench.experiment.results import Results
from bench.experiment.tables import seeds_named


def figures(results: Results) -> dict[str, str]:
    """Pictures by name; only those that there are counts for."""
    found = {"main": main(results), "mnist": mnist(results), "noise": noise(results)}
    return {name: picture for name, picture in found.items() if picture}


def main(results: Results) -> str:
    """Fooled rates and errors on held-out writers, means over seeds."""
    played = [arm for arm in MAIN if results.rounds(arm)]
    subtitle = f"Mean of {seeds_named(results.seeds)}"
    subtitle += "; bands: 95 %, Student's t over seeds" if len(results.seeds) > 1 else ""
    fooled = line_chart(
        "Fooled rate: verified fooling drawings of all attempts",
        [_over_seeds(results, arm, numbers.vmer, results.rounds_played(arm)) for arm in played if arm != "ordinary"],
        subtitle=subtitle,
    )
    errors = line_chart(
        "Errors on held-out writers",
        [_over_seeds(results, arm, numbers.held_out_errors, results.rounds_with_model(arm)) for arm in played],
        subtitle=f"{subtitle}; logarithmic",
        across="after round",
        logarithmic=True,
    )
    return stacked([fooled, errors])


def mnist(results: Results) -> str:
    """Errors on MNIST's test set, pooled over seeds."""
    lines = [_pooled(results, arm, numbers.base_errors, results.rounds_with_model(arm)) for arm in MAIN]
    subtitle = f"{seeds_named(results.seeds).capitalize()}; bands: 95 %, Wilson"
    return line_chart("Errors on MNIST's test set", lines, subtitle=subtitle, across="after round")


def noise(results: Results) -> str:
    """Errors on held-out writers where people make more or fewer mistakes, pooled over seeds."""
    shared = results.shared("dynamic", *NOISE)
    arms = ("dynamic", *NOISE) if shared.seeds else ()
    rounds = {arm: [n for n in shared.rounds_with_model(arm) if n <= NOISY_ROUNDS] for arm in arms}
    lines = [_pooled(shared, arm, numbers.held_out_errors, rounds[arm]) for arm in arms if len(rounds[arm]) > 1]
    if not lines:
        return ""
    return line_chart(
        "Errors on held-out writers, where people make more or fewer mistakes",
        lines,
        subtitle=f"{seeds_named(shared.seeds).capitalize()}; bands: 95 %, writers resampled; logarithmic",
        across="after round",
        logarithmic=True,
    )


def still_misread_sheet(drawings: Sequence[Misread]) -> str:
    """The drawings themselves."""
    return sheet(
        "Held-out drawings that every late model misreads",
        [(drawing.image, f"{drawing.label} as {drawing.predicted}") for drawing in drawings],
        subtitle="Below each: what was written, and what the newest model reads",
    )


def _over_seeds(results: Results, arm: str, measure: PooledRate, rounds: Sequence[int]) -> Line:
    points = []
    for number in rounds:
        mean, interval = numbers.mean_rate(results, (arm, number), measure)
        points.append(Point(number, mean, *(interval or (mean, mean))))
    return Line(ARMS[arm].title, points, style=list(MAIN).index(arm))


def _pooled(results: Results, arm: str, measure: PooledRate, rounds: Sequence[int]) -> Line:
    estimates = [(number, measure(results.of(arm, number))) for number in rounds]
    return Line(ARMS[arm].title, [Point(number, of.value, of.low, of.high) for number, of in estimates])
