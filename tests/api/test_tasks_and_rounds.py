import pytest

from rounds import services
from rounds.models import Round, Task
from tests.api.conftest import assert_problem


def test_a_task_says_what_to_draw_against_whom_and_under_which_rules(guest, open_round):
    task = guest.get("/api/v1/tasks/digits/").json()
    assert task["labels"] == list("0123456789")
    assert task["input"] == {"canvas_size": 280, "input_size": 28}
    assert task["instructions"] == "Draw it."
    assert task["rules"]["tries_per_prompt"] == 20
    assert task["open_round"] == {
        "id": open_round.pk,
        "number": 1,
        "adversary": {"id": open_round.adversary_id, "number": 1, "name": "Graphite"},
    }


def test_without_an_open_round_there_is_none(guest, digits):
    assert guest.get("/api/v1/tasks/digits/").json()["open_round"] is None


def test_tasks_come_in_pages(guest, digits):
    for number in range(100):
        Task.objects.create(slug=f"task-{number}", name=f"Task {number:03}", labels=["a", "b"])
    first = guest.get("/api/v1/tasks/").json()
    assert (first["count"], len(first["results"]), first["previous"]) == (101, 100, None)
    assert len(guest.get(first["next"]).json()["results"]) == 1
    assert_problem(guest.get("/api/v1/tasks/?page=3"), 404, detail="There is no page 3")


def test_a_round_says_where_it_stands(guest, open_round, alice, bob, draw, validate):
    open_round.task.refresh_from_db()
    example = draw(alice, open_round.task, fooling=True)
    validate(bob, example, example.label)
    draw(alice, open_round.task, fooling=True)
    shown = guest.get(f"/api/v1/rounds/{open_round.pk}/").json()
    assert (shown["task"], shown["number"], shown["status"]) == ("digits", 1, "open")
    assert shown["adversary"]["name"] == "Graphite"
    assert shown["counts"]["attempts"] == shown["counts"]["fooled"] == shown["counts"]["pending"] == 2
    assert shown["criteria"] == [
        {"name": "verified fooling examples", "have": 0.0, "need": 200.0, "unit": "examples", "met": False}
    ]
    assert shown["waiting_for_validation"] == 2
    assert shown["training"] is None


def test_a_round_shows_the_rules_it_opened_under(guest, open_round):
    Task.objects.update(tries_per_prompt=3)
    assert guest.get(f"/api/v1/rounds/{open_round.pk}/").json()["rules"]["tries_per_prompt"] == 20
    assert guest.get("/api/v1/tasks/digits/").json()["rules"]["tries_per_prompt"] == 3


def test_a_finished_round_shows_the_counts_that_were_stored_with_it(guest, open_round, alice, draw, adam):
    draw(alice, open_round.task, fooling=True)
    services.keep_adversary(round=services.close_round(round=open_round, by=adam.user), by=adam.user)
    Round.objects.get(number=1).examples.update(practice=False, fooled=True, retracted_at="2026-01-01T00:00Z")
    assert guest.get(f"/api/v1/rounds/{open_round.pk}/").json()["counts"]["attempts"] == 1


def test_a_tasks_rounds_are_listed_newest_first(guest, open_round, adam):
    services.keep_adversary(round=services.close_round(round=open_round, by=adam.user), by=adam.user)
    listed = guest.get("/api/v1/tasks/digits/rounds/").json()
    assert [(each["number"], each["status"]) for each in listed["results"]] == [(2, "open"), (1, "done")]


@pytest.mark.parametrize(
    "path", ["tasks/letters/", "tasks/letters/rounds/", "rounds/99/", "rounds/99/report/", "tasks/letters/matrix/"]
)
def test_what_does_not_exist_is_said_not_to(guest, digits, path):
    assert_problem(guest.get(f"/api/v1/{path}"), 404, "not_found", detail="There is no")
