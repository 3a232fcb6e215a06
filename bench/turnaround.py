"""From "close" to "next round open", through the real queue, as a ratio to an epoch of the usual loop.

    python -m bench.turnaround                 three times, each with a copy of the same site, and the median
    python -m bench.turnaround --repeats 1     once

sets up a site of its own, as `make run` does, in a temporary folder or in a named one, and collects 2,000 drawings
there through the services (training digits turned, slanted, shrunk and moved until the adversary errs; 40 annotators,
two validators for each drawing). It starts web, worker and trainer as the Procfile has them, closes the round over the
API, and polls until the next round is open. An epoch of the usual loop (`bench/usual_loop.py`) runs before and after.
Nothing of the site is tuned for it but two rules of the task: annotators choose the label, and the round does not close
by itself.
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

from models_zoo.process import prepare_process

if __name__ == "__main__":
    prepare_process()  # before the imports below load torch

from PIL import Image

from bench.train import fooling_digits, run_module
from crowd.client import ApiClient, ApiError
from crowd.transport import Site, SiteUnreachable
from models_zoo.cli import BASE_FOLDER
from models_zoo.data.base_sets import base_set

ANNOTATORS = 40
ADDRESS = "127.0.0.1:8471"
NEXT_ROUND_TIMEOUT = 900
"""Seconds to wait for the next round."""
START_TIMEOUT = 120
"""Seconds in which the site's processes must be ready."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--collected", type=int, default=2000)
    parser.add_argument("--base", type=Path, default=BASE_FOLDER)
    parser.add_argument("--folder", type=Path, help="make the site here and leave it there; one that is there is used")
    options = parser.parse_args()
    base_set("mnist").ensure(options.base)
    with tempfile.TemporaryDirectory() as temporary:
        site = options.folder or Path(temporary) / "site"
        token = prepare_site(site, options.base.resolve(), options.collected)
        if options.repeats == 1:
            print(json.dumps(measure(token, options.base)))
        else:
            report([measure_copy(site, Path(temporary) / str(n), options.base) for n in range(options.repeats)])


def measure_copy(site: Path, copy: Path, base: Path) -> dict[str, Any]:
    """One measurement in a process of its own, with a copy of the prepared site."""
    from django.db import connections

    connections.close_all()
    shutil.copytree(site, copy, symlinks=True)
    (measured,) = run_module("bench.turnaround", "--repeats", "1", "--base", str(base), "--folder", str(copy))
    print(f"{measured['seconds']:.1f} s, {measured['seconds'] / measured['usual']:.2f} usual epochs", flush=True)
    return measured


def measure(token: str, base: Path) -> dict[str, Any]:
    """Close the prepared site's round and wait, between two epochs of the usual loop."""
    usual = run_module("bench.usual_loop", "--epochs", "1", "--base", str(base))
    with running() as site:
        seconds = close_and_wait(ApiClient(site, token))
    usual += run_module("bench.usual_loop", "--epochs", "1", "--base", str(base))
    return {"seconds": seconds, "usual": statistics.mean(epoch["seconds"] for epoch in usual), **stages()}


def prepare_site(folder: Path, base: Path, count: int) -> str:
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
    """Drawings of many annotators, each seen by two validators."""
    from rounds import predictor, rules, services
    from rounds.models import Example, Round

    round_ = Round.objects.select_related("task", "adversary").get()
    task = round_.task
    task.label_assignment, task.target_verified = rules.FREE, None
    task.save()
    Round.objects.update(frozen_rules=task.rules.to_json())

    assert round_.adversary
    base = base_set("mnist").load(Path(os.environ["DATA_DIR"]) / "base_data")
    images, labels = fooling_digits(predictor.load(round_.adversary), base, count + count // 20)
    annotators = [create_person(f"annotator{number}", "annotator") for number in range(ANNOTATORS)]
    for annotator, image, label in zip(itertools.cycle(annotators), images, labels, strict=False):
        draw_and_submit(task, annotator, image, str(label))
        if Example.objects.filter(fooled=True).count() == count:
            break
    for validator in (create_person("bob", "validator"), create_person("carol", "validator")):
        while example := services.lease_next(task=task, validator=validator):
            services.record_validation(example=example, validator=validator, answer=example.label)
    print(f"{Example.objects.filter(fooled=True, verification='verified').count():,} verified.", flush=True)


def create_person(name: str, role: str) -> Any:
    from django.contrib.auth.models import User

    from rounds import services

    user = User.objects.create_user(name)
    services.give_roles(user=user, roles=[role], by=None)
    return services.person_of(user)


def draw_and_submit(task: Any, annotator: Any, image: Any, label: str) -> None:
    """One try: uint8 [28, 28] as a canvas of 280 x 280, which is averaged down to the same 28 x 28."""
    from rounds import selectors, services

    out = io.BytesIO()
    Image.fromarray(255 - image).resize((280, 280), Image.Resampling.NEAREST).save(out, format="PNG")
    issued, _ = services.issue_prompt(task=task, annotator=annotator, label=label)
    prompt = selectors.prompt_to_score(issued.pk)
    assert prompt
    # The probabilities of a single picture differ from those in a batch in the last bits: a few no longer fool.
    if not services.submit_example(prompt=prompt, image=out.getvalue()).example.fooled:
        services.give_up_prompt(prompt=prompt)


@contextmanager
def running() -> Iterator[Site]:
    """The site's processes, as the Procfile starts them, once they are ready."""
    processes = subprocess.Popen([sys.executable, "-m", "honcho", "start", "--no-prefix"])
    try:
        site = Site(f"http://{ADDRESS}")
        wait_until_ready(site)
        yield site
    finally:
        processes.terminate()
        processes.wait(60)


def wait_until_ready(site: Site) -> None:
    give_up = time.monotonic() + START_TIMEOUT
    while time.monotonic() < give_up:
        try:
            site.request("ready", "GET", "/readyz")
        except (ApiError, SiteUnreachable):
            continue
        return
    sys.exit(f"The site was not ready within {START_TIMEOUT} s.")


def close_and_wait(admin: ApiClient) -> float:
    """Seconds from the call that closes round 1 until the API shows round 2 as open."""
    started = time.perf_counter()
    admin.close(1)
    while time.perf_counter() - started < NEXT_ROUND_TIMEOUT:
        newest = admin.rounds("digits")[0]
        if newest["number"] > 1 and newest["status"] == "open":
            return time.perf_counter() - started
        time.sleep(0.5)  # each poll costs the training some of its cores
    sys.exit(f"No round was open after {NEXT_ROUND_TIMEOUT} s. {what_happened()}")


def what_happened() -> str:
    from rounds.models import Round

    run = Round.objects.get(number=1).runs.first()
    return f"The run: {run.status}, {run.error or run.gate}." if run else "No run was started."


def stages() -> dict[str, Any]:
    """Where the time went, in seconds, and the gate's verdict."""
    from rounds.models import Round

    round_ = Round.objects.get(number=1)
    run = round_.runs.get()
    assert run.model
    assert run.started_at
    assert run.finished_at
    at = {event.to_status: event.at for event in round_.events.moves()}
    training = sum(epoch["seconds"] for epoch in run.model.metrics["epochs"])
    return {
        "until the poll saw that it was settled": (at["training"] - at["validating"]).total_seconds(),
        "until a worker claimed the training": (run.started_at - at["training"]).total_seconds(),
        "training": training,
        "everything else of the run": (run.finished_at - run.started_at).total_seconds() - training,
        "gate": run.gate,
    }


def report(runs: list[dict[str, Any]]) -> None:
    """The run whose ratio is the median, stage by stage, and the range of all."""
    runs = sorted(runs, key=lambda run: run["seconds"] / run["usual"])
    ratios = [run["seconds"] / run["usual"] for run in runs]
    median = runs[len(runs) // 2]
    for what, value in median.items():
        print(f"{what}: {value:.1f} s" if isinstance(value, float) else f"{what}: {json.dumps(value)}")
    print(
        f"close to next round open: {ratios[len(runs) // 2]:.2f} usual epochs, the median of {len(runs)} "
        f"({ratios[0]:.2f} to {ratios[-1]:.2f})"
    )


if __name__ == "__main__":
    main()
