"""The numbers of STATISTICS.md on small rounds whose numbers can be counted by hand."""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User

from rounds import reports, selectors, services
from rounds.api.shapes import serializer_of
from rounds.models import Evaluation, Example, Person, Round, TrainingSet, TrainingSetItem
from stats.rates import Rate

from .rows import NOON, a_model, a_person, a_round, a_task, an_attempt, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def task():
    return a_task()


@pytest.fixture
def adversary(task):
    return a_model(task)


@pytest.fixture
def voters(db):
    return people(5, "voter")


@pytest.fixture
def alice(db):
    return a_person("alice")


@pytest.fixture
def bob(db):
    return a_person("bob")


@pytest.fixture
def one(task, adversary, alice, bob, voters) -> Round:
    """Round 1: ten attempts, six fooling: two verified, two rejected, one pending, one reported."""
    round = a_round(task, adversary)
    an_attempt(round, alice, "7", "1", "77", voters=voters, try_number=3, seconds=60)
    an_attempt(round, alice, "7", "1", "717", voters=voters, try_number=1, seconds=10)
    an_attempt(round, alice, "7", "1", "11", voters=voters)
    an_attempt(round, alice, "4", "9", ["unreadable", "unreadable"], voters=voters)
    an_attempt(round, bob, "4", "9", "4", voters=voters)
    an_attempt(round, bob, "4", "9", ["4", "abuse"], voters=voters)
    an_attempt(round, alice, "7", "7")
    an_attempt(round, alice, "4", "4", "44", voters=voters)
    an_attempt(round, alice, "4", "4", "99", voters=voters)
    an_attempt(round, alice, "4", "4", [], voters=voters)
    return round


def rate(numerator, denominator):
    return Rate(numerator, denominator).to_json()


def test_the_counts_of_a_round_are_those_of_its_examples(one):
    report = reports.round_report(one)
    assert report["counts"] == {
        "attempts": 10,
        "fooled": 6,
        "verified": 2,
        "pending": 1,
        "rejected": 2,
        "disputed": 1,
        "sampled": 3,
        "sampled_verified": 1,
        "sampled_rejected": 1,
        "sampled_pending": 1,
        "annotators": 2,
    }
    assert (report["round"], report["number"], report["adversary"], report["final"]) == (one.pk, 1, "Graphite", False)


def test_mer_and_vmer_are_shares_of_all_attempts_with_bounds_while_any_are_pending(one):
    report = reports.round_report(one)
    assert report["mer"] == rate(6, 10)
    assert report["vmer"] == rate(2, 10)
    assert report["vmer_if_pending_verified"] == rate(3, 10)


def test_label_noise_is_rejected_of_settled_for_fooling_and_for_sampled_examples(one):
    assert reports.round_report(one)["label_noise"] == {"fooling": rate(2, 4), "sampled": rate(1, 2)}


def test_a_model_that_was_right_and_a_drawing_nobody_could_read_are_different_rejections(one):
    assert reports.round_report(one)["rejections"] == {
        "model_was_right": 1,
        "another_label": 0,
        "unreadable": 1,
        "split": 0,
        "abuse": 0,
    }


def test_an_example_rejected_as_abuse_by_an_admin_has_a_reason_of_its_own(one):
    admin = User.objects.create(username="adam")
    [disputed] = Example.objects.filter(verification="disputed")
    services.decide_dispute(example=disputed, by=admin, abusive=True)
    report = reports.round_report(one)
    assert report["rejections"]["abuse"] == 1
    assert sum(report["rejections"].values()) == report["counts"]["rejected"] == 3


def test_effort_is_counted_over_prompts_that_ended_in_a_verified_fooling_example(one):
    assert reports.round_report(one)["effort"] == {
        "prompts": 2,
        "tries": {"mean": 2.0, "median": 2.0},
        "seconds": {"mean": 35.0, "median": 35.0},
    }


def test_the_most_active_annotator_drew_eight_of_ten(one):
    assert reports.round_report(one)["most_active"] == {
        "numerator": 8,
        "denominator": 10,
        "value": 0.8,
        "interval": None,
    }


def test_agreement_is_over_all_answers_to_counted_examples(one):
    found = reports.round_report(one)["agreement"]
    assert found["answers"] == 16
    # 77, 11, uu, 44 and 99 agree; 717 and "4, abuse" do not; the single 4 has no pair.
    assert found["raw"] == rate(5, 7)
    assert 0 < found["alpha"] < 1


def test_classes_and_confusion_are_those_of_the_claimed_labels(one):
    report = reports.round_report(one)
    by_label = {of["label"]: of for of in report["classes"]}
    assert list(by_label) == one.task.labels
    assert by_label["7"] == {"label": "7", "attempts": 4, "mer": rate(3, 4), "vmer": rate(2, 4)}
    assert by_label["4"] == {"label": "4", "attempts": 6, "mer": rate(3, 6), "vmer": rate(0, 6)}
    assert by_label["0"] == {"label": "0", "attempts": 0, "mer": rate(0, 0), "vmer": rate(0, 0)}
    counts = report["confusion"]["counts"]
    assert (counts[7][1], counts[7][7], counts[4][9], counts[4][4]) == (3, 1, 3, 3)
    assert sum(map(sum, counts)) == 10


def test_a_label_taken_out_of_the_task_keeps_its_place_in_old_numbers(one):
    one.task.labels = [*"0123456789".replace("7", "")]
    report = reports.round_report(one)
    assert report["confusion"]["labels"][-1] == "7"
    assert sum(map(sum, report["confusion"]["counts"])) == 10


def test_practice_and_retracted_examples_are_in_no_number(one, alice, voters):
    before = reports.compute_round(one)
    guest = Person.objects.create(guest_key="6f0f2a53-6cc2-4f3d-9d1f-0f6a3c7be111")
    an_attempt(one, guest, "7", "1", practice=True)
    an_attempt(one, alice, "7", "1", "77", voters=voters, retracted=True)
    assert reports.compute_round(one) == before


def test_intervals_that_draw_whole_annotators_need_five_of_them(one, adversary, voters):
    assert reports.round_report(one)["clustered"] == {"mer": None, "vmer": None, "clusters": 2, "resamples": 2000}
    for voter in voters:
        an_attempt(one, voter, "3", "8")
        an_attempt(one, voter, "3", "3")
    clustered = reports.round_report(one)["clustered"]
    assert clustered["clusters"] == 7
    low, high = clustered["mer"]
    assert low < 11 / 20 < high


def test_an_empty_round_has_counts_of_zero_and_no_rates(task, adversary):
    report = reports.round_report(a_round(task, adversary))
    assert report["counts"]["attempts"] == 0
    assert report["vmer"] == rate(0, 0)
    assert report["agreement"] == {"alpha": None, "raw": rate(0, 0), "answers": 0}
    assert report["effort"]["tries"] == {"mean": None, "median": None}
    assert report["change"] is None
    assert report["splits"] is None


def test_a_report_is_json_and_shows_nothing_of_single_annotators(one):
    report = reports.round_report(one)
    assert json.loads(json.dumps(report)) == report
    assert {"tallies", "format"}.isdisjoint(report)


def test_an_open_rounds_report_takes_the_same_few_queries_however_much_was_drawn(
    one, alice, voters, django_assert_num_queries
):
    one = Round.objects.select_related("task", "adversary").get(pk=one.pk)
    with django_assert_num_queries(6):
        reports.round_report(one)
    for _ in range(5):
        an_attempt(one, alice, "3", "8", "33", voters=voters)
    with django_assert_num_queries(6):
        reports.round_report(one)


# --- As described -------------------------------------------------------------------------------------------------


def assert_described(report, shape):
    """Exactly the keys of `shape`, each with a value of its type."""
    described = serializer_of(shape)(data=report)
    assert described.is_valid(), described.errors
    assert described.validated_data == report


def test_an_empty_rounds_report_is_as_described(task, adversary):
    assert_described(reports.round_report(a_round(task, adversary)), reports.RoundReport)


def test_stored_and_current_reports_are_as_described(one, bob, voters, task):
    for voter in voters:
        an_attempt(one, voter, "3", "8")
    two = finish(one)
    an_attempt(two, bob, "3", "8", "33", voters=voters)
    report = reports.task_report(task)
    assert_described(report, reports.TaskReport)
    first, second = report["rounds"]
    assert (first["final"], second["final"]) == (True, False)
    assert first["clustered"]["mer"]
    assert first["splits"]
    assert second["change"]["mer"]


def test_a_matrix_with_gaps_and_a_leaderboard_are_as_described(task, three_models, bob, voters):
    graphite, *_ = three_models
    measured(a_model(task, parent=graphite, recipe="pgd"), "base_test", 97, 100)
    for _ in range(20):
        an_attempt(Round.objects.get(number=1), bob, "3", "8", "33", voters=voters)
    matrix, leaderboard = reports.matrix(task), reports.leaderboard(task)
    assert_described(matrix, reports.Matrix)
    assert_described(leaderboard, reports.Leaderboard)
    assert [cell is None for cell in matrix["rows"][-1]["cells"]] == [False, True, True, True]
    assert matrix["rows"][-1]["reference"]["changes"][0]
    assert [line["vmer"] is None for line in leaderboard["annotators"]] == [False, True]


# --- Stored reports -----------------------------------------------------------------------------------------------


def finish(round: Round) -> Round:
    Round.objects.filter(pk=round.pk).update(status=Round.Status.VALIDATING)
    round.refresh_from_db()
    upcoming = services.keep_adversary(round=round, by=None)
    round.refresh_from_db()
    return upcoming


def test_a_finished_rounds_numbers_are_stored_once_and_read_from_there(one, django_assert_num_queries):
    live = reports.round_report(one)
    finish(one)
    stored = Round.objects.select_related("task", "adversary").get(pk=one.pk)
    with django_assert_num_queries(0):
        report = reports.round_report(stored)
    assert report == {**live, "final": True, "splits": {"train": 3, "dev": 0, "test": 0}}


def test_computing_a_finished_round_again_gives_what_is_stored(one):
    finish(one)
    assert json.loads(json.dumps(reports.compute_round(one))) == one.report


def test_a_stored_report_of_an_older_format_is_computed_again(one):
    finish(one)
    one.report = {**one.report, "format": 0, "vmer": "as it once was"}
    assert reports.round_report(one)["vmer"] == rate(2, 10)


def test_the_change_from_round_to_round_has_the_interval_of_a_difference(one, bob, voters):
    two = finish(one)
    for _ in range(4):
        an_attempt(two, bob, "3", "8", "33", voters=voters)
    for _ in range(4):
        an_attempt(two, bob, "3", "3")
    change = reports.round_report(two)["change"]
    assert change["against"] == 1
    assert change["mer"]["difference"] == pytest.approx(4 / 8 - 6 / 10)
    assert change["vmer"]["difference"] == pytest.approx(4 / 8 - 2 / 10)
    low, high = change["vmer"]["interval"]
    assert low < 0.3 < high


def test_a_task_report_has_its_opened_rounds_and_their_sum(one, bob, voters, task):
    two = finish(one)
    an_attempt(two, bob, "3", "8", "33", voters=voters)
    Round.objects.filter(pk=two.pk).update(status=Round.Status.REVIEWING)
    services.draft_round(task=task, adversary=two.adversary)
    report = reports.task_report(task)
    assert [(of["number"], of["final"]) for of in report["rounds"]] == [(1, True), (2, False)]
    assert report["together"] == {
        "rounds": 2,
        "annotators": 2,
        "attempts": 11,
        "fooled": 7,
        "verified": 3,
        "pending": 1,
        "rejected": 2,
        "mer": rate(7, 11),
        "vmer": rate(3, 11),
        "vmer_if_pending_verified": rate(4, 11),
    }


def test_the_splits_are_those_of_the_rounds_own_examples_in_its_newest_freeze(one):
    training_set = TrainingSet.objects.create(round=one, annotator_disjoint=False, manifest_hash="x")
    for example, split in zip(
        Example.objects.filter(round=one).order_by("pk"), ["train", "train", "test"], strict=False
    ):
        TrainingSetItem.objects.create(training_set=training_set, example=example, split=split)
    one.training_set = training_set
    assert reports.round_report(one)["splits"] == {"train": 2, "dev": 0, "test": 1}


# --- Models × test sets -------------------------------------------------------------------------------------------


def measured(model, suite, correct, n, round=None, training_set=None, **varied):
    Evaluation.objects.create(
        model=model, suite=suite, round=round, training_set=training_set, correct=correct, n=n, **varied
    )


@pytest.fixture
def three_models(task, adversary, one):
    """Two frozen rounds; Graphite and Charcoal measured on all, Sepia not yet on round 1."""
    charcoal = a_model(task, parent=adversary)
    sepia = a_model(task, parent=charcoal)
    Round.objects.filter(pk=one.pk).update(status="done")
    two = a_round(task, charcoal)
    for round in (one, two):
        old = TrainingSet.objects.create(round=round, annotator_disjoint=True, manifest_hash="old")
        for model in (charcoal, sepia):
            measured(model, "round_test", 1, 99, round, old)
        new = TrainingSet.objects.create(round=round, annotator_disjoint=True, manifest_hash="new")
        Round.objects.filter(pk=round.pk).update(training_set=new)
        round.training_set = new
    for model, base, first, second in (
        (adversary, 9_900, 2, 4),
        (charcoal, 9_890, 15, 1),
        (sepia, 9_895, None, 8),
    ):
        measured(model, "base_test", base, 10_000)
        measured(model, "base_dev", 1, 5_000)
        if first is not None:
            measured(model, "round_test", first, 20, one, one.training_set)
        measured(model, "round_test", second, 10, two, two.training_set)
        measured(model, "round_dev", 1, 10, two, two.training_set)
    return adversary, charcoal, sepia


def test_the_matrix_shows_what_is_left_when_the_base_test_set_is_made_hard(task, adversary):
    child = a_model(task, parent=adversary)
    for suite, varied, counts in (
        ("corruption", {"corruption": "fog", "severity": 1}, (90, 70)),
        ("corruption", {"corruption": "fog", "severity": 2}, (30, 40)),
        ("fgsm", {"norm": "linf", "epsilon": 0.1}, (5, 5)),
        ("pgd", {"norm": "linf", "epsilon": 0.1, "steps": 40}, (8, 60)),
        ("pgd", {"norm": "linf", "epsilon": 0.2, "steps": 40}, (5, 5)),
        ("pgd", {"norm": "l2", "epsilon": 0.1, "steps": 40}, (5, 5)),
        ("moved", {"grid": "turned"}, (5, 5)),
        ("moved", {"grid": "both"}, (20, 10)),
    ):
        for model, correct in zip((adversary, child), counts, strict=True):
            measured(model, suite, correct, 100, **varied)
    matrix = reports.matrix(task)
    assert [(column["title"], column["n"]) for column in matrix["columns"]] == [
        ("Corrupted", 200),
        ("PGD, ε 0.1", 100),
        ("Shifted, turned", 100),
    ]
    assert [[cell["correct"] for cell in row["cells"]] for row in matrix["rows"]] == [[120, 8, 20], [110, 60, 10]]
    # A digit is corrupted in many ways: these are no independent trials.
    assert [cell["interval"] is None for cell in matrix["rows"][0]["cells"]] == [True, False, False]
    assert [change["interval"] is None for change in matrix["rows"][1]["changes"]] == [True, False, False]
    assert matrix["rows"][1]["changes"][1]["difference"] == pytest.approx(0.52)


def test_a_robust_model_stands_in_the_matrix_against_its_nearest_plain_ancestor(task, adversary):
    robust = a_model(task, parent=adversary, recipe="pgd")
    child = a_model(task, parent=robust, recipe="pgd")
    for model, clean, attacked in ((adversary, 99, 5), (robust, 97, 60), (child, 96, 70)):
        measured(model, "base_test", clean, 100)
        measured(model, "pgd", attacked, 100, norm="linf", epsilon=0.3, steps=40)
    rows = reports.matrix(task)["rows"]
    assert [row["recipe"] for row in rows] == ["standard", "pgd", "pgd"]
    assert rows[0]["reference"] is None
    for row, differences in zip(rows[1:], ([-0.02, 0.55], [-0.03, 0.65]), strict=True):
        assert (row["reference"]["number"], row["reference"]["name"]) == (1, "Graphite")
        changes = row["reference"]["changes"]
        assert [change["difference"] for change in changes] == pytest.approx(differences)


def test_without_a_plain_ancestor_it_stands_against_a_plain_twin_or_nothing():
    task = a_task()
    a_model(task, recipe="pgd")
    assert reports.matrix(task)["rows"][0]["reference"] is None
    twin = a_model(task)
    assert reports.matrix(task)["rows"][0]["reference"]["number"] == twin.number


def test_the_matrix_has_every_model_on_every_test_set_and_on_all_rounds_together(task, three_models):
    matrix = reports.matrix(task)
    assert [(column["key"], column["round"], column["n"]) for column in matrix["columns"]] == [
        ("base_test", None, 10_000),
        ("round_1", 1, 20),
        ("round_2", 2, 10),
        ("all_rounds", None, 30),
    ]
    assert [column["title"] for column in matrix["columns"]] == ["Base test set", "Round 1", "Round 2", "All rounds"]
    assert [(row["number"], row["name"], row["parent"]) for row in matrix["rows"]] == [
        (1, "Graphite", None),
        (2, "Charcoal", 1),
        (3, "Sepia", 2),
    ]
    counts = [[cell and (cell["correct"], cell["n"]) for cell in row["cells"]] for row in matrix["rows"]]
    assert counts == [
        [(9_900, 10_000), (2, 20), (4, 10), (6, 30)],
        [(9_890, 10_000), (15, 20), (1, 10), (16, 30)],
        [(9_895, 10_000), None, (8, 10), None],
    ]


def test_cells_have_intervals_and_changes_against_the_parent(task, three_models):
    graphite, charcoal, sepia = reports.matrix(task)["rows"]
    assert charcoal["cells"][1] == {"correct": 15, "n": 20, "value": 0.75, "interval": rate(15, 20)["interval"]}
    assert graphite["changes"] == [None] * 4
    assert charcoal["changes"][1]["difference"] == pytest.approx(0.65)
    assert charcoal["changes"][0]["difference"] == pytest.approx(-0.001)
    assert sepia["changes"][1] is None
    assert sepia["changes"][2]["difference"] == pytest.approx(0.7)


def test_dev_sets_and_replaced_freezes_are_in_no_column(task, three_models):
    matrix = reports.matrix(task)
    assert all(cell is None or cell["n"] != 99 for row in matrix["rows"] for cell in row["cells"])
    assert not any("dev" in column["key"] for column in matrix["columns"])


def test_a_matrix_of_unmeasured_models_has_rows_and_no_columns(task, adversary):
    matrix = reports.matrix(task)
    assert matrix["columns"] == []
    assert [row["cells"] for row in matrix["rows"]] == [[]]


def test_the_matrix_takes_two_queries_whatever_was_measured(task, three_models, django_assert_num_queries):
    with django_assert_num_queries(2):
        reports.matrix(task)


def test_models_are_ranked_by_all_adversarial_test_sets_and_show_the_base_test_set_too(task, three_models):
    board = reports.leaderboard(task)["models"]
    assert [(line["rank"], line["name"]) for line in board] == [(1, "Charcoal"), (2, "Graphite"), (None, "Sepia")]
    assert board[0]["all_rounds"]["correct"] == 16
    assert board[0]["base_test"]["correct"] == 9_890
    assert board[2]["all_rounds"] is None


# --- Annotators ---------------------------------------------------------------------------------------------------


def test_annotators_are_ranked_by_verified_fooling_examples(one, task, alice, bob, voters):
    for _ in range(3):
        an_attempt(one, bob, "3", "8", "33", voters=voters)
    board = reports.leaderboard(task)["annotators"]
    assert [(line["rank"], line["name"], line["verified"]) for line in board] == [(1, "bob", 3), (2, "alice", 2)]
    assert board[1] == {
        "rank": 2,
        "annotator": alice.pk,
        "name": "alice",
        "attempts": 8,
        "fooled": 4,
        "verified": 2,
        "pending": 0,
        "rejected": 2,
        "vmer": None,
    }


def test_a_rate_is_shown_from_twenty_attempts_on(one, task, bob, voters):
    for _ in range(18):
        an_attempt(one, bob, "3", "8", "33", voters=voters)
    [first, _] = reports.leaderboard(task)["annotators"]
    assert (first["name"], first["vmer"]) == ("bob", rate(18, 20))


def test_equals_share_a_rank(one, task, bob, voters):
    for _ in range(2):
        an_attempt(one, bob, "3", "8", "33", voters=voters)
    assert [line["rank"] for line in reports.leaderboard(task)["annotators"]] == [1, 1]


def test_guests_and_closed_accounts_are_not_listed(one, task, alice):
    guest = Person.objects.create(guest_key="6f0f2a53-6cc2-4f3d-9d1f-0f6a3c7be111")
    an_attempt(one, guest, "7", "1", practice=True)
    User.objects.filter(pk=alice.user_id).update(is_active=False)
    assert [line["name"] for line in reports.leaderboard(task)["annotators"]] == ["bob"]


def test_another_tasks_examples_are_not_counted(one, task, alice):
    other = a_task("letters", "abc")
    an_attempt(a_round(other, a_model(other)), alice, "a", "b")
    assert reports.leaderboard(task)["annotators"][1]["attempts"] == 2
    [line] = reports.leaderboard(other)["annotators"]
    assert line["attempts"] == 1


def test_stored_and_live_rounds_give_the_same_leaderboard_and_task_report(one, task, bob, voters):
    two = finish(one)
    for _ in range(20):
        an_attempt(two, bob, "3", "8", "33", voters=voters)
    finish(two)
    from_stored = reports.leaderboard(task), reports.task_report(task)["together"]
    Round.objects.update(report=None)
    assert (reports.leaderboard(task), reports.task_report(task)["together"]) == from_stored


def test_the_leaderboard_reads_finished_rounds_from_their_reports(one, task, django_assert_num_queries):
    finish(one)
    an_attempt(Round.objects.get(number=2), a_person("zoe"), "7", "1")
    # Rounds, the open round's rows, people, models, measurements.
    with django_assert_num_queries(5):
        board = reports.leaderboard(task)
    assert {line["name"] for line in board["annotators"]} == {"alice", "bob", "zoe"}


def test_time_is_counted_from_the_prompt_and_not_from_the_round(one, alice, voters):
    Round.objects.filter(pk=one.pk).update(opened_at=NOON - timedelta(days=2))
    assert reports.round_report(one)["effort"]["seconds"]["mean"] == 35.0


def test_the_tallies_of_annotators_add_up_to_the_counts(one):
    tallies = reports.compute_round(one)["tallies"].values()
    counts = selectors.counts(one)
    sums = [sum(column) for column in zip(*tallies, strict=True)]
    assert sums == [counts[name] for name in ("attempts", "fooled", "verified", "pending", "rejected")]
