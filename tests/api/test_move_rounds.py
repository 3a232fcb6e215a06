import pytest

from rounds import services
from rounds.api.urls import v1
from rounds.models import AuditEvent, Round, TrainingRun
from rounds.state_machine import MOVES, STATES
from rounds.training import runs
from tests.api.conftest import assert_problem, rows

ADMIN_VERBS = [move.verb for move in MOVES.values() if move.by_admin]


@pytest.fixture
def move(api, adam):
    """move("close") → adam's call for round 1; move("close", by=bob) → bob's."""

    def move(verb: str, body: object = None, *, by=adam):
        return api(by).post(f"/api/v1/rounds/{Round.objects.get(number=1).pk}/{verb}/", body)

    return move


@pytest.fixture
def with_verified(open_round, alice, bob, carol, draw, validate) -> Round:
    """Round 1 with one verified fooling example."""
    example = draw(alice, open_round.task, fooling=True)
    for validator in (bob, carol):
        validate(validator, example, example.label)
    return open_round


def test_an_admin_closes_a_round_and_sees_what_it_leaves(move, adam, open_round, alice, draw):
    draw(alice, open_round.task, fooling=True)
    closed = move("close").json()
    assert (closed["status"], closed["waiting_for_validation"]) == ("validating", 1)
    assert AuditEvent.objects.get(to_status="validating").by == adam.user


def test_closing_twice_is_no_legal_move(move, open_round):
    move("close")
    before = rows()
    problem = assert_problem(move("close"), 409, "illegal_move", detail="is validating and can't become validating")
    assert problem["round_status"] == "validating"
    assert rows() == before


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", ADMIN_VERBS)
def test_an_illegal_move_changes_nothing(move, api, adam, open_round, verb, state):
    api(adam)
    Round.objects.update(status=state)
    before = rows()
    answer = move(verb)
    if state in MOVES[verb].sources:
        # What else may stop it: nothing is verified, no model is trained.
        assert answer.status_code == 200 or answer.json()["code"] in ("nothing_verified", "no_model")
        return
    assert_problem(answer, 409)
    assert rows() == before
    assert Round.objects.get().status == state


def test_there_is_a_call_for_every_move_of_an_admin_and_for_no_other(open_round):
    calls = {path.name for path in v1 if isinstance(path.name, str) and path.name.startswith("round-")}
    assert calls - {"round-report"} == {f"round-{verb}" for verb in ADMIN_VERBS}


@pytest.mark.parametrize("verb", ADMIN_VERBS)
def test_only_admins_move_rounds(move, api, ruth, guest, open_round, verb):
    api(ruth)
    before = rows()
    assert_problem(move(verb, by=ruth), 403, "not_allowed", detail="role admin")
    assert_problem(guest.post(f"/api/v1/rounds/{open_round.pk}/{verb}/"), 401, "not_authenticated")
    assert rows() == before


def test_a_round_that_is_not_there_does_not_move(api, adam, digits):
    assert_problem(api(adam).post("/api/v1/rounds/99/close/"), 404, "not_found")


def test_a_draft_is_opened_unless_another_round_is_open(move, api, adam, digits, adversary):
    services.draft_round(task=digits, adversary=adversary)
    opened = move("open").json()
    assert opened["status"] == "open"
    second = Round.objects.create(task=digits, number=2, adversary=adversary)
    assert_problem(
        api(adam).post(f"/api/v1/rounds/{second.pk}/open/"), 409, "other_round_open", detail="Close that one"
    )


def test_training_is_queued_with_the_recipe_that_was_asked_for(move, with_verified):
    move("close")
    training = move("train", {"recipe": {"epochs": 1}}).json()
    assert (training["status"], training["training"]["status"]) == ("training", "queued")
    assert TrainingRun.objects.get().recipe == {"epochs": 1}


@pytest.mark.parametrize("recipe", [{"epoch": 1}, {"epochs": "many"}, {"epochs": -1}, [1], "fast", {"lr": "\x00"}])
def test_a_recipe_that_nobody_knows_is_refused(move, api, adam, with_verified, recipe):
    move("close")
    before = rows()
    assert_problem(move("train", {"recipe": recipe}), 400)
    assert rows() == before
    assert Round.objects.get().status == "validating"


def test_half_a_character_in_a_recipe_is_refused_in_an_answer_that_can_be_sent(api, adam, with_verified):
    services.close_round(round=with_verified, by=adam.user)
    response = api(adam).generic(
        "POST",
        f"/api/v1/rounds/{with_verified.pk}/train/",
        rb'{"recipe": {"architecture": "\ud800"}}',
        content_type="application/json",
    )
    assert_problem(response, 400, "recipe")


def test_with_nothing_verified_there_is_nothing_to_train_on(move, open_round):
    move("close")
    before = rows()
    assert_problem(move("train"), 409, "nothing_verified", detail="keep the adversary")
    assert rows() == before


def test_keeping_the_adversary_ends_the_round_and_opens_the_next(move, api, open_round):
    move("close")
    kept = move("keep").json()
    upcoming = Round.objects.get(number=2)
    assert (kept["number"], kept["status"]) == (1, "done")
    assert kept["next_round"] == {"id": upcoming.pk, "number": 2, "url": f"/api/v1/rounds/{upcoming.pk}/"}
    assert upcoming.adversary_id == open_round.adversary_id
    assert_problem(move("keep"), 409, "illegal_move", detail="it is final")


def test_accepting_a_model_makes_it_the_next_adversary(move, with_verified, adversary):
    move("close")
    move("train")
    run = TrainingRun.objects.get()
    trained = runs.register_model(
        task=with_verified.task,
        parent=adversary,
        training_set=run.training_set,
        architecture=adversary.architecture,
        recipe={},
        seed=1,
        weights_hash="0" * 64,
        folder="models/second",
    )
    TrainingRun.objects.update(status="succeeded", model=trained, gate={"passed": False, "reasons": ["Not better."]})
    Round.objects.update(status="reviewing")
    accepted = move("accept").json()
    assert accepted["training"]["model"] == {"id": trained.pk, "number": 2, "name": "Charcoal"}
    assert accepted["training"]["gate"]["reasons"] == ["Not better."]
    assert Round.objects.get(number=2).adversary == trained
    assert accepted["next_round"]["number"] == 2


def test_there_is_no_model_to_accept_before_one_is_trained(move, open_round):
    move("close")
    assert_problem(move("accept"), 409, "no_model", detail="Train one")
