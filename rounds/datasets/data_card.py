"""The data card of an export: what the data is, how it came about, and how to load it."""

import json
from typing import Any

from rounds.reports import RoundReport
from stats.rates import RateJson

Json = dict[str, Any]

CARD = """\
---
{front}
---

# {title}

Drawings that people made to fool the model **{adversary}**, those that fooled it and those that did not, from round
{number} of the task “{task}”. Collected by dynamic adversarial data collection: the server scores every try against the
round's adversary, other people validate it blind, and nobody validates an example of their own.

{state} {compared}

## Numbers

| number | value |
|---|---|
{numbers}

`report.json` has all numbers of the round, with numerators, denominators and intervals.

## Splits

| split | examples |
|---|---|
{splits}

{overlap} `unassigned` are the examples in no split: not validated, rejected, or collected after the last freeze.

## Columns

| column | meaning |
|---|---|
| `example` | the example's id |
| `image` | the drawing, a grayscale PNG, dark ink on white; empty for a drawing that was reported as abuse |
| `label` | what the drawing claims to be |
| `prediction` | what the adversary read |
| `fooled` | whether these two differ |
| `verification` | `verified`, `rejected`, `pending`, `disputed`, or `unqueued`: not sent to validators |
| `rejected_as` | the answer that led when it was rejected: a label, `unreadable`, `split` (none led), or `abuse` |
| `votes` | the validators' answers in the order they were given |
| `probabilities` | the adversary's, in the order of the labels |
| `model` | the adversary's name |
| `round` | the round's number |
| `prompt` | the id of the prompt, which asks for one label; tries of one prompt share it |
| `try_number` | 1 for the first try of its prompt |
| `seconds` | from the prompt to this try |
| `annotator` | the same letters for the same annotator in all exports of this task; not traceable to an account |
| `drawing` | SHA-256 of the PNG |

## Loading

```python
from datasets import load_dataset

round_{number} = load_dataset("path/to/this/folder")
```

or, without that library, `pyarrow.parquet.read_table("data/train.parquet")`.

## Citing

Give the hash of the content, which is the same for the same data whenever it is exported: `{sha256}`
"""


def data_card(manifest: Json, report: RoundReport) -> str:
    """The README of an export: YAML front matter that Hugging Face understands, then text for people."""
    task, number, previous = manifest["task"], manifest["round"]["number"], manifest["previous"]
    title = f"{task['name']}, round {number}"
    present = {split: size for split, size in manifest["splits"].items() if size}
    disjoint = (manifest["training_set"] or {}).get("annotator_disjoint")
    return CARD.format(
        front=_front(title, present),
        title=title,
        adversary=(manifest["adversary"] or {}).get("name"),
        number=number,
        task=task["name"],
        state=(
            "The round is done: its data is final."
            if report["final"]
            else f"The round is {manifest['round']['status']}: later exports may hold more."
        ),
        compared=_compared(previous),
        numbers="\n".join(f"| {name} | {value} |" for name, value in _numbers(report)),
        splits="\n".join(f"| {split} | {size:,} |" for split, size in present.items()) or "| none | 0 |",
        overlap={
            True: "No annotator is in two splits.",
            False: "Some annotators are in two splits: there were too few of them to keep each in one.",
            None: "The round's training set is not frozen yet, so there are no splits.",
        }[disjoint],
        sha256=manifest["sha256"],
    )


def _front(title: str, present: Json) -> str:
    """JSON values are YAML values, so that no YAML library is needed."""
    files = [{"split": split, "path": f"data/{split}.parquet"} for split in present]
    front = {
        "pretty_name": title,
        "task_categories": ["image-classification"],
        "annotations_creators": ["crowdsourced"],
        "tags": ["adversarial", "human-in-the-loop", "dynamic-adversarial-data-collection"],
        **({"configs": [{"config_name": "default", "data_files": files}]} if files else {}),
    }
    return "\n".join(f"{key}: {json.dumps(value, ensure_ascii=False)}" for key, value in front.items())


def _compared(previous: Json | None) -> str:
    if previous is None:
        return "It is the first export of this round."
    if previous["same_data"]:
        return f"Its data is the same as that of export {previous['export']}."
    return f"Its data differs from that of export {previous['export']}, whose hash was `{previous['sha256']}`."


def _numbers(report: RoundReport) -> list[tuple[str, str]]:
    rows = [
        ("attempts", f"{report['counts']['attempts']:,}"),
        ("annotators", f"{report['counts']['annotators']:,}"),
        ("model error rate (fooled / attempts)", _rate(report["mer"])),
        ("validated model error rate (verified fooled / attempts)", _rate(report["vmer"])),
        ("label noise of fooling examples (rejected / settled)", _rate(report["label_noise"]["fooling"])),
        ("label noise of the sample that did not fool (rejected / settled)", _rate(report["label_noise"]["sampled"])),
    ]
    alpha = report["agreement"]["alpha"]
    return rows if alpha is None else [*rows, ("Krippendorff's alpha (nominal)", f"{alpha:.3f}")]


def _rate(rate: RateJson) -> str:
    counts = f"{rate['numerator']:,} of {rate['denominator']:,}"
    if rate["value"] is None or rate["interval"] is None:
        return counts
    low, high = rate["interval"]
    return f"{100 * rate['value']:.2f} % ({counts}; 95 %: {100 * low:.2f} to {100 * high:.2f} %)"
