"""Leaderboards."""

from collections.abc import Mapping

from rounds import selectors
from rounds.models import Evaluation, Person, Task
from stats import boards
from stats.boards import AnnotatorCounts

from .accuracy import ALL_ROUNDS, matrix
from .rounds import annotator_counts
from .shapes import BestAnnotator, BestModel, Leaderboard, Matrix, MatrixCell


def leaderboard(task: Task) -> Leaderboard:
    """Annotators by verified fooling examples; models by accuracy over all frozen adversarial test sets."""
    counts = boards.add_up(annotator_counts(round) for round in selectors.opened_rounds(task))
    return {"task": task.slug, "annotators": _best_annotators(counts), "models": _best_models(matrix(task))}


def _best_annotators(counts: Mapping[str, AnnotatorCounts]) -> list[BestAnnotator]:
    people = Person.objects.select_related("user").in_bulk(counts).values()
    board = [(person, counts[str(person.pk)]) for person in people if person.user and person.user.is_active]
    board.sort(key=lambda line: (-line[1].verified, line[1].attempts, line[0].name))
    ranks = boards.ranks([tally.verified for _, tally in board])
    return [
        {
            "rank": rank,
            "annotator": person.pk,
            "name": person.name,
            "attempts": tally.attempts,
            "fooled": tally.fooled,
            "verified": tally.verified,
            "pending": tally.pending,
            "rejected": tally.rejected,
            "vmer": tally.vmer.to_json() if tally.vmer else None,
        }
        for rank, (person, tally) in zip(ranks, board, strict=True)
    ]


def _best_models(measured: Matrix) -> list[BestModel]:
    keys = [column["key"] for column in measured["columns"]]
    lines: list[BestModel] = []
    for row in measured["rows"]:
        cells = dict(zip(keys, row["cells"], strict=True))
        lines.append(
            {
                "rank": None,
                "model": row["model"],
                "number": row["number"],
                "name": row["name"],
                "all_rounds": cells.get(ALL_ROUNDS),
                "base_test": cells.get(Evaluation.Suite.BASE_TEST.value),
            }
        )
    lines.sort(key=lambda line: (-_value(line["all_rounds"]), -_value(line["base_test"]), line["number"]))
    ranked = [line for line in lines if line["all_rounds"]]
    for rank, line in zip(boards.ranks([_value(line["all_rounds"]) for line in ranked]), ranked, strict=True):
        line["rank"] = rank
    return lines


def _value(cell: MatrixCell | None) -> float:
    """For sorting: what was not measured comes last."""
    return cell["value"] if cell and cell["value"] is not None else -1.0
