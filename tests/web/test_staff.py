"""The admins' pages. What the moves do is tested with the services; here: who, when, and what is said."""

import json
from datetime import timedelta

import pytest
from django.db import transaction
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone

from rounds import services, state_machine
from rounds.errors import Refused
from rounds.models import Example, Person, Round, TrainingRun
from rounds.training import runs
from rounds.web.staff_moves import OFFERED, make_move

from .conftest import text_of

pytestmark = pytest.mark.django_db


def page_of(round: Round) -> str:
    return reverse("staff_round", args=[round.pk])


def move(client, round: Round, verb: str, seen: str | None = None, **form: str):
    """Confirms a move, as the page in front of the admin has it."""
    form["seen"] = seen or round.status
    return client.post(reverse("staff_move", args=[round.pk, verb]), form, follow=True)


@pytest.fixture
def verified(open_round, alice, bob, carol, draw, validate) -> Example:
    example = draw(alice, open_round.task, fooling=True)
    validate(bob, example, example.label)
    return validate(carol, example, example.label)


@pytest.fixture
def closed(open_round, verified) -> Round:
    return services.close_round(round=open_round, by=None)


@pytest.fixture
def run(closed) -> TrainingRun:
    return services.start_training(round=closed, by=None)


@pytest.fixture
def reviewing(run, adversary) -> Round:
    """The round in review: its model is trained and did not pass the gate."""
    model = runs.register_model(
        task=run.round.task,
        parent=adversary,
        training_set=run.training_set,
        architecture="mnist_cnn",
        recipe={},
        seed=1,
        weights_hash="1" * 64,
        folder="nowhere",
    )
    TrainingRun.objects.filter(pk=run.pk).update(
        status="succeeded", model=model, gate={"passed": False, "reasons": ["It is not better."]}
    )
    Round.objects.filter(pk=run.round_id).update(status="reviewing")
    run.round.refresh_from_db()
    return run.round


@pytest.mark.parametrize("state", state_machine.STATES)
def test_the_moves_offered_in_a_state_are_those_that_the_services_make_there(visit, reviewing, adam, state):
    Round.objects.filter(pk=reviewing.pk).update(status=state)
    page = text_of(visit(adam).get(page_of(reviewing)))
    offered = {verb for verb in state_machine.MOVES if f'id="move-{verb}"' in page}
    assert offered == {verb for verb in OFFERED if is_made(verb, reviewing, adam)}
    assert offered == {move.verb for move in state_machine.admin_moves(state)}


def is_made(verb: str, round: Round, by: Person) -> bool:
    """Whether the service makes this move of `round` now; whatever it does is undone."""
    moving = Round.objects.get(pk=round.pk)
    with transaction.atomic():
        try:
            make_move(moving, verb, by.user, QueryDict())
        except Refused as refusal:
            return refusal.code != "illegal_move"
        else:
            return True
        finally:
            transaction.set_rollback(True)


ADDRESSES = ["staff", "staff_round", "staff_live", "staff_move", "staff_decide"]


def address(name: str, round: Round) -> str:
    args: dict[str, list] = {"staff": [], "staff_move": [round.pk, "close"]}
    return reverse(name, args=args.get(name, [round.pk]))


@pytest.mark.parametrize("name", ADDRESSES)
def test_a_visitor_is_asked_to_log_in(visit, open_round, name):
    response = visit(None).get(address(name, open_round))
    assert response.status_code == 302
    assert response["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("who", ["alice", "ruth"])
def test_nobody_but_an_admin_sees_the_pages(visit, open_round, request, name, who):
    response = visit(request.getfixturevalue(who)).get(address(name, open_round))
    assert response.status_code == 403
    assert "role admin" in text_of(response)


def test_nobody_but_an_admin_moves_a_round(visit, open_round, alice):
    assert move(visit(alice), open_round, "close").status_code == 403
    open_round.refresh_from_db()
    assert open_round.is_open


def test_all_rounds_are_listed(visit, open_round, adam):
    page = text_of(visit(adam).get(reverse("staff")))
    assert "Handwritten digits" in page
    assert page_of(open_round) in page


def test_an_open_round_shows_its_criteria_and_what_closing_would_leave(visit, open_round, verified, alice, draw, adam):
    draw(alice, open_round.task, fooling=True, nth=1)
    page = text_of(visit(adam).get(page_of(open_round)))
    assert "1 of 200 examples" in page
    assert "Now it would leave 1 fooling and 0 sampled drawings to validate" in page
    assert "Close this round" in page
    for other in ("Train the next model", "Accept the new model", "Keep the old adversary", "Open this round"):
        assert other not in page


def test_closing_asks_first_and_says_what_it_means(visit, open_round, alice, adam):
    services.issue_prompt(task=open_round.task, annotator=alice)
    page = text_of(visit(adam).get(reverse("staff_move", args=[open_round.pk, "close"])))
    assert "Close this round?" in page
    assert "1 unfinished prompt can’t be used any more" in page
    open_round.refresh_from_db()
    assert open_round.is_open


def test_closing_is_noted_with_who_and_why(visit, open_round, adam):
    page = text_of(move(visit(adam), open_round, "close", why="enough for tonight"))
    assert "Round 1 is validating now." in page
    event = open_round.events.last()
    assert (event.by, event.why) == (adam.user, "enough for tonight")
    assert "by adam" in page


def test_closing_twice_says_that_it_is_closed(visit, open_round, adam):
    client = visit(adam)
    move(client, open_round, "close")
    page = text_of(move(client, open_round, "close", seen="open"))
    assert "Round 1 is validating now; nothing was done." in page


def test_a_confirmation_that_has_become_stale_does_nothing(visit, reviewing, adam):
    # “Keep” was confirmed when there was no new model to lose.
    page = text_of(move(visit(adam), reviewing, "keep", seen="validating"))
    assert "Round 1 is reviewing now; nothing was done." in page
    reviewing.refresh_from_db()
    assert reviewing.status == "reviewing"


def test_a_move_that_is_not_legal_has_no_page(visit, open_round, adam):
    client = visit(adam)
    response = client.get(reverse("staff_move", args=[open_round.pk, "accept"]), follow=True)
    assert "nothing was done" in text_of(response)
    assert client.get(reverse("staff_move", args=[open_round.pk, "explode"])).status_code == 404


def test_a_draft_can_be_opened(visit, digits, adversary, adam):
    draft = services.draft_round(task=digits, adversary=adversary)
    client = visit(adam)
    assert "Its adversary is Graphite" in text_of(client.get(reverse("staff_move", args=[draft.pk, "open"])))
    assert "Round 1 is open now." in text_of(move(client, draft, "open"))


def test_closing_says_whether_a_training_would_follow_by_itself(visit, open_round, adam, verified):
    client = visit(adam)
    address = reverse("staff_move", args=[open_round.pk, "close"])
    assert "1 fooling example is verified. When nothing waits" in text_of(client.get(address))
    Example.objects.update(verification="rejected")
    assert "the round waits in validating until an admin keeps the old adversary" in text_of(client.get(address))


def test_keeping_the_adversary_says_what_becomes_of_the_verified_examples(visit, closed, adam):
    client = visit(adam)
    address = reverse("staff_move", args=[closed.pk, "keep"])
    assert "1 verified fooling example is frozen: the next training includes it" in text_of(client.get(address))
    Example.objects.update(verification="rejected")
    assert "later trainings get none from it" in text_of(client.get(address))


def test_with_nothing_verified_no_move_is_the_usual_one(visit, open_round, adam):
    closed = services.close_round(round=open_round, by=None)
    page = text_of(visit(adam).get(page_of(closed)))
    assert "nothing starts by itself" in page
    assert "btn-primary" not in page


def test_training_starts_with_the_recipe_that_was_typed(visit, closed, adam):
    client = visit(adam)
    assert "Freezes what is verified" in text_of(client.get(reverse("staff_move", args=[closed.pk, "train"])))
    assert "Round 1 is training now." in text_of(move(client, closed, "train", recipe='{"epochs": 2}'))
    assert closed.runs.get().recipe["epochs"] == 2


def test_what_a_recipe_can_set_is_explained_below_its_field(visit, closed, adam):
    page = text_of(visit(adam).get(reverse("staff_move", args=[closed.pk, "train"])))
    for part in ("collected_weight", "How many times an epoch shows each collected picture", "Madry et al.", "epsilon"):
        assert part in page


def test_the_recipe_field_holds_the_tasks_recipe(visit, closed, adam):
    closed.task.recipe = {"epochs": 3}
    closed.task.save()
    page = visit(adam).get(reverse("staff_move", args=[closed.pk, "train"]))
    assert json.loads(page.context["recipe"]) == {"epochs": 3}


@pytest.mark.parametrize(
    ("recipe", "sentence"),
    [
        ("{", "The recipe is not valid JSON"),
        ("[1]", "The recipe has to be an object"),
        ('{"colour": 3}', "This recipe can&#x27;t be used"),
        ('{"augment": {"share": 2}}', "The augment&#x27;s share must be 0 to 1."),
        ('{"recipe": {"name": "pgd", "epsilon": NaN}}', "The recipe pgd&#x27;s epsilon must be a finite number."),
    ],
)
def test_a_wrong_recipe_is_explained_and_stays_in_the_field(visit, closed, adam, recipe, sentence):
    page = move(visit(adam), closed, "train", recipe=recipe)
    assert sentence in text_of(page)
    assert page.context["recipe"] == recipe
    closed.refresh_from_db()
    assert closed.status == "validating"


def test_with_nothing_verified_there_is_nothing_to_train_on(visit, open_round, adam):
    closed = services.close_round(round=open_round, by=None)
    page = text_of(move(visit(adam), closed, "train", recipe="{}"))
    assert "Nothing collected in this round is verified" in page
    closed.refresh_from_db()
    assert closed.status == "validating"


def test_a_queued_training_says_what_it_waits_for(visit, run, adam):
    page = text_of(visit(adam).get(page_of(run.round)))
    assert "waits for a worker" in page
    assert "Nothing: the model is being trained." in page


def progress(**more):
    dev = {"base": {"correct": 4_941, "n": 5_000}, "collected": {"correct": 0, "n": 2}}
    history = [{"epoch": 1, "loss": 0.5, "dev": dev}]
    return {
        "epoch": 2,
        "epochs": 8,
        "step": 30,
        "steps": 80,
        "loss": 0.41,
        "seconds_left": 95,
        "history": history,
        **more,
    }


def test_a_training_shows_epoch_loss_dev_sets_and_time_left(visit, run, adam):
    soon = timezone.now() + timedelta(minutes=1)
    TrainingRun.objects.filter(pk=run.pk).update(status="running", worker="w", lease_until=soon, progress=progress())
    page = text_of(visit(adam).get(page_of(run.round)))
    assert "Epoch 2 of 8" in page
    assert "about 1 min 35 s left" in page
    assert "Step 30 of 80" in page
    assert "mean loss of this epoch 0.410" in page
    for shown in ("Base dev set, after epoch 1", "98.8 %", "4,941/5,000", "Collected dev set, after epoch 1", "0/2"):
        assert shown in page
    assert "epoch 1: 0.500" in page  # on the curve


def test_the_first_epoch_shows_its_loss_and_the_time_left_too(visit, run, adam):
    soon = timezone.now() + timedelta(minutes=1)
    first = progress(epoch=1, step=3, history=[])
    TrainingRun.objects.filter(pk=run.pk).update(status="running", worker="w", lease_until=soon, progress=first)
    page = text_of(visit(adam).get(page_of(run.round)))
    for shown in ("Epoch 1 of 8", "about 1 min 35 s left", "Step 3 of 80", "mean loss of this epoch 0.410"):
        assert shown in page
    assert "dev set" not in page


def test_a_worker_that_went_silent_is_said_to_be_lost(visit, run, adam):
    ago = timezone.now() - timedelta(seconds=20)
    TrainingRun.objects.filter(pk=run.pk).update(status="running", worker="w", lease_until=ago, progress=progress())
    assert "has not been heard of" in text_of(visit(adam).get(page_of(run.round)))


def test_a_failed_training_shows_its_sentence_and_can_be_started_again(visit, run, adam):
    runs.fail_run(run=run, error="The loss became infinite. Lower the learning rate.")
    page = text_of(visit(adam).get(page_of(run.round)))
    assert "The loss became infinite. Lower the learning rate." in page
    assert "Train the next model" in page


def test_the_gates_verdict_stands_with_its_reasons_and_the_three_ways_on(visit, reviewing, adam):
    page = text_of(visit(adam).get(page_of(reviewing)))
    assert "Charcoal did not pass the gate</b>, so it waits for your decision." in page
    assert "It is not better." in page
    for label in ("Accept the new model", "Train again", "Keep the old adversary"):
        assert label in page
    assert "btn-primary" not in page  # none of them is the one to press without looking


def test_accepting_opens_the_next_round_against_the_new_model(visit, reviewing, adam):
    client = visit(adam)
    page = text_of(client.get(reverse("staff_move", args=[reviewing.pk, "accept"])))
    assert "Charcoal is the adversary of the next round" in page
    assert "Round 2 is open now." in text_of(move(client, reviewing, "accept"))
    assert "Charcoal did not pass the gate</b>." in text_of(client.get(page_of(reviewing)))  # and waits no more
    assert Round.objects.get(number=2).adversary.name == "Charcoal"


def test_keeping_opens_the_next_round_against_the_old_model(visit, reviewing, adam):
    client = visit(adam)
    assert "serves no round" in text_of(client.get(reverse("staff_move", args=[reviewing.pk, "keep"])))
    move(client, reviewing, "keep")
    assert Round.objects.get(number=2).adversary.name == "Graphite"


def test_training_again_takes_another_recipe(visit, reviewing, adam):
    assert "Round 1 is training now." in text_of(move(visit(adam), reviewing, "train", recipe='{"epochs": 5}'))
    assert TrainingRun.objects.count() == 2


def test_a_finished_round_offers_nothing_more(visit, reviewing, adam):
    services.keep_adversary(round=reviewing, by=None)
    page = text_of(visit(adam).get(page_of(reviewing)))
    assert "this round is done and its numbers are final" in page
    assert "hx-trigger" not in page


def test_the_moving_part_is_sent_again_only_when_it_changed(visit, open_round, alice, adam, draw):
    client = visit(adam)
    seen = client.get(page_of(open_round)).context["seen"]
    live = reverse("staff_live", args=[open_round.pk])
    assert client.get(live, {"seen": seen}).status_code == 204
    draw(alice, open_round.task, fooling=True)
    changed = client.get(live, {"seen": seen})
    assert changed.status_code == 200
    assert "<html" not in text_of(changed)


@pytest.fixture
def reported(open_round, alice, bob, draw, validate) -> Example:
    return validate(bob, draw(alice, open_round.task, fooling=True), "abuse", "It is somebody's name.")


def test_a_reported_drawing_is_shown_with_the_reason(visit, open_round, reported, adam):
    page = text_of(visit(adam).get(page_of(open_round)))
    assert "It is somebody&#x27;s name." in page
    assert f"/api/v1/examples/{reported.pk}/image/" in page


@pytest.mark.parametrize(("decision", "verification"), [("abusive", "rejected"), ("fine", "pending")])
def test_an_admin_decides_about_a_reported_drawing(visit, reported, adam, decision, verification):
    client = visit(adam)
    client.post(reverse("staff_decide", args=[reported.pk]), {"decision": decision}, follow=True)
    reported.refresh_from_db()
    assert reported.verification == verification


def test_deciding_without_saying_what_changes_nothing(visit, reported, adam):
    visit(adam).post(reverse("staff_decide", args=[reported.pk]))
    reported.refresh_from_db()
    assert reported.verification == "disputed"


def test_deciding_twice_is_refused_with_a_sentence(visit, reported, adam):
    client = visit(adam)
    where = reverse("staff_decide", args=[reported.pk])
    client.post(where, {"decision": "abusive"})
    assert "nothing to decide" in text_of(client.post(where, {"decision": "fine"}, follow=True))
