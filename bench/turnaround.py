"""From "close" to "next round open", through the real queue, as a ratio to an epoch of the usual loop.

    python -m bench.turnaround                 three times, each with a copy of the same site, and the median
    python -m bench.turnaround --repeats 1     once

sets up a site of its own, as `make run` does, in a temporary folder or in one that is kept, and collects 2,000 drawings
there through the services (training digits turned, slanted, shrunk and moved until the adversary errs; 40 hands, two
validators each). It starts web, worker and trainer as the Procfile has them, closes the round over the API, and asks
until the next round is open. An epoch of the usual loop (`bench/usual_loop.py`) runs before and after. Nothing of the
site is tuned for it but two rules of the task: annotators choose the label, and the round does not close by itself.
"""

import argparse
import io
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests
from PIL import Image

import models_zoo.training.fit  # noqa: F401  before torch: models_zoo sets how its threads wait
from bench.train import child, fooling
from models_zoo.cli import BASE_FOLDER
from models_zoo.data.mnist import ensure_mnist, load_mnist

HANDS = 40
ADDRESS = "127.0.0.1:8471"
API = f"http://{ADDRESS}/api/v1"
LONGEST = 900


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--collected", type=int, default=2000)
    parser.add_argument("--base", type=Path, default=BASE_FOLDER)
    parser.add_argument("--folder", type=Path, help="make the site here and keep it; one whose round is open is used")
    given = parser.parse_args()
    ensure_mnist(given.base)
    with tempfile.TemporaryDirectory() as temporary:
        site = given.folder or Path(temporary) / "site"
        token = prepare(site, given.base.resolve(), given.collected)
        if given.repeats == 1:
            print(json.dumps(measure(token, given.base)))
        else:
            report([again(site, Path(temporary) / str(number), given) for number in range(given.repeats)])


def again(site: Path, copy: Path, given: argparse.Namespace) -> dict[str, Any]:
    """One measurement in a process of its own, with a copy of the prepared site."""
    from django.db import connections

    connections.close_all()
    shutil.copytree(site, copy, symlinks=True)
    (found,) = child("bench.turnaround", "--repeats", "1", "--base", str(given.base), "--folder", str(copy))
    print(f"{found['seconds']:.1f} s, {found['seconds'] / found['usual']:.2f} usual epochs", flush=True)
    return found


def measure(token: str, base: Path) -> dict[str, Any]:
    """Close the prepared site's round and wait, between two epochs of the usual loop."""
    usual = child("bench.usual_loop", "--epochs", "1", "--base", str(base))
    with running():
        seconds = close_and_wait(token)
    usual += child("bench.usual_loop", "--epochs", "1", "--base", str(base))
    return {"seconds": seconds, "usual": statistics.mean(epoch["seconds"] for epoch in usual), **stages()}


def prepare(folder: Path, base: Path, count: int) -> str:
    """A site with round 1 open and so many verified drawings that fooled its adversary. Returns an admin's token."""
    os.environ |= {"DATA_DIR": str(folder.resolve()), "BIND": ADDRESS, "SITE_URL": f"http://{ADDRESS}"}
    os.environ["DJANGO_SETTINGS_MODULE"] = "dadc.settings"
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    folder.mkdir(exist_ok=True)
    if not (folder / "base_data").exists():
        (folder / "base_data").symlink_to(base)
    subprocess.run([sys.executable, "manage.py", "setup"], check=True)

    import django

    django.setup()
    from django.contrib.auth.models import User
    from rest_framework.authtoken.models import Token

    if not User.objects.filter(username="carol").exists():
        collect(count)
    return Token.objects.get_or_create(user=User.objects.get(username="admin"))[0].key


def collect(count: int) -> None:
    """Drawings of many hands, each seen by two validators."""
    from rounds import predictor, rules, services
    from rounds.models import Example, Round

    round = Round.objects.select_related("task", "adversary").get()
    task = round.task
    task.label_assignment, task.target_verified = rules.FREE, None
    task.save()
    Round.objects.update(frozen_rules=task.rules.to_json())

    assert round.adversary
    base = load_mnist(Path(os.environ["DATA_DIR"]) / "base_data")
    images, labels = fooling(predictor.load(round.adversary), base, count + count // 20)
    hands = [person(f"hand{number}", "annotator") for number in range(HANDS)]
    for hand, image, label in zip(itertools.cycle(hands), images, labels, strict=False):
        draw(task, hand, image, str(label))
        if Example.objects.filter(fooled=True).count() == count:
            break
    for validator in (person("bob", "validator"), person("carol", "validator")):
        while example := services.lease_next(task=task, validator=validator):
            services.record_validation(example=example, validator=validator, answer=example.label)
    print(f"{Example.objects.filter(fooled=True, verification='verified').count():,} verified.", flush=True)


def person(name: str, role: str) -> Any:
    from django.contrib.auth.models import User

    from rounds import services

    user = User.objects.create_user(name)
    services.give_roles(user=user, roles=[role], by=None)
    return services.person_of(user)


def draw(task: Any, hand: Any, image: Any, label: str) -> None:
    """One try: uint8 [28, 28] as a canvas of 280 x 280, which is averaged down to the same 28 x 28."""
    from rounds import selectors, services

    out = io.BytesIO()
    Image.fromarray(255 - image).resize((280, 280), Image.Resampling.NEAREST).save(out, format="PNG")
    issued, _ = services.issue_prompt(task=task, annotator=hand, label=label)
    prompt = selectors.prompt_to_score(issued.pk)
    assert prompt
    # Read alone, a picture's probabilities differ from a batch's in the last bits: a few drawings no longer fool.
    if not services.submit_example(prompt=prompt, image=out.getvalue()).example.fooled:
        services.give_up_prompt(prompt=prompt)


@contextmanager
def running() -> Iterator[None]:
    """The site's processes, as the Procfile starts them."""
    site = subprocess.Popen([sys.executable, "-m", "honcho", "start", "--no-prefix"])
    try:
        give_up = time.monotonic() + 120
        while not answers(f"http://{ADDRESS}/readyz"):
            if time.monotonic() > give_up:
                sys.exit("The site did not get ready within two minutes.")
            time.sleep(0.5)
        yield
    finally:
        site.terminate()
        site.wait(60)


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=10).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


def close_and_wait(token: str) -> float:
    """Seconds from the call that closes round 1 until the task answers that round 2 is open."""
    headers = {"Authorization": f"Token {token}"}
    started = time.perf_counter()
    requests.post(f"{API}/rounds/1/close/", headers=headers, timeout=60).raise_for_status()
    while time.perf_counter() - started < LONGEST:
        open_round = requests.get(f"{API}/tasks/digits/", headers=headers, timeout=60).json()["open_round"]
        if open_round:
            return time.perf_counter() - started
        time.sleep(0.5)  # each question costs the training some of its cores
    sys.exit(f"No round was open after {LONGEST} s. {what_happened()}")


def what_happened() -> str:
    from rounds.models import Round

    run = Round.objects.get(number=1).runs.first()
    return f"The run: {run.status}, {run.error or run.gate}." if run else "No run was started."


def stages() -> dict[str, Any]:
    """Where the time went, in seconds, and what the gate said."""
    from rounds.models import Round

    round = Round.objects.get(number=1)
    run = round.runs.get()
    assert run.model
    assert run.started_at
    assert run.finished_at
    at = {event.to_status: event.at for event in round.events.moves()}
    training = sum(epoch["seconds"] for epoch in run.model.metrics["epochs"])
    return {
        "until the watch looked": (at["training"] - at["validating"]).total_seconds(),
        "until a worker took it": (run.started_at - at["training"]).total_seconds(),
        "training": training,
        "everything else of the run": (run.finished_at - run.started_at).total_seconds() - training,
        "gate": run.gate,
    }


def report(found: list[dict[str, Any]]) -> None:
    """The run whose ratio is the median, stage by stage, and the range of all."""
    found = sorted(found, key=lambda run: run["seconds"] / run["usual"])
    ratios = [run["seconds"] / run["usual"] for run in found]
    median = found[len(found) // 2]
    for what, value in median.items():
        print(f"{what}: {value:.1f} s" if isinstance(value, float) else f"{what}: {json.dumps(value)}")
    print(
        f"close to next round open: {ratios[len(found) // 2]:.2f} usual epochs, the median of {len(found)} "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )


if __name__ == "__main__":
    main()
