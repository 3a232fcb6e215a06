import pytest
from rest_framework.test import APIClient

from rounds import services
from rounds.models import Prompt, Task
from tests.api.conftest import assert_problem, rows

URL = "/api/v1/tasks/digits/prompts/"


def test_an_annotator_is_given_a_label_to_draw(api, alice, open_round):
    response = api(alice).post(URL)
    assert response.status_code == 201
    prompt = response.json()
    assert prompt["label"] in open_round.task.labels
    assert (prompt["task"], prompt["round"], prompt["status"]) == ("digits", open_round.pk, "open")
    assert (prompt["try_count"], prompt["tries_left"], prompt["practice"]) == (0, 20, False)
    assert prompt["started_at"]
    assert prompt["finished_at"] is None


def test_asking_again_gives_the_open_prompt(api, alice, open_round):
    first, second = api(alice).post(URL), api(alice).post(URL)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json() == second.json()
    assert Prompt.objects.count() == 1


def test_a_guest_practises_and_is_known_again_by_the_session(guest, open_round):
    first, second = guest.post(URL), guest.post(URL)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["practice"]
    assert Prompt.objects.get().annotator.is_guest


def test_a_guest_may_choose_the_label(guest, open_round):
    assert guest.post(URL, {"label": "7"}).json()["label"] == "7"


def test_a_label_outside_the_task_is_refused_and_leaves_nothing_behind(guest, api, alice, open_round):
    clients = (guest, api(alice))
    before = rows()
    for client in clients:
        assert_problem(client.post(URL, {"label": "x"}), 400, "label", detail="is not a label of this task")
    assert rows() == before


def test_the_label_is_not_chosen_where_the_server_balances_them(api, alice, open_round):
    assert_problem(api(alice).post(URL, {"label": "7"}), 400, "label", detail="Send no label")


def test_without_an_open_round_nobody_is_asked_for_anything(guest, api, alice, open_round, adam):
    services.close_round(round=open_round, by=adam.user)
    clients = (guest, api(alice))
    before = rows()
    for client in clients:
        assert_problem(client.post(URL), 409, "no_open_round", detail="Come back")
    assert rows() == before


def test_who_is_no_annotator_reads_who_can_make_them_one(api, ruth, open_round):
    client = api(ruth)
    before = rows()
    assert_problem(client.post(URL), 403, "not_allowed", detail="role annotator")
    assert rows() == before


@pytest.mark.parametrize("body", [{"label": 7.5}, {"label": ["7"]}, {"label": "7" * 65}, {"label": True}, ["7"], "7"])
def test_a_body_of_another_form_is_refused(guest, open_round, body):
    assert_problem(guest.post(URL, body), 400)


def test_there_is_nothing_to_draw_in_a_task_that_is_not_there(guest, digits):
    assert_problem(guest.post("/api/v1/tasks/letters/prompts/"), 404, detail="letters")


def test_a_prompt_can_be_read_by_its_owner_only(guest, api, alice, bob, open_round, ask):
    prompt = ask(api(alice))
    url = f"/api/v1/prompts/{prompt['id']}/"
    assert api(alice).get(url).json() == prompt
    assert_problem(api(bob).get(url), 404, "not_found", detail="no such prompt of yours")
    # Nobody at all: most likely alice, whose session has ended.
    assert_problem(guest.get(url), 401, detail="Log in")
    ask(guest)
    assert_problem(guest.get(url), 404, detail="no such prompt of yours")


def test_a_guest_sees_no_other_guests_prompt(open_round, ask):
    one, other = APIClient(), APIClient()
    url = f"/api/v1/prompts/{ask(one)['id']}/"
    assert one.get(url).status_code == 200
    assert_problem(other.get(url), 404)
    ask(other)
    assert_problem(other.get(url), 404)


def test_giving_up_finishes_the_prompt_and_the_next_one_is_new(api, alice, open_round, ask):
    first = ask(api(alice))
    given_up = api(alice).post(f"/api/v1/prompts/{first['id']}/give_up/").json()
    assert (given_up["status"], given_up["tries_left"]) == ("given_up", 0)
    assert given_up["finished_at"]
    assert ask(api(alice))["id"] != first["id"]


def test_a_finished_prompt_cannot_be_given_up(api, alice, open_round, ask):
    url = f"/api/v1/prompts/{ask(api(alice))['id']}/give_up/"
    api(alice).post(url)
    assert_problem(api(alice).post(url), 409, "prompt_finished", detail="finished already")


def test_nobody_gives_up_for_somebody_else(api, alice, bob, open_round, ask):
    prompt = ask(api(alice))
    assert_problem(api(bob).post(f"/api/v1/prompts/{prompt['id']}/give_up/"), 404)
    assert Prompt.objects.get().is_open


def test_a_chosen_label_is_given_where_annotators_choose(api, alice, digits, adversary):
    Task.objects.update(label_assignment="free")
    digits.refresh_from_db()
    services.open_round(round=services.draft_round(task=digits, adversary=adversary), by=None)
    assert_problem(api(alice).post(URL), 400, "label", detail="you choose what to draw")
    assert api(alice).post(URL, {"label": "4"}).json()["label"] == "4"
