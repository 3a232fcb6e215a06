"""How fast models_zoo trains, as ratios to the usual loop measured in the same run.

    python -m bench.train                 all figures, median of three
    python -m bench.train --only epoch    one of them
    python -m bench.train --profile       where a training step's time goes

Every measurement is a process of its own. Each repeat first times epochs of the usual loop and then every measurement
of ours, and ratios are formed within a repeat, so that other load on the machine slows both sides. Ours are whole calls
of `fit`: reading the data, training, dev accuracy, checkpoints and saving. Only `epoch` times a single epoch by itself,
dev accuracy included. The time to import libraries is not measured.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from models_zoo.process import prepare_process

if __name__ == "__main__":
    prepare_process()  # before the imports below load torch

import numpy as np
import torch

from models_zoo.cli import BASE_FOLDER
from models_zoo.data.base_data import BaseData
from models_zoo.data.base_sets import base_set
from models_zoo.networks.predict import accuracy, probabilities
from models_zoo.training.augment import Augment
from models_zoo.training.config import FIRST, NEXT, Config
from models_zoo.training.fit import fit, import_ahead
from models_zoo.training.progress import Fitted
from models_zoo.training.transforms import augmented

USUAL_EPOCHS = 5
SAME_RECIPE = Config(
    architecture="mnist_cnn",
    epochs=1,
    batch_size=64,
    lr=0.01,
    momentum=0.5,
    nesterov=False,
    weight_decay=0,
    schedule="constant",
)
TO_ACCURACY = Config(architecture="mnist_cnn", epochs=2, base_replay=40_000, batch_size=256, lr=0.12, weight_decay=0)


def without_dev(base: BaseData) -> BaseData:
    """All 60,000 digits to train on, as in the usual loop, where no dev set is held out; dev stays what it was."""
    return replace(
        base,
        train_images=np.concatenate([base.train_images, base.dev_images]),
        train_labels=np.concatenate([base.train_labels, base.dev_labels]),
    )


def timed_fit(folder: Path, config: Config, base: BaseData) -> tuple[float, Fitted]:
    import_ahead()
    started = time.perf_counter()
    fitted = fit(folder, config, base=base)
    return time.perf_counter() - started, fitted


def epoch(base: BaseData, folder: Path) -> dict[str, float]:
    """One epoch of the usual recipe at its batch size; `fit_seconds` is the whole call around it."""
    seconds, fitted = timed_fit(folder, SAME_RECIPE, without_dev(base))
    return {"seconds": fitted.epochs[0]["seconds"], "fit_seconds": seconds}


def to_accuracy(base: BaseData, folder: Path) -> dict[str, float]:
    """The usual network to the usual accuracy, with our schedule and batch size."""
    seconds, fitted = timed_fit(folder, TO_ACCURACY, without_dev(base))
    return {"seconds": seconds, "accuracy": accuracy(fitted.model, base.test_images, base.test_labels).accuracy}


def default(base: BaseData, folder: Path) -> dict[str, float]:
    """The first adversary of a task, from scratch."""
    seconds, fitted = timed_fit(folder, FIRST, base)
    return {"seconds": seconds, "accuracy": accuracy(fitted.model, base.test_images, base.test_labels).accuracy}


def following(base: BaseData, folder: Path) -> dict[str, float]:
    """The next adversary, from frozen arrays: warm start, 2,000 collected drawings. See also `bench.turnaround`.

    The parent, which is trained before the clock starts, is fooled by all of them and by 200 more for dev.
    """
    parent = fit(folder / "parent_run", FIRST, base=base).model
    images, labels = fooling_digits(parent, base, 2200)
    run = folder / "run"
    (run / "data").mkdir(parents=True)
    shutil.copytree(folder / "parent_run", run / "parent")
    for part, chosen in {"train": slice(0, 2000), "dev": slice(2000, 2200)}.items():
        np.save(run / "data" / f"{part}_images.npy", images[chosen])
        np.save(run / "data" / f"{part}_labels.npy", labels[chosen])
    seconds, fitted = timed_fit(run, NEXT, without_dev(base))
    model, test, fooled = fitted.model, (base.test_images, base.test_labels), (images[2000:], labels[2000:])
    return {
        "seconds": seconds,
        "parent_test": accuracy(parent, *test).accuracy,
        "next_test": accuracy(model, *test).accuracy,
        "parent_fooling": accuracy(parent, *fooled).accuracy,
        "next_fooling": accuracy(model, *fooled).accuracy,
    }


def memory(base: BaseData, folder: Path) -> dict[str, float]:
    """Peak memory of a training on 60,000 base and 10,000 collected digits, with its libraries."""
    (folder / "data").mkdir()
    np.save(folder / "data" / "train_images.npy", base.test_images)
    np.save(folder / "data" / "train_labels.npy", base.test_labels)
    seconds, _ = timed_fit(folder, replace(FIRST, epochs=1, collected_weight=1.0), without_dev(base))
    return {"seconds": seconds, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def fooling_digits(model: torch.nn.Module, base: BaseData, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Training digits turned, slanted, shrunk and moved until the model errs: uint8 [count, 28, 28] and labels."""
    wild = Augment(share=1.0, smallest=0.45, rotation=40, shear=0.5, stretch=0.3, elastic=0.12, noise_share=0)
    random = torch.Generator().manual_seed(0)
    found: list[tuple[np.ndarray, np.ndarray]] = []
    while sum(len(labels) for _, labels in found) < count:
        chosen = torch.randint(0, len(base.train_labels), (5000,), generator=random).numpy()
        moved = augmented(torch.tensor(base.train_images[chosen]).unsqueeze(1).float() / 255, wild, random)
        images, labels = (moved.squeeze(1) * 255).byte().numpy(), base.train_labels[chosen]
        fooled = probabilities(model, images).argmax(axis=1) != labels
        found.append((images[fooled], labels[fooled]))
    images, labels = (np.concatenate(parts)[:count] for parts in zip(*found, strict=True))
    return images, labels


MEASUREMENTS: dict[str, Callable[[BaseData, Path], dict[str, float]]] = {
    "epoch": epoch,
    "to_accuracy": to_accuracy,
    "default": default,
    "following": following,
    "memory": memory,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=MEASUREMENTS, default=list(MEASUREMENTS))
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--base", type=Path, default=BASE_FOLDER)
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--child", choices=MEASUREMENTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.profile:
        profile(base_set("mnist").fetch(options.base))
    elif options.child:
        with tempfile.TemporaryDirectory() as folder:
            base = base_set("mnist").load(options.base)
            print(json.dumps(MEASUREMENTS[options.child](base, Path(folder))))
    else:
        base_set("mnist").ensure(options.base)
        report(measure(options.only, options.repeats, options.base))


def measure(names: list[str], repeats: int, base: Path) -> dict[str, list[dict[str, float]]]:
    """Each measurement so many times, each time after an epoch of the usual loop; in the last repeat after five."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ["usual", *names]}
    for repeat in range(repeats):
        epochs = USUAL_EPOCHS if repeat == repeats - 1 else 1
        usual = run_module("bench.usual_loop", "--epochs", str(epochs), "--base", str(base))
        seconds = statistics.mean(row["seconds"] for row in usual)
        found["usual"].append({"seconds": seconds, "accuracy": usual[-1]["accuracy"]})
        print(f"{repeat + 1}/{repeats} usual: {json.dumps(found['usual'][-1])}", flush=True)
        for name in names:
            found[name] += run_module("bench.train", "--child", name, "--base", str(base))
            print(f"{repeat + 1}/{repeats} {name}: {json.dumps(found[name][-1])}", flush=True)
    return found


def run_module(module: str, *options: str) -> list[dict[str, Any]]:
    # `prepare_process` has set how threads wait; the usual loop's shall wait as torch has it.
    own = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    done = subprocess.run([sys.executable, "-m", module, *options], check=True, capture_output=True, text=True, env=own)
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def report(found: dict[str, list[dict[str, float]]]) -> None:
    """Medians and ratios, as Markdown."""

    def median(name: str, key: str = "seconds") -> float:
        return statistics.median(row[key] for row in found[name])

    def epochs(name: str, key: str = "seconds") -> float:
        """In epochs of the usual loop in the same repeat."""
        pairs = zip(found[name], found["usual"], strict=True)
        return statistics.median(row[key] / usual["seconds"] for row, usual in pairs)

    print("\n| what | median | ratio to the usual loop | goal |\n|---|---|---|---|")
    print(f"| usual loop, one epoch | {median('usual'):.1f} s | 1 | |")
    print(f"| usual loop, accuracy after {USUAL_EPOCHS} epochs | {100 * found['usual'][-1]['accuracy']:.2f} % | | |")
    if "epoch" in found:
        faster, whole_call = 1 / epochs("epoch"), 1 / epochs("epoch", "fit_seconds")
        name = "one epoch, same recipe and batch"
        print(f"| {name} | {median('epoch'):.1f} s | {faster:.1f} x faster | 2.5 x, aim 4 x |")
        seconds = median("epoch", "fit_seconds")
        print(f"| the same with all of `fit` around it | {seconds:.1f} s | {whole_call:.1f} x faster | |")
    for name, goal in {"to_accuracy": "a tenth, 97.5 %", "default": "five epochs, 99.0 %"}.items():
        if name in found:
            right = f"{100 * median(name, 'accuracy'):.2f} % in {median(name):.1f} s"
            share = epochs(name) / USUAL_EPOCHS
            print(f"| {name} | {right} | {share:.3f} of five usual epochs | {goal} |")
    if "following" in found:
        print(f"| the next adversary | {median('following'):.1f} s | {epochs('following'):.2f} usual epochs | |")
        for key in ("parent_test", "next_test", "parent_fooling", "next_fooling"):
            print(f"| the next adversary, {key.replace('_', ' ')} | {100 * median('following', key):.2f} % | | |")
    if "memory" in found:
        print(f"| peak memory, 70,000 digits | {median('memory', 'mib'):.0f} MiB | | under 1,024 |")


def profile(base: BaseData) -> None:
    """What a step of the usual recipe spends its time on, and how near that is to the arithmetic limit."""
    with tempfile.TemporaryDirectory() as folder, torch.profiler.profile() as recorded:
        fit(Path(folder), replace(SAME_RECIPE, base_replay=12_800), base=base)
    print(recorded.key_averages().table(sort_by="self_cpu_time_total", row_limit=16, max_name_column_width=45))
    left, right = torch.rand(2048, 2048), torch.rand(2048, 2048)
    left @ right
    started = time.perf_counter()
    for _ in range(5):
        left @ right
    rate = 5 * 2 * 2048**3 / (time.perf_counter() - started)
    # Multiply-adds of one digit: first and second convolution, the two linear layers; the first layer's input needs no
    # gradient, so it is computed twice rather than three times.
    first, rest = 24 * 24 * 10 * 25, 8 * 8 * 20 * 10 * 25 + 320 * 50 + 50 * 10
    work = 60_000 * 2 * (2 * first + 3 * rest)
    print(
        f"Arithmetic of an epoch: {work / 1e9:.0f} GFLOP; matrix products reach {rate / 1e9:.0f} GFLOP/s here, so at "
    )
    print(f"that rate it would take {work / rate:.2f} s.")


if __name__ == "__main__":
    main()
