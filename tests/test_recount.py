"""manage.py recount: stored values agree with the rows that they follow from, or are reported and repaired."""

from io import StringIO

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from rounds import reports, services
from rounds.models import Example, Prompt, Round

from .rows import a_model, a_person, a_round, a_task, an_attempt, people

pytestmark = pytest.mark.django_db


@pytest.fixture
def round(db) -> Round:
    """One example in each state, among them two on which an admin ruled."""
    task = a_task()
    round = a_round(task, a_model(task))
    alice, voters = a_person("alice"), people(5, "voter")
    for votes in ("", "7", "77", "71", "711", "71122", "11"):
        an_attempt(round, alice, "7", "1", votes, voters=voters)
    an_attempt(round, alice, "7", "7")
    an_attempt(round, alice, "7", "7", "77", voters=voters)
    an_attempt(round, alice, "7", "1", practice=True)
    an_attempt(round, alice, "7", "1", "77", voters=voters, retracted=True)
    adam = User.objects.create(username="adam")
    for abusive in (True, False):
        reported = an_attempt(round, alice, "7", "1", ["7", "abuse"], voters=voters)
        services.decide_dispute(example=reported, by=adam, abusive=abusive)
    an_attempt(round, alice, "7", "1", ["abuse"], voters=voters)
    return round


def recount(**options) -> str:
    out = StringIO()
    call_command("recount", stdout=out, **options)
    return out.getvalue()


def rows():
    return list(Example.objects.order_by("pk").values()), list(Prompt.objects.order_by("pk").values())


@pytest.fixture
def agreeing(round) -> Round:
    """As the services store it: the toy rows have tries without examples."""
    Prompt.objects.update(try_count=1)
    return round


@pytest.mark.parametrize("fix", [False, True])
def test_what_the_services_wrote_agrees_and_stays(agreeing, fix):
    before = rows()
    assert "Everything agrees." in recount(fix=fix)
    assert rows() == before


@pytest.mark.parametrize(
    "change",
    [
        {"verification": "verified"},
        {"verification": "rejected", "rejected_as": "1"},
        {"votes_to_settle": 5},
        {"verification": "unqueued"},
    ],
)
def test_an_example_that_its_validations_do_not_explain_is_reported_and_only_repaired_with_fix(agreeing, change):
    example = Example.objects.filter(verification="pending").first()
    Example.objects.filter(pk=example.pk).update(**change)
    spoilt = rows()
    with pytest.raises(CommandError, match="1 differ"):
        recount()
    assert rows() == spoilt
    printed = recount(fix=True)
    assert f"example {example.pk}: stored" in printed
    assert "1 repaired." in printed
    repaired = Example.objects.get(pk=example.pk)
    assert (repaired.verification, repaired.rejected_as) == ("pending", "")
    assert repaired.votes_to_settle == example.votes_to_settle
    assert "Everything agrees." in recount()


def test_an_admins_ruling_on_abuse_is_not_undone(agreeing):
    Example.objects.filter(rejected_as="abuse").update(votes_to_settle=3)
    recount(fix=True)
    decided = Example.objects.get(rejected_as="abuse")
    assert (decided.verification, decided.votes_to_settle) == ("rejected", 0)


def test_a_prompts_count_of_tries_is_that_of_its_examples(agreeing):
    prompt = Prompt.objects.first()
    Prompt.objects.filter(pk=prompt.pk).update(try_count=9)
    with pytest.raises(CommandError):
        recount()
    assert f"prompt {prompt.pk}: 9 tries stored, 1 examples" in recount(fix=True)
    assert Prompt.objects.get(pk=prompt.pk).try_count == 1


def test_the_stored_report_of_a_finished_round_is_compared_and_repaired(agreeing):
    Round.objects.update(status="validating")
    services.keep_adversary(round=Round.objects.get(), by=None)
    assert "Everything agrees." in recount()
    done = Round.objects.get(number=1)
    Round.objects.filter(pk=done.pk).update(report={**done.report, "counts": {}, "vmer": None})
    with pytest.raises(CommandError):
        recount()
    assert "the stored report differs in counts, vmer" in recount(fix=True)
    assert Round.objects.get(number=1).report == done.report


def test_repairing_an_example_of_a_finished_round_repairs_its_report_too(agreeing):
    Round.objects.update(status="validating")
    services.keep_adversary(round=Round.objects.get(), by=None)
    example = Example.objects.filter(verification="verified", fooled=True, retracted_at=None).first()
    example.validations.update(answer="1")
    recount(fix=True)
    done = Round.objects.get(number=1)
    assert Example.objects.get(pk=example.pk).verification == "rejected"
    assert reports.round_report(done)["counts"] == {**reports.compute_round(done)["counts"]}
    assert "Everything agrees." in recount()
