import itertools
from collections import Counter

import pytest

from rounds import services
from rounds.errors import Invalid, Refused
from rounds.models import Person, Prompt

pytestmark = pytest.mark.django_db


def test_the_server_chooses_the_label_and_notes_the_time(open_round, alice):
    prompt, _ = services.issue_prompt(task=open_round.task, annotator=alice)
    assert prompt.label in open_round.task.labels
    assert prompt.started_at
    assert not prompt.practice


def test_asking_again_gives_the_same_prompt(open_round, alice):
    first, created = services.issue_prompt(task=open_round.task, annotator=alice)
    assert created
    assert services.issue_prompt(task=open_round.task, annotator=alice) == (first, False)


def test_classes_stay_balanced(open_round, alice):
    for _ in range(30):
        services.give_up_prompt(prompt=services.issue_prompt(task=open_round.task, annotator=alice)[0])
    asked = Counter(Prompt.objects.values_list("label", flat=True))
    assert set(asked) == set(open_round.task.labels)
    assert max(asked.values()) - min(asked.values()) <= 1


def test_nobody_is_asked_for_the_same_label_twice_in_a_row(open_round, alice):
    labels = []
    for _ in range(12):
        prompt, _ = services.issue_prompt(task=open_round.task, annotator=alice)
        labels.append(prompt.label)
        services.give_up_prompt(prompt=prompt)
    assert all(one != next for one, next in itertools.pairwise(labels))


def test_a_label_outside_the_task_is_refused(open_round, alice):
    with pytest.raises(Invalid, match="not a label"):
        services.issue_prompt(task=open_round.task, annotator=alice, label="10")
    assert not Prompt.objects.exists()


def test_in_a_balanced_task_nobody_chooses_the_label(open_round, alice):
    with pytest.raises(Invalid, match="assigned"):
        services.issue_prompt(task=open_round.task, annotator=alice, label="7")
    services.issue_prompt(task=open_round.task, annotator=alice)
    with pytest.raises(Invalid, match="label is assigned"):
        services.issue_prompt(task=open_round.task, annotator=alice, label="7")


def test_in_a_free_task_the_annotator_chooses(digits, adversary, alice):
    digits.label_assignment = digits.LabelAssignment.FREE
    digits.save()
    services.open_round(round=services.draft_round(task=digits, adversary=adversary), by=None)
    with pytest.raises(Invalid, match="you choose"):
        services.issue_prompt(task=digits, annotator=alice)
    assert services.issue_prompt(task=digits, annotator=alice, label="7")[0].label == "7"


def test_without_an_open_round_there_is_nothing_to_draw(digits, alice):
    with pytest.raises(Refused, match="No round is open"):
        services.issue_prompt(task=digits, annotator=alice)


def test_guests_practise(open_round):
    guest = Person.objects.create(guest_key="12345678-1234-5678-1234-567812345678")
    assert services.issue_prompt(task=open_round.task, annotator=guest)[0].practice


def test_newcomers_practise_until_their_onboarding_is_done(digits, adversary, alice):
    digits.onboarding_prompts = 2
    digits.save()
    services.open_round(round=services.draft_round(task=digits, adversary=adversary), by=None)
    practised = []
    for _ in range(3):
        prompt, _ = services.issue_prompt(task=digits, annotator=alice)
        practised.append(prompt.practice)
        services.give_up_prompt(prompt=prompt)
    assert practised == [True, True, False]


def test_a_prompt_is_given_up_once(open_round, alice):
    prompt, _ = services.issue_prompt(task=open_round.task, annotator=alice)
    services.give_up_prompt(prompt=prompt)
    with pytest.raises(Refused, match="finished already"):
        services.give_up_prompt(prompt=prompt)
