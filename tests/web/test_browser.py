"""The pages in a real browser, against a running site: what views alone can't show."""

import io
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from PIL import Image

from rounds import services
from rounds.models import Drawing, Example, Round

from .browser import CHROMIUM, Sheet, axe_source

pytestmark = [
    pytest.mark.any_database,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
    pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium on the PATH (Debian's package chromium)"),
]
SHEET = "/tasks/digits/draw/"
PASSWORD = "a long enough password"
PHONE = {"width": 360, "height": 740}
VERDICT = "[data-part=verdict]"

# --- Drawing --------------------------------------------------------------------------------------------------------


def test_a_guest_practises_by_touch_and_nothing_moves_when_the_verdict_comes(window, open_round):
    page = window(SHEET, viewport=PHONE, has_touch=True, device_scale_factor=3)
    label = page.prompt_label()
    before = page.box("canvas")
    for y in (60, 100, 140, 180):
        page.do(lambda it, y=y: it.touchscreen.tap(before["x"] + 100, before["y"] + y))
    page.do(lambda it: it.tap("[data-part=primary]"))
    page.verdict()
    page.sees("It read", VERDICT)
    assert page.box("canvas") == before
    verdict = page.box(VERDICT)
    assert verdict["y"] + verdict["height"] <= PHONE["height"], "the verdict is on the first screen"
    assert page.js("document.querySelector('[data-part=verdict]').ariaLive") == "polite"
    example = Example.objects.get()
    assert (example.label, example.practice) == (label, True)
    assert page.complaints == []


def test_what_is_stored_is_dark_ink_on_white_280_pixels_wide_on_any_screen(window, open_round, alice):
    page = window(SHEET, alice, viewport=PHONE, device_scale_factor=3)
    page.prompt_label()
    page.stroke("7")
    page.send()
    page.verdict()
    image = Image.open(io.BytesIO(bytes(Drawing.objects.get().png)))
    assert image.size == (280, 280)
    assert image.getpixel((0, 0)) == 255
    assert image.getpixel((140, 65)) == 0  # the bar of the 7
    # As wide as a pen stroke of MNIST is at 28 by 28, about two of its pixels.
    assert 14 <= sum(image.getpixel((100, y)) < 128 for y in range(280)) <= 22


def test_the_bars_show_the_probabilities_and_the_tries_are_counted(window, open_round, alice):
    page = window(SHEET, alice)
    page.prompt_label()
    page.stroke("1")
    page.press("Enter")
    page.verdict()
    example = Example.objects.get()
    shown = page.js(f"document.querySelector('.bars li[data-label=\"{example.prediction}\"]').style.cssText")
    assert f"--share: {max(example.probabilities)}" in shown
    assert "1 try so far, 19 left." in page.text(".draw-tries")
    assert page.js("document.querySelectorAll('.tries li').length") == 1


def test_undo_clear_and_the_keyboard(window, open_round, alice):
    page = window(SHEET, alice)
    page.prompt_label()
    assert not page.is_enabled("[data-part=primary]")
    page.stroke("1")
    one = page.ink()
    page.stroke("7")
    assert page.ink() > one
    page.press("Control+z")
    assert page.ink() == one
    page.click("[data-part=clear]")
    assert page.ink() == 0
    assert not page.is_enabled("[data-part=primary]")
    page.click("[data-part=undo]")
    assert page.ink() == one


def test_after_a_verdict_the_pen_starts_a_fresh_sheet_and_undo_brings_the_last_one_back(window, open_round, alice):
    page = window(SHEET, alice)
    label = page.prompt_label()
    page.answer_with("**/examples/", status=201, json=not_fooled(label))
    page.stroke("7")
    drawn = page.ink()
    page.send()
    assert page.verdict() == "missed"
    page.sees(f"It read {label} (91 %). Not fooled, try again.", VERDICT)
    assert page.ink() == drawn
    page.stroke("1")
    assert 0 < page.ink() < drawn
    page.click("[data-part=undo]")
    page.click("[data-part=undo]")
    assert page.ink() == drawn


def test_a_drawing_that_did_not_fool_can_be_changed_but_not_sent_as_it_is(window, open_round, alice):
    page = window(SHEET, alice)
    label = page.prompt_label()
    page.answer_with("**/examples/", status=201, json=not_fooled(label))
    page.stroke("7")
    page.send()
    page.verdict()
    page.click("text=change this one")
    assert not page.is_enabled("[data-part=primary]")
    drawn = page.ink()
    page.stroke("1")
    assert page.ink() > drawn
    assert page.is_enabled("[data-part=primary]")


def not_fooled(label: str) -> dict:
    """An answer of the API that a small model can't be relied on to give."""
    return {
        "id": 1,
        "label": label,
        "prediction": label,
        "probabilities": [0.91 if str(digit) == label else 0.01 for digit in range(10)],
        "fooled": False,
        "try_number": 1,
        "prompt_finished": False,
        "practice": False,
    }


def test_a_drawing_can_be_taken_back(window, open_round, alice):
    page = window(SHEET, alice)
    page.fool()
    page.click("text=Take it back")
    page.sees("Taken back.", VERDICT)
    page.sees("taken back", ".tries")
    page.sees("No try has counted against it yet.", ".draw-adversary")
    assert page.js("document.getElementById('draw').dataset.phase") == "exhausted"  # and no longer fooled
    assert page.js("document.querySelectorAll('.bars .is-fooled').length") == 0
    assert Example.objects.get(fooled=True).retracted_at is not None
    page.send()  # now “Next drawing”
    page.prompt_label()


def test_giving_up_brings_another_prompt(window, open_round, alice):
    page = window(SHEET, alice)
    label = page.prompt_label()
    page.do(lambda it: expect_answer(it, "**/prompts/", "text=Give up on this one"))
    assert page.prompt_label() != label


def expect_answer(page, pattern: str, click: str) -> None:
    with page.expect_response(pattern):
        page.click(click)


def test_where_annotators_choose_they_choose(window, digits, adversary, alice):
    digits.label_assignment = "free"
    digits.save()
    services.open_round(round=services.draft_round(task=digits, adversary=adversary), by=None)
    page = window(SHEET, alice)
    page.click('[data-choose="8"]')
    assert page.prompt_label() == "8"
    assert "Draw an 8" in page.text("h1")


def upload(page: Sheet, kind: str, content: bytes) -> None:
    file = {"name": "picture", "mimeType": kind, "buffer": content}
    page.do(lambda it: it.set_input_files("input[type=file]", file))


def test_a_picture_from_a_file_goes_the_same_way(window, open_round, alice):
    page = window(SHEET, alice)
    page.prompt_label()
    upload(page, "text/plain", b"no picture")
    page.sees("no PNG or JPEG", VERDICT)
    upload(page, "image/png", b"\x89PNG cut off")
    page.sees("damaged or cut off", VERDICT)
    # Chalk on a board, and not square: white on black.
    board = Image.new("L", (400, 200), 0)
    board.paste(255, (190, 40, 210, 160))
    file = io.BytesIO()
    board.save(file, "PNG")
    upload(page, "image/png", file.getvalue())
    page.wait("[data-part=primary]:enabled")
    assert "can't be used" not in page.text(VERDICT)  # that was the file before
    page.send()
    page.verdict()
    stored = Image.open(io.BytesIO(bytes(Drawing.objects.get().png)))
    assert stored.getpixel((0, 0)) == stored.getpixel((5, 140)) == 255
    assert stored.getpixel((140, 140)) == 0


def test_somebody_new_reads_how_much_of_it_is_practice(window, open_round, alice):
    open_round.frozen_rules |= {"onboarding_prompts": 2}
    open_round.save()
    page = window(SHEET, alice)
    page.prompt_label()
    page.sees("This one and the next one are practice", ".draw-tries")
    give_up = "text=Give up on this one"
    page.do(lambda it: expect_answer(it, "**/prompts/", give_up))
    page.sees("This one is practice still: the next one counts.", ".draw-tries")
    page.click(give_up)
    page.do(lambda it: it.wait_for_selector("[data-part=practice]", state="hidden"))


def test_a_message_of_the_site_does_not_move_the_sheet(window, open_round):
    page = window("/accounts/signup/?next=" + SHEET, viewport=PHONE)
    page.fill(username="dora", email="dora@example.org", password1=PASSWORD, password2=PASSWORD)
    page.submit()
    page.wait_for_path(SHEET)
    page.prompt_label()
    page.sees("A link to confirm your address was sent to dora@example.org.")
    pushed = page.box("canvas")
    page.go(SHEET)
    page.prompt_label()
    assert page.box("canvas") == pushed


# --- Nothing that was drawn is lost ---------------------------------------------------------------------------------


def test_a_drawing_survives_a_network_failure_and_can_be_sent_again(window, open_round, alice):
    page = window(SHEET, alice)
    page.prompt_label()
    page.stroke_another()
    drawn = page.ink()
    page.do(lambda it: it.context.set_offline(True))
    page.send()
    page.trouble("Your drawing is still here.")
    assert page.ink() == drawn
    page.do(lambda it: it.context.set_offline(False))
    page.click("text=Send again")
    page.verdict()
    assert Example.objects.count() == 1


def test_an_answer_that_was_lost_on_its_way_is_not_stored_twice(window, open_round, alice):
    page = window(SHEET, alice)
    page.prompt_label()
    page.stroke_another()

    def lose_the_answer(route) -> None:
        route.fetch()
        route.abort()

    page.do(lambda it: it.route("**/examples/", lose_the_answer, times=1))
    page.send()
    page.trouble("The site can't be reached.")
    assert Example.objects.count() == 1
    # Not even by a reload in between.
    page.go(SHEET)
    page.trouble("It is still here: send it again.")
    assert page.ink() > 0
    page.click("text=Send again")
    page.verdict()
    assert Example.objects.count() == 1


def test_a_drawing_survives_the_end_of_its_round(window, open_round, alice):
    page = window(SHEET, alice)
    page.prompt_label()
    page.stroke_another()
    drawn = page.ink()
    services.close_round(round=open_round, by=None)
    page.send()
    page.trouble("it stays on the sheet")
    assert page.ink() == drawn
    services.keep_adversary(round=Round.objects.get(pk=open_round.pk), by=None)
    page.click("text=Next round")
    page.prompt_label()
    assert page.ink() == drawn
    page.send()
    page.verdict()
    assert Example.objects.get().round.number == 2


def test_a_drawing_waits_for_the_next_round_to_open(window, open_round, alice):
    page = window(SHEET, alice)
    page.prompt_label()
    page.stroke_another()
    services.close_round(round=open_round, by=None)
    page.go(SHEET)
    page.sees("A drawing that you had not sent yet is saved in this tab")
    services.keep_adversary(round=Round.objects.get(pk=open_round.pk), by=None)
    page.prompt_label()  # the page polls by itself
    assert page.ink() > 0


def test_a_drawing_survives_an_expired_log_in(window, open_round, alice):
    page = window(SHEET, alice)
    page.prompt_label()
    page.stroke_another()
    drawn = page.ink()
    page.do(lambda it: it.context.clear_cookies(name=settings.SESSION_COOKIE_NAME))
    page.send()
    page.trouble("Log in, and it will be on the sheet to send.")
    page.click("[data-part=primary]")
    page.fill(login="alice", password=PASSWORD)
    page.submit()
    page.wait_for_path(SHEET)
    page.click("text=Send again")
    page.verdict()
    assert page.ink() == drawn
    assert Example.objects.get().annotator == alice


def test_a_drawing_survives_a_reload(window, open_round, alice):
    page = window(SHEET, alice)
    label = page.prompt_label()
    page.stroke("7")
    drawn = page.ink()
    page.go(SHEET)
    assert page.prompt_label() == label
    assert page.ink() == drawn
    assert page.is_enabled("[data-part=primary]")


@pytest.mark.parametrize(
    ("sentence", "answer"),
    [
        ("Wait 7 seconds, then send it again.", {"status": 429, "headers": {"Retry-After": "7"}, "json": {}}),
        ("The adversary can't be loaded.", {"status": 503, "json": {"detail": "The adversary can't be loaded."}}),
        ("The site has a problem.", {"status": 500, "body": "<h1>no JSON</h1>"}),
        ("The drawing is blank", {"status": 400, "json": {"detail": "The drawing is blank."}}),
        ("This prompt has ended.", {"status": 409, "json": {"detail": "It is finished.", "code": "prompt_finished"}}),
    ],
)
def test_every_refusal_says_what_to_do_and_leaves_the_drawing(window, open_round, alice, sentence, answer):
    page = window(SHEET, alice)
    page.prompt_label()
    page.stroke_another()
    drawn = page.ink()
    page.answer_with("**/examples/", **answer)
    page.send()
    page.trouble(sentence)
    assert page.ink() == drawn


# --- Validation -----------------------------------------------------------------------------------------------------


def test_a_validator_reports_abuse_by_keyboard(window, open_round, alice, bob, draw):
    draw(alice, open_round.task, fooling=True)
    page = window("/tasks/digits/validate/", bob)
    page.press("a")
    page.do(lambda it: it.keyboard.type("It is not a 5 but a name."))  # the 5 is part of the reason, and no answer
    page.press("Enter")  # sends the report, and not the first of the labels
    page.sees("Nothing to check right now")
    page.sees("Reported to an admin.")
    page.leave()
    validation = Example.objects.get().validations.get()
    assert (validation.answer, validation.reason) == ("abuse", "It is not a 5 but a name.")


def test_after_an_answer_the_next_question_has_the_focus_and_what_was_recorded_is_announced(
    window, open_round, alice, bob, draw
):
    for nth in range(2):
        draw(alice, open_round.task, fooling=True, nth=nth)
    page = window("/tasks/digits/validate/", bob)
    page.wait(".sheet-image")
    for key, text, question in (
        ("3", "Recorded: 3.", "What is this?"),
        ("u", "Recorded: unreadable.", "Nothing to check right now"),
    ):
        page.click(f"[data-key='{key}']")
        page.sees(text, "#validate-status")
        page.sees(text, "#validate-panel")
        assert page.js("document.activeElement.textContent") == question
    page.leave()


def test_an_answer_that_does_not_arrive_is_reported_and_can_be_given_again(window, open_round, alice, bob, draw):
    draw(alice, open_round.task, fooling=True)
    page = window("/tasks/digits/validate/", bob)
    page.wait(".sheet-image")
    page.do(lambda it: it.context.set_offline(True))
    page.press("u")
    page.sees("The site can't be reached, so your answer was not stored.")
    page.do(lambda it: it.context.set_offline(False))
    page.press("u")
    page.sees("Nothing to check right now")
    page.leave()
    assert Example.objects.get().validations.get().answer == "unreadable"


# --- Every page -----------------------------------------------------------------------------------------------------


@pytest.fixture
def busy_round(open_round, alice, bob, carol, adam, draw, validate) -> Round:
    """A round with something of everything: verified, pending, reported, not fooling, asked for as a data set."""
    for person, answers in ((alice, ["claim", "claim"]), (carol, []), (alice, ["abuse"])):
        example = draw(person, open_round.task, fooling=True, nth=Example.objects.count())
        for validator, answer in zip((bob, carol), answers, strict=False):
            given = example.label if answer == "claim" else answer
            validate(validator, example, given, "It is a name." if answer == "abuse" else "")
    for nth in range(3):
        draw(alice, open_round.task, fooling=False, nth=nth)
    services.request_export(round=open_round, by=adam.user)
    return open_round


@pytest.fixture
def tour(window, busy_round, bob, adam) -> Callable[..., Iterator[tuple[Sheet, str]]]:
    """tour(...) → every page in turn, on a phone, as a visitor, a validator and an admin see it."""
    public = ["/", "/tasks/digits/", SHEET, "/tasks/digits/leaderboard/", busy_round.get_absolute_url(), "/nothing/"]
    entrance = ["/accounts/login/", "/accounts/signup/", "/accounts/password/reset/"]
    own = ["/profile/", "/tasks/digits/validate/", "/accounts/email/", "/accounts/password/change/", "/staff/"]
    staff = ["/staff/", "/staff/audit/", f"/staff/rounds/{busy_round.pk}/", f"/staff/rounds/{busy_round.pk}/close/"]

    def tour(**options) -> Iterator[tuple[Sheet, str]]:
        for person, paths in ((None, public + entrance), (bob, own), (adam, [*staff, busy_round.get_absolute_url()])):
            page = window("about:blank", person, viewport=PHONE, reduced_motion="reduce", **options)
            for path in paths:
                page.go(path)
                if path == SHEET:
                    page.prompt_label()
                yield page, path
                page.leave()

    return tour


def test_every_page_fits_a_phone_and_says_nothing_in_the_console(tour):
    for page, path in tour():
        assert page.too_wide_by() <= 0, path
        # What answers 403 and 404 is meant to, and Chromium notes it.
        assert [text for text in page.complaints if "403" not in text and "404" not in text] == [], path


def test_a_table_that_goes_on_to_the_right_fades_until_it_is_scrolled_there(window, busy_round):
    page = window("/tasks/digits/", viewport=PHONE)
    page.wait(".scroll.is-cut table.book")
    page.js("document.querySelector('.scroll').scrollLeft = 2000")
    page.wait(".scroll:not(.is-cut) table.book")


@pytest.mark.skipif(axe_source() is None, reason="needs the package axe-playwright-python")
def test_every_page_passes_axe_in_both_themes(tour):
    axe = axe_source()
    found = []
    for page, path in tour(bypass_csp=True):
        page.js(axe)
        found += [f"{path}: {text}" for text in axe_says(page, "{}")]
        page.do(lambda it: it.emulate_media(color_scheme="dark"))
        found += [f"{path}, dark: {text}" for text in axe_says(page, "{runOnly: ['color-contrast']}")]
        page.do(lambda it: it.emulate_media(color_scheme="light"))
    assert found == []


def axe_says(page: Sheet, options: str) -> list[str]:
    violations = page.js(f"axe.run(document, {options}).then((done) => done.violations)")
    return [f"{violation['id']}: {violation['nodes'][0]['html'][:160]}" for violation in violations]


def test_the_theme_can_be_switched_and_is_remembered(window, open_round):
    page = window("/", color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.js(paper) == "rgb(251, 250, 247)"
    page.click("[data-theme-toggle]")
    assert page.js(paper) == "rgb(20, 23, 26)"
    page.go("/tasks/digits/")
    assert page.js(paper) == "rgb(20, 23, 26)"


def test_the_numbers_and_the_validation_need_no_scripts(window, busy_round, carol, draw):
    page = window("/tasks/digits/", carol, java_script_enabled=False, color_scheme="dark")
    page.sees("6", "table.book")
    page.go("/tasks/digits/validate/")
    page.sees("Nothing to check right now")  # her own drawing is the only one that waits
    page.go(SHEET)
    # (Chromium shows <noscript> only where scripts are off from its start.)
    assert "The sheet needs JavaScript" in page.do(lambda it: it.content())
    assert not page.do(lambda it: it.is_visible("#draw"))


def test_the_admins_page_follows_a_round_by_itself(window, open_round, alice, adam, draw):
    page = window(f"/staff/rounds/{open_round.pk}/", adam)
    page.sees("Now it would leave 0 fooling")
    draw(alice, open_round.task, fooling=True)
    page.sees("Now it would leave 1 fooling")
    page.leave()
