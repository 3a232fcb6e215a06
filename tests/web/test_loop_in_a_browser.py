"""The whole loop as people click it, on every database: sign up, fool, validate, close, train, accept, next round."""

import pytest

from rounds import jobs
from rounds.models import Example, Round, TrainingRun

from .browser import CHROMIUM

pytestmark = [
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the PATH (Debian's package chromium)"),
]
SHEET = "/tasks/digits/draw/"
VERDICT = "[data-part=verdict]"
PASSWORD = "a long enough password"


def test_from_signing_up_to_round_two(window, open_round, bob, carol, adam):
    digits = open_round.task
    digits.recipe = {"architecture": "mnist_cnn", "epochs": 1, "base_replay": 2_000}
    digits.sample_rate = 0
    digits.save()
    Round.objects.update(frozen_rules=digits.rules.to_json())

    # Somebody practises, signs up, and fools the model with the mouse.
    page = window("/")
    page.click("text=Draw now")
    page.prompt_label()
    page.click(".draw-guest >> text=Sign up")
    page.fill(username="dora", email="dora@example.org", password1=PASSWORD, password2=PASSWORD)
    page.submit()
    page.wait_for_path(SHEET)
    label = page.fool()
    page.sees("Fooled!", VERDICT)
    page.sees("Fooled 1 time in", ".draw-adversary")
    example = Example.objects.get(fooled=True)
    assert (example.annotator.name, example.label, example.practice) == ("dora", label, False)
    assert page.complaints == []

    # Two others say, blind, what they see; here, what it was meant to be.
    for validator in (bob, carol):
        page = window("/tasks/digits/validate/", validator)
        page.wait(".sheet-image")
        assert page.js("document.querySelector('.sheet-image').naturalWidth") == 280
        page.press(label)
        page.sees("Nothing to check right now")
        page.leave()
        assert page.complaints == []
    example.refresh_from_db()
    assert example.verification == "verified"

    # The admin closes the round and starts the training.
    page = window(f"/staff/rounds/{open_round.pk}/", adam)
    page.click("text=Close this round…")
    page.submit()
    page.click("text=Train the next model…")
    page.submit()
    page.sees("It waits for a worker")
    page.leave()
    jobs.train(TrainingRun.objects.get().pk)

    # One example is too few to measure with, so the gate asks, and the admin accepts.
    page.go(f"/staff/rounds/{open_round.pk}/")
    page.sees("did not pass the gate")
    page.click("text=Accept the new model…")
    page.submit()
    page.sees("Round 2 is open now.")
    page.leave()
    assert page.complaints == []
    page = window(SHEET)
    page.prompt_label()
    assert "Charcoal" in page.text(".draw-adversary")
