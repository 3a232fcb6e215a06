"""The model card: a README in the model's folder, written from the other files there so that it agrees with them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from models_zoo.files import read_json, write_bytes
from models_zoo.networks.catalogue import FOR_DIGITS
from models_zoo.networks.checkpoints import load_meta
from models_zoo.robustness.table import Comparison, EvaluationRow, compare, from_json, read_rows, to_json, write_rows
from stats.scores import Score

CARD = "README.md"
PLAIN_RECIPE = "standard"
"""The recipe of a plainly trained model. One of any other recipe is compared with such a reference."""


@dataclass(frozen=True)
class ReferenceModel:
    """What a model is compared with: if it was adversarially trained, a plainly trained one."""

    name: str
    about: str
    """What it is and how far it can be compared, in a sentence or two."""
    rows: list[EvaluationRow]
    """Its evaluation table."""

    def to_json(self) -> dict[str, Any]:
        return {"name": self.name, "about": self.about, **to_json(self.rows)}

    @classmethod
    def from_json(cls, stored: dict[str, Any] | None, path: Path) -> Self | None:
        """What `to_json` gave; None for None, and for rows of an earlier version, with a warning that names `path`."""
        if stored is None:
            return None
        rows = from_json(stored, path)
        return cls(stored["name"], stored["about"], rows) if rows else None


def record(folder: Path, rows: list[EvaluationRow], *, reference: ReferenceModel | None = None) -> None:
    """Store a model's evaluation table in its folder and write its card anew.

    Args:
        folder: a finished run.
        rows: its evaluation table; replaces an earlier one.
        reference: another model to compare it with.

    Raises:
        CheckpointError: the folder holds no finished model.
    """
    load_meta(folder)
    write_rows(folder, rows)
    write_bytes(folder / CARD, card(folder, reference=reference).encode())


def card(folder: Path, *, reference: ReferenceModel | None = None) -> str:
    """Markdown with a YAML header in the form that model hubs read."""
    meta, rows = load_meta(folder), read_rows(folder)
    config, epochs = read_json(folder / "config.json")["config"], read_json(folder / "metrics.json")
    return "\n".join([
        *_header(meta, rows),
        f"# {meta['architecture']}, trained with the recipe {config['recipe']['name']}",
        "",
        f"An adversary for {meta['classes']} labels. Weights are in `model.safetensors`; "
        "`models_zoo.networks.checkpoints.load_model(folder)` loads them.",
        "",
        *_facts(meta, config),
        *_history(epochs),
        *_evaluation(rows),
        *_comparison(rows, config["recipe"]["name"], reference),
        "## Limits",
        "",
        f"{_input(meta['architecture'])} The model answers with one of its labels whatever it is shown. It is made "
        "to be fooled on purpose: its probabilities are no measure of how often it errs on what they will draw next.",
        "",
        "## Rebuild",
        "",
        "`python -m models_zoo rebuild <this folder>` trains it again and says whether the weights hash agrees. The "
        "folders `data` and `parent` that it was trained from have to be in it as they were then, if there were any. "
        "The last bits depend on the version of torch, the kind of CPU or GPU and the number of threads.",
        "",
    ])  # fmt: skip


def _input(architecture: str) -> str:
    if architecture in FOR_DIGITS:
        return "Pictures are 28 x 28 grayscale, bright ink on black, made by `models_zoo.data.images`."
    return "Pictures are in colour, as high as wide, and of the size that it was trained on."


def _header(meta: dict[str, Any], rows: list[EvaluationRow]) -> list[str]:
    lines = ["---", "library_name: pytorch", "pipeline_tag: image-classification", "tags:"]
    lines += ["- dynamic-adversarial-data-collection", f"- {meta['architecture']}", "metrics:", "- accuracy"]
    base = next((row for row in rows if row.condition.suite == "base" and not row.is_cell), None)
    if base:
        lines += [
            "model-index:",
            f"- name: {meta['weights_hash'][:12]}",
            "  results:",
            "  - task: {type: image-classification}",
            "    dataset: {name: base test set, type: base}",
            f"    metrics: [{{type: accuracy, value: {base.score.accuracy:.4f}}}]",
        ]
    return [*lines, "---", ""]


def _facts(meta: dict[str, Any], config: dict[str, Any]) -> list[str]:
    shown = {"recipe", "augment", "architecture", "classes"} | ({"pretrained"} if "first_weights" in meta else set())
    rest = {name: value for name, value in config.items() if name not in shown}
    options = {name: value for name, value in config["recipe"].items() if name != "name"}
    facts = {
        "weights hash": f"`{meta['weights_hash']}`",
        "training data hash": f"`{meta['data_sha256']}`",
        "recipe": f"{config['recipe']['name']} {_listed(options)}".strip(),
        "augmentation": _listed(config["augment"] or {}) or "none",
        "config": _listed(rest),
        "trained on": f"{_machine(meta)}, {meta['threads']} threads; {_listed(meta['versions'])}",
    }
    if "first_weights" in meta:  # models of earlier versions lack it
        facts["first weights"] = meta["first_weights"].replace("|", "\\|")
    origins = {"parent's weights hash": "parent_weights_hash", "pretrained weights' hash": "pretrained_sha256"}
    facts |= {title: f"`{meta[name]}`" for title, name in origins.items() if meta.get(name)}
    for other in meta.get("resumed_with", []):
        facts[f"after epoch {other['after_epoch']} on"] = f"{_machine(other)}; {_listed(other['versions'])}"
    return ["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in facts.items()), ""]


def _machine(meta: dict[str, Any]) -> str:
    return f"{meta['device']} ({meta['cpu']})" if "cpu" in meta else str(meta["device"])


def _listed(values: dict[str, Any]) -> str:
    return ", ".join(f"{name} {'none' if value in ('', None) else value}" for name, value in values.items())


def _history(epochs: list[dict[str, Any]]) -> list[str]:
    lines = ["## Training", "", "| epoch | loss | learning rate | dev accuracy | seconds |", "|---|---|---|---|---|"]
    for row in epochs:
        dev = ", ".join(f"{name} {part['correct']} / {part['n']}" for name, part in sorted(row["dev"].items()))
        lines.append(f"| {row['epoch']} | {row['loss']:.4f} | {row['lr']:.4g} | {dev} | {row['seconds']:.1f} |")
    return [*lines, ""]


def _evaluation(rows: list[EvaluationRow]) -> list[str]:
    if not rows:
        return ["## Evaluation", "", "Not evaluated yet.", ""]
    lines = ["## Evaluation", "", "| suite | condition | correct | n | accuracy | 95 % interval |"]
    lines.append("|---|---|---|---|---|---|")
    for row in rows:
        if row.is_cell:
            continue
        error = "" if row.calibration_error is None else f"; expected calibration error {row.calibration_error:.4f}"
        accuracy, interval = _in_percent(row.score)
        lines.append(
            f"| {row.condition.suite} | {row.condition}{error} | {row.correct} | {row.n} | {accuracy} | {interval} |"
        )
    return [
        *lines,
        "",
        "Intervals are Wilson's; of fewer than 5 pictures only the counts are given. The confusion counts are in "
        "`evaluation.json`.",
        "",
    ]


def _in_percent(score: Score) -> tuple[str, str]:
    """Accuracy and interval; both empty under 5 pictures."""
    if score.interval is None:
        return "", ""
    low, high = score.interval
    return f"{100 * score.accuracy:.2f} %", f"{100 * low:.2f} - {100 * high:.2f} %"


def _comparison(rows: list[EvaluationRow], recipe: str, reference: ReferenceModel | None) -> list[str]:
    if reference:
        return _compared_with(reference, rows)
    if recipe == PLAIN_RECIPE:
        return []
    return [
        f"No plainly trained reference was given to compare this model with, so what `{recipe}` gained on perturbed "
        "pictures and cost on clean ones is not seen here. `python -m models_zoo train <this folder> --config "
        "<this folder>/config.json --reference <folder of a plainly trained model>` measures both and writes this card "
        "anew.",
        "",
    ]


def _compared_with(reference: ReferenceModel, rows: list[EvaluationRow]) -> list[str]:
    lines = [f"### Compared with {reference.name}", "", reference.about, ""]
    lines += [f"| suite | condition | n | this model | {reference.name} | difference | 95 % interval |"]
    lines += ["|---|---|---|---|---|---|---|"]
    for pair in compare(rows, reference.rows):
        cells = " | ".join(_difference(pair))
        lines.append(f"| {pair.condition.suite} | {pair.condition} | {pair.model.n} | {cells} |")
    about = "Intervals are Newcombe's; of fewer than 5 pictures only the counts are given."
    return [*lines, "", " ".join([about, *_left_out(rows, reference)]), ""]


def _difference(pair: Comparison) -> tuple[str, str, str, str]:
    """Both accuracies, their difference and its interval; under 5 pictures only how many each read right."""
    if pair.interval is None:
        return str(pair.model.correct), str(pair.reference.correct), "", ""
    low, high = pair.interval
    return (
        f"{100 * pair.model.accuracy:.2f} %",
        f"{100 * pair.reference.accuracy:.2f} %",
        f"{100 * pair.gain:+.2f} points",
        f"{100 * low:+.2f} to {100 * high:+.2f}",
    )


def _left_out(rows: list[EvaluationRow], reference: ReferenceModel) -> list[str]:
    """What both were measured on, but on another number of pictures."""
    sizes = {row.condition: row.n for row in reference.rows if not row.is_cell}
    other = [row.condition.suite for row in rows if not row.is_cell and sizes.get(row.condition, row.n) != row.n]
    suites = ", ".join(dict.fromkeys(other))
    return [f"Left out, since {reference.name} was measured on another number of pictures: {suites}."] if other else []
