"""What reports contain: plain JSON, as it is stored with a round, answered by the API, exported and shown on pages.

The API's serializers are made from these classes (`rounds.api.shapes`): their docstrings, and the texts that annotate
their fields, are the descriptions in the OpenAPI schema.
"""

from typing import Annotated, TypedDict

from rounds.selectors import Counts, FoolingCounts
from stats.effort import Spread
from stats.rates import ChangeJson, IntervalJson, RateJson

# --- Rounds -------------------------------------------------------------------------------------------------------


class Clustered(TypedDict):
    """95 % bootstrap intervals that draw whole annotators; null under 5 of them."""

    mer: IntervalJson | None
    vmer: IntervalJson | None
    clusters: Annotated[int, "Annotators."]
    resamples: int


class Noise(TypedDict):
    """Label noise: rejected / settled examples."""

    fooling: RateJson
    sampled: Annotated[RateJson, "Of the examples that did not fool and were validated too."]


class Rejections(TypedDict):
    """Why fooling examples were rejected. Adds up to the rejected ones in `counts`."""

    model_was_right: int
    another_label: Annotated[int, "Neither the claimed one nor the model's."]
    unreadable: int
    split: Annotated[int, "No answer led."]
    abuse: int


class Effort(TypedDict):
    """Per verified fooling example, over the prompts that ended in one."""

    prompts: int
    tries: Spread
    seconds: Annotated[Spread, "From the prompt to the fooling try."]


class Agreement(TypedDict):
    """How far validators agree, over all their answers to counted examples."""

    alpha: Annotated[float | None, "Krippendorff's, nominal; null where undefined."]
    raw: Annotated[RateJson, "Unanimous / examples with at least two answers."]
    answers: int


class Class(TypedDict):
    """The attempts that claim one label."""

    label: Annotated[str, "The claimed label."]
    attempts: int
    mer: RateJson
    vmer: RateJson


class Confusion(TypedDict):
    """All attempts by claimed label and by what the adversary read."""

    labels: list[str]
    counts: Annotated[list[list[int]], "counts[claimed][predicted]"]


class Splits(TypedDict):
    """This round's examples in its newest training set."""

    train: int
    dev: int
    test: int


class RoundChange(TypedDict):
    """Against the round before."""

    against: Annotated[int, "That round's number."]
    mer: ChangeJson | None
    vmer: ChangeJson | None


class ErrorRates(TypedDict):
    """The two error rates of the adversary."""

    mer: Annotated[RateJson, "Model error rate: fooled / attempts."]
    vmer: Annotated[RateJson, "Validated model error rate: verified fooled / attempts."]
    vmer_if_pending_verified: Annotated[
        RateJson, "(verified + pending) / attempts: the upper bound of vmer while any are pending."
    ]


class RoundReport(ErrorRates):
    """The numbers of one round."""

    round: Annotated[int, "Its id."]
    number: Annotated[int, "Within its task."]
    adversary: Annotated[str | None, "The name of the model it serves."]
    final: Annotated[bool, "Whether the round is done and these numbers are the stored ones."]
    counts: Counts
    clustered: Clustered
    label_noise: Noise
    rejections: Rejections
    effort: Effort
    most_active: Annotated[RateJson, "The largest share of the attempts by one annotator; without an interval."]
    agreement: Agreement
    classes: Annotated[list[Class], "In the order of the task's labels."]
    confusion: Confusion
    splits: Annotated[Splits | None, "Null before a training set was frozen."]
    change: Annotated[RoundChange | None, "Null in the first round."]


class StoredReport(RoundReport):
    """What `Round.report` stores: the report, and what only `rounds.reports` reads of it."""

    format: Annotated[int, "Of this dictionary. A stored one of another format is computed again."]
    tallies: Annotated[
        dict[str, list[int]], "Annotator id → attempts, fooled, verified, pending, rejected; they add up over rounds."
    ]


class Together(ErrorRates, FoolingCounts):
    """The sums over all rounds of a task."""

    rounds: int
    annotators: Annotated[int, "An annotator of two rounds counts once."]


class TaskReport(TypedDict):
    """The numbers of all rounds of a task that were opened."""

    task: Annotated[str, "The slug."]
    rounds: Annotated[list[RoundReport], "Oldest first, drafts left out."]
    together: Together


# --- Models × test sets -------------------------------------------------------------------------------------------


class MatrixColumn(TypedDict):
    """A test set: the base test set, a round's frozen test split, all those splits together, or digits of the base test
    set made hard: corrupted, attacked, or shifted and turned. A set on which nothing was measured has no column."""

    key: Annotated[
        str,
        "`base_test`, `round_<number>` (the newest freeze), `all_rounds`, `corrupted` (every kind at every severity), "
        "`pgd_0.1` or `pgd_0.3` (attacked by PGD within that L∞ distance), `moved` (the worst shift and turn of each "
        "digit).",
    ]
    title: str
    round: Annotated[int | None, "The round's number."]
    n: int


class MatrixCell(TypedDict):
    """How many of n a model reads right."""

    correct: int
    n: int
    value: Annotated[float | None, "In 0…1."]
    interval: Annotated[IntervalJson | None, "Wilson's 95 %; null for `corrupted`, where a digit counts many times."]


class PlainReference(TypedDict):
    """The plainly trained model that an adversarially trained one is compared with."""

    number: int
    name: str
    changes: Annotated[list[ChangeJson | None], "Against it on the same set."]


class MatrixRow(TypedDict):
    """One model's row; null in a cell where it was not measured."""

    model: Annotated[int, "Its id."]
    number: int
    name: str
    parent: Annotated[int | None, "Its number."]
    cells: Annotated[list[MatrixCell | None], "In the order of the columns."]
    changes: Annotated[list[ChangeJson | None], "Against the parent on the same set."]
    recipe: Annotated[str, "What its training minimised; `standard` is plain training."]
    reference: Annotated[PlainReference | None, "Null for a plainly trained model, or without one."]


class Matrix(TypedDict):
    """Accuracy of every model on every test set, as measured when the models were trained."""

    task: Annotated[str, "The slug."]
    columns: list[MatrixColumn]
    rows: Annotated[list[MatrixRow], "Oldest model first."]


# --- Leaderboards -------------------------------------------------------------------------------------------------


class BestAnnotator(FoolingCounts):
    """Guests and closed accounts are not listed."""

    rank: Annotated[int, "Equals share a rank."]
    annotator: Annotated[int, "Their id."]
    name: str
    vmer: Annotated[RateJson | None, "Null under 20 attempts."]


class BestModel(TypedDict):
    """A round's test split holds what fooled its own adversary, which therefore reads next to none of it."""

    rank: Annotated[int | None, "Null where it was not measured on all rounds."]
    model: Annotated[int, "Its id."]
    number: int
    name: str
    all_rounds: MatrixCell | None
    base_test: MatrixCell | None


class Leaderboard(TypedDict):
    """Annotators and models, best first."""

    task: Annotated[str, "The slug."]
    annotators: Annotated[list[BestAnnotator], "By verified fooling examples."]
    models: Annotated[list[BestModel], "By accuracy over all frozen adversarial test sets."]
