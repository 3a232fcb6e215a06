"""A training run: claimed, held by its heartbeat, published once, or failed."""

import errno
import json
import os
import random
import shutil
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core import mail
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, default_storage
from django.utils import timezone

from models_zoo.robustness import table
from models_zoo.robustness.suites import SUITES
from rounds import jobs, poll, predictor, rules, services
from rounds.datasets.freeze import manifest_hash
from rounds.models import Drawing, Evaluation, Example, ModelVersion, Round, Task, TrainingRun
from rounds.training import evaluate, execute, runs
from rounds.training.first_model import train_first_model
from rounds.training.runs import LeaseLost

pytestmark = pytest.mark.django_db
Status = TrainingRun.Status
QUICK = {"epochs": 1, "base_replay": 1000, "architecture": "mnist_cnn"}


@pytest.fixture
def closed(open_round, alice, bob, carol, draw, validate, adam) -> Round:
    """Round 1 closed with thirty verified examples."""
    # The same drawings on the same sides in every run of the suite: whether a model passes hangs on them.
    random.seed(0)
    Task.objects.update(split_key="the same in every test")
    for nth in range(30):
        example = draw(alice, open_round.task, fooling=True, nth=nth // 10)
        validate(bob, example, example.label)
        validate(carol, example, example.label)
    return services.close_round(round=open_round, by=adam.user)


@pytest.fixture
def run(closed, adam) -> TrainingRun:
    """Its training, queued with a quick recipe."""
    return services.start_training(round=closed, by=adam.user, recipe=QUICK)


def checkpoints(run) -> list[str]:
    folder = f"runs/{run.pk}"
    return default_storage.listdir(folder)[1] if default_storage.exists(folder) else []


def stored(model, name) -> str:
    with default_storage.open(f"{model.folder}/{name}") as file:
        return file.read().decode()


def test_a_run_ends_in_a_published_model_with_all_of_its_files(run):
    jobs.train(run.pk)
    run.refresh_from_db()
    assert run.status == Status.SUCCEEDED, run.error
    model = run.model
    assert (model.number, model.parent) == (2, run.parent)
    assert {"model.safetensors", "model.json", "config.json", "metrics.json", "manifest.json"} <= set(
        default_storage.listdir(model.folder)[1]
    )
    assert run.progress["epoch"] == 1
    assert run.gate["reasons"]


def test_the_new_model_is_measured_on_the_base_and_every_model_on_the_rounds_test_split(run):
    jobs.train(run.pk)
    suites = set(Evaluation.objects.filter(model__number=2).values_list("suite", flat=True))
    assert suites == {"base_test", "base_dev", "round_dev", "round_test", "fgsm"}
    on_test = Evaluation.objects.filter(suite="round_test")
    assert set(on_test.values_list("model__number", flat=True)) == {1, 2}
    # The adversary was fooled by each of them, by definition.
    assert on_test.get(model__number=1).correct == 0


def test_the_stored_table_is_complete_and_the_database_has_the_same_counts(run, monkeypatch):
    monkeypatch.setattr(evaluate, "SUITES", SUITES)
    jobs.train(run.pk)
    model = ModelVersion.objects.get(number=2)
    rows = table.from_json(json.loads(stored(model, "evaluation.json")), "evaluation.json")
    assert {row.condition.suite for row in rows} == set(table.SUITE_ORDER)
    assert {row.model for row in rows} == {model.weights_hash[:12]}
    in_file = {(row.condition, row.score) for row in rows if not row.is_cell}
    in_database = {(evaluation.condition, evaluation.score) for evaluation in model.evaluations.all()}
    only_in_file = {condition.suite for condition, _ in in_file - in_database}
    only_in_database = {condition.suite for condition, _ in in_database - in_file}
    assert (only_in_file, only_in_database) == ({"calibration", "all_rounds"}, {"base_dev", "round_dev"})


def test_a_robust_models_card_compares_it_with_its_plainly_trained_parent(run):
    TrainingRun.objects.update(recipe={**QUICK, "recipe": {"name": "fgsm"}})
    jobs.train(run.pk)
    card = stored(ModelVersion.objects.get(number=2), "README.md")
    assert "Not evaluated yet" not in card
    plain, robust = (m.evaluations.get(suite="fgsm", norm="linf", epsilon=0.1) for m in ModelVersion.objects.all())
    assert "### Compared with Graphite\n\nGraphite (model 1) is its parent (recipe standard)." in card
    assert f"| fgsm | linf 0.1 | 10 | {10 * robust.correct}.00 % | {10 * plain.correct}.00 % |" in card
    # The parent was measured on this round's tests only now, and read none.
    assert "| round | 1 | 1 |" in card


def test_a_robust_models_child_is_compared_with_the_plain_ancestor(run):
    plain = run.parent
    run.parent = ModelVersion.objects.create(
        task=plain.task, number=2, parent=plain, recipe={"recipe": {"name": "pgd"}}, seed=0, folder="models/robust"
    )
    assert evaluate.card_reference(run, []).name == plain.name


def test_where_no_model_was_trained_plainly_the_card_says_so(run):
    ModelVersion.objects.update(recipe={"recipe": {"name": "pgd"}})
    run.parent.refresh_from_db()
    reference = evaluate.card_reference(run, [])
    assert reference.about.startswith("Graphite (model 1) is its parent (recipe pgd).")
    assert "None of its ancestors was trained plainly" in reference.about


def test_a_robust_first_model_has_a_plain_twin_that_it_and_its_children_are_compared_with(digits, base):
    changes = {**QUICK, "recipe": {"name": "fgsm"}}
    robust = train_first_model(digits, changes=changes, on_progress=lambda progress: None)
    first, twin = ModelVersion.objects.all()
    assert (first, first.recipe_name, twin.recipe_name) == (robust, "fgsm", "standard")
    assert {**twin.recipe, "recipe": robust.recipe["recipe"]} == robust.recipe
    ours, plain = (model.evaluations.get(suite="fgsm", norm="linf", epsilon=0.1) for model in (robust, twin))
    card = stored(robust, "README.md")
    assert "### Compared with its plainly trained twin" in card
    assert f"| fgsm | linf 0.1 | 10 | {10 * ours.correct}.00 % | {10 * plain.correct}.00 % |" in card
    assert "### Compared" not in stored(twin, "README.md")
    assert evaluate.card_reference(TrainingRun(parent=robust), []).name == twin.name
    # Trained plainly from robust weights is not plain.
    child = ModelVersion.objects.create(
        task=digits, number=3, parent=robust, seed=0, folder="models/child", weights_hash="child",
        recipe={"recipe": {"name": "standard"}, "warm_start": True},
    )  # fmt: skip
    assert evaluate.card_reference(TrainingRun(parent=child), []).name == twin.name
    assert not (settings.DATA_DIR / "work" / "first-digits").exists()


def test_an_abandoned_first_training_does_not_stand_in_the_way_of_another(digits, base):
    def interrupt(progress):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_first_model(digits, changes=QUICK, on_progress=interrupt)
    model = train_first_model(digits, changes={**QUICK, "seed": 1}, on_progress=lambda progress: None)
    assert model.seed == 1
    assert not (settings.DATA_DIR / "work" / "first-digits").exists()


def test_a_half_written_file_that_a_killed_process_left_is_not_stored(run, monkeypatch):
    fit = execute.fit

    def fit_and_leave_half_a_file(folder, *args, **options):
        fitted = fit(folder, *args, **options)
        (folder / ".model.safetensors.x1y2").write_bytes(b"half a file")
        return fitted

    monkeypatch.setattr(execute, "fit", fit_and_leave_half_a_file)
    jobs.train(run.pk)
    run.refresh_from_db()
    assert run.status == Status.SUCCEEDED, run.error
    assert not [name for name in default_storage.listdir(run.model.folder)[1] if name.startswith(".")]


def test_running_the_job_twice_publishes_once(run):
    jobs.train(run.pk)
    jobs.train(run.pk)
    assert ModelVersion.objects.count() == 2


def test_a_second_worker_does_not_take_a_run_from_a_living_one(run):
    assert runs.claim_run(run_id=run.pk, worker="one")
    assert runs.claim_run(run_id=run.pk, worker="two") is None


def test_a_worker_that_was_replaced_can_neither_report_nor_publish(run):
    first = runs.claim_run(run_id=run.pk, worker="one")
    with time_machine.travel(timezone.now() + timedelta(minutes=2), tick=False):
        assert runs.claim_run(run_id=run.pk, worker="two")
    with pytest.raises(LeaseLost):
        runs.heartbeat(run=first, progress={})
    with pytest.raises(LeaseLost):
        runs.publish_model(run=first, verdict=None, measurements=[])
    assert ModelVersion.objects.count() == 1


def test_a_worker_that_is_replaced_while_it_measures_publishes_nothing(run, monkeypatch):
    def replace_it(*, run, progress):
        if "measuring" in progress:
            TrainingRun.objects.update(worker="another")
        beat(run=run, progress=progress)

    beat = runs.heartbeat
    monkeypatch.setattr(runs, "heartbeat", replace_it)
    jobs.train(run.pk)
    run.refresh_from_db()
    assert (run.status, run.progress["epoch"]) == (Status.RUNNING, 1)
    assert ModelVersion.objects.count() == 1


def test_a_slow_suite_keeps_the_lease_while_it_runs(run, monkeypatch):
    monkeypatch.setattr(execute, "SECONDS_BETWEEN_HEARTBEATS", 0)
    beats = []
    monkeypatch.setattr(runs, "heartbeat", lambda *, run, progress: beats.append(progress.get("measuring")))
    jobs.train(run.pk)
    assert beats.count("fgsm") > 1
    assert beats[-1] == "round 1"


def test_an_error_of_a_worker_that_was_replaced_does_not_fail_the_run(run, monkeypatch):
    def fail_late(*args, **kwargs):
        TrainingRun.objects.update(worker="another")
        raise FileNotFoundError("the other one has cleared the folder")

    monkeypatch.setattr(execute, "fit", fail_late)
    jobs.train(run.pk)
    runs.fail_run(run=run, error="from a worker that read the run before it was replaced")
    run.refresh_from_db()
    assert (run.status, run.worker, run.error) == (Status.RUNNING, "another", "")
    assert Round.objects.get().status == Round.Status.TRAINING


def test_a_run_whose_worker_died_is_queued_again_and_goes_on_from_its_checkpoint(run, monkeypatch):
    class Killed(BaseException):
        pass

    def die(*, run, progress):
        if progress["dev"] is not None and progress["epoch"] == 1:
            raise Killed

    TrainingRun.objects.update(recipe={**QUICK, "epochs": 2})
    with monkeypatch.context() as patched:
        patched.setattr(runs, "heartbeat", die)
        with pytest.raises(Killed):
            jobs.train(run.pk)
    assert checkpoints(run) == ["1-1-checkpoint.safetensors"]

    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        assert poll.poll_rounds()["taken_up"] == 1
        jobs.train(run.pk)
    run.refresh_from_db()
    assert run.status == Status.SUCCEEDED, run.error
    assert run.attempts == 2
    assert [epoch["epoch"] for epoch in run.model.metrics["epochs"]] == [1, 2]
    assert not checkpoints(run)


def test_a_run_goes_on_from_the_last_whole_checkpoint_on_another_machine(run, monkeypatch):
    class Killed(BaseException):
        pass

    def die(storage, name, content):
        if "2-checkpoint" in name:
            store(storage, name, ContentFile(b"half of it"))
            raise Killed
        return store(storage, name, content)

    store = FileSystemStorage.save
    TrainingRun.objects.update(recipe={**QUICK, "epochs": 3})
    with monkeypatch.context() as patched:
        patched.setattr(FileSystemStorage, "save", die)
        with pytest.raises(Killed):
            jobs.train(run.pk)
    shutil.rmtree(settings.DATA_DIR / "work")
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        poll.poll_rounds()
        jobs.train(run.pk)
    run.refresh_from_db()
    assert run.status == Status.SUCCEEDED, run.error
    assert [epoch["epoch"] for epoch in run.progress["history"]] == [1, 2, 3]
    assert [set(epoch["dev"]) for epoch in run.progress["history"]] == [{"base", "collected"}] * 3
    assert not checkpoints(run)


def test_a_run_that_kills_every_worker_is_given_back_to_the_admin(run, adam):
    TrainingRun.objects.update(
        status=Status.RUNNING, attempts=3, lease_until=timezone.now() - timedelta(seconds=1), worker="x"
    )
    poll.poll_rounds()
    run.refresh_from_db()
    assert run.status == Status.FAILED
    assert "died 3 times" in run.error
    assert Round.objects.get().status == Round.Status.VALIDATING
    assert "Training failed" in mail.outbox[0].subject


def assert_failed(run, sentence):
    """The run has the reason; the round is back where the admin can act; there is no model, and no files of one."""
    run.refresh_from_db()
    assert run.status == Status.FAILED
    assert sentence in run.error
    assert run.error.endswith(".")
    assert Round.objects.get().status == Round.Status.VALIDATING
    assert f"Training failed: {run.round}" in mail.outbox[0].subject
    assert ModelVersion.objects.get().number == 1
    assert not checkpoints(run)


def test_missing_base_data_fails_the_run_with_a_sentence_and_the_round_goes_back(run, settings, tmp_path):
    settings.BASE_DATA_DIR = tmp_path / "nothing"
    jobs.train(run.pk)
    assert_failed(run, "MNIST")


def test_a_training_that_diverges_fails_the_run(run):
    TrainingRun.objects.update(recipe={**QUICK, "lr": 1e9})
    jobs.train(run.pk)
    assert_failed(run, "The training diverged")


def test_an_empty_training_set_fails_the_run(run, monkeypatch):
    monkeypatch.setattr("rounds.datasets.arrays.items_of", lambda training_set: [])
    TrainingRun.objects.update(recipe={**QUICK, "base_replay": 0})
    run.training_set.manifest_hash = manifest_hash([])
    run.training_set.save()
    jobs.train(run.pk)
    assert_failed(run, "The training set is empty")


def test_a_training_set_of_one_class_fails_the_run(closed, adam):
    Example.objects.update(label="7", prediction="1")
    run = services.start_training(round=closed, by=adam.user, recipe={**QUICK, "base_replay": 0})
    jobs.train(run.pk)
    assert_failed(run, "only the label 7")


@pytest.fixture
def full(monkeypatch):
    """full(into) → the disk is full when a file is stored whose name contains `into`; half of it is left there."""

    def full(into):
        def save(storage, name, content):
            if into in name:
                store(storage, name, ContentFile(b"half of it"))
                raise OSError(errno.ENOSPC, "No space left on device")
            return store(storage, name, content)

        store = FileSystemStorage.save
        monkeypatch.setattr(FileSystemStorage, "save", save)

    return full


@pytest.mark.parametrize("file", ["checkpoint.safetensors", "model.safetensors", "README.md"])
def test_a_full_disk_fails_the_run_and_room_is_made(run, full, file):
    full(into=file)
    jobs.train(run.pk)
    assert_failed(run, "The disk is full: make room, then train again; it starts over.")
    assert not (settings.DATA_DIR / "work" / f"run-{run.pk}").exists()


@pytest.mark.parametrize("name", ["checkpoint.safetensors", "model.safetensors"])
def test_a_disk_that_is_full_while_it_trains_does_not_promise_to_go_on(run, monkeypatch, name):
    def replace(source, target):
        if str(target).endswith(name):
            raise OSError(errno.ENOSPC, "No space left on device")
        move(source, target)

    move = os.replace
    monkeypatch.setattr(os, "replace", replace)
    jobs.train(run.pk)
    assert_failed(run, "The disk is full")
    assert run.error == "The disk is full: make room, then train again; it starts over."
    assert not (settings.DATA_DIR / "work" / f"run-{run.pk}").exists()


@pytest.mark.parametrize("name", ["train_images.npy", "dev_labels.npy", "manifest.json"])
def test_a_disk_that_is_full_before_it_trains_is_reported_too(run, monkeypatch, name):
    def replace(source, target):
        if str(target).endswith(name):
            raise OSError(errno.ENOSPC, "No space left on device")
        move(source, target)

    move = os.replace
    monkeypatch.setattr(os, "replace", replace)
    jobs.train(run.pk)
    assert_failed(run, "The disk is full: make room, then train again; it starts over.")


def test_a_disk_that_is_full_when_the_parent_is_fetched_is_reported_too(run, monkeypatch):
    def copyfile(source, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", copyfile)
    jobs.train(run.pk)
    assert_failed(run, "The disk is full: make room, then train again; it starts over.")


def test_what_a_full_disk_left_half_written_is_replaced_by_the_next_run(run, full, monkeypatch, adam):
    full(into="model.safetensors")
    jobs.train(run.pk)
    monkeypatch.undo()
    # As if the same run came again under the same name, which names the run and the weights.
    TrainingRun.objects.update(status=Status.QUEUED)
    Round.objects.update(status=Round.Status.TRAINING)
    jobs.train(run.pk)
    run.refresh_from_db()
    assert predictor.load(run.model)


def test_an_unexpected_error_is_reported_too(run, monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(execute, "fit", broken)
    with pytest.raises(RuntimeError):
        jobs.train(run.pk)
    run.refresh_from_db()
    assert "out of memory" in run.error
    assert Round.objects.get().status == Round.Status.VALIDATING


def test_a_failed_training_waits_for_the_admin_who_can_start_it_again(run, settings, tmp_path, adam):
    runs.fail_run(run=run, error="no disk")
    assert poll.poll_rounds()["started"] == 0
    again = services.start_training(round=Round.objects.get(), by=adam.user, recipe=QUICK)
    jobs.train(again.pk)
    again.refresh_from_db()
    assert again.status == Status.SUCCEEDED, again.error


def test_nothing_is_trained_on_examples_that_were_altered_after_the_freeze(run):
    Example.objects.filter(pk=run.training_set.items.first().example_id).update(label="0", prediction="1", fooled=True)
    item = run.training_set.items.select_related("example").first()
    Example.objects.filter(pk=item.example_id).update(
        drawing=Drawing.objects.exclude(pk=item.example.drawing_id).first()
    )
    jobs.train(run.pk)
    run.refresh_from_db()
    assert run.status == Status.FAILED
    assert "altered" in run.error


# --- the gate -----------------------------------------------------------------------------------------------------


def test_a_model_that_passes_opens_the_next_round_by_itself(run, monkeypatch):
    monkeypatch.setattr(rules, "gate", lambda **scores: rules.Verdict(passed=True, reasons=["better"]))
    jobs.train(run.pk)
    run.refresh_from_db()
    assert Round.objects.get(number=1).status == Round.Status.DONE
    upcoming = Round.objects.get(number=2)
    assert (upcoming.status, upcoming.adversary) == (Round.Status.OPEN, run.model)


@pytest.fixture
def waiting(run, adam) -> Round:
    """Round 1 in review: its new model lost more on the base set than it may."""
    Round.objects.update(frozen_rules={**Round.objects.get().frozen_rules, "gate_tolerance": 0.0})
    TrainingRun.objects.update(recipe={**QUICK, "lr": 1e-9, "base_replay": 300})
    jobs.train(run.pk)
    return Round.objects.get()


def test_a_model_that_does_not_pass_waits_with_the_reason_and_the_admins_get_a_mail(waiting, run):
    run.refresh_from_db()
    assert waiting.status == Round.Status.REVIEWING
    assert not run.gate["passed"]
    assert any("not better" in reason for reason in run.gate["reasons"])
    assert "waits for your decision" in mail.outbox[0].subject


def test_the_admin_may_accept_it(waiting, adam, run):
    upcoming = services.accept_model(round=waiting, by=adam.user)
    run.refresh_from_db()
    assert upcoming.adversary == run.model


def test_the_admin_may_keep_the_old_adversary(waiting, adam):
    assert services.keep_adversary(round=waiting, by=adam.user).adversary.number == 1


def test_the_admin_may_train_again_with_another_recipe(waiting, adam):
    again = services.start_training(round=waiting, by=adam.user, recipe={**QUICK, "seed": 7})
    jobs.train(again.pk)
    again.refresh_from_db()
    assert again.status == Status.SUCCEEDED, again.error
    assert again.model.seed == 7
    assert again.model.number == 3
