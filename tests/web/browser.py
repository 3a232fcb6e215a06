"""Chromium for tests. It lives in a thread of its own: its event loop would make Django take the test's thread for an
asynchronous one, with other database connections than the site that is being tested.
"""

import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

T = TypeVar("T")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
#: Without them Chromium looks its maker's hosts up at every start, and waits for what never answers.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
PATIENCE_MS = 15_000

#: Strokes on a sheet of 280 by 280, easily read as the digit they are.
STROKES = {
    "0": [[(140, 55), (90, 90), (80, 150), (110, 220), (165, 225), (200, 170), (195, 95), (142, 55)]],
    "1": [[(145, 45), (140, 235)]],
    "7": [[(75, 65), (205, 65), (165, 140), (125, 235)]],
}
COUNT_INK = """() => {
    const canvas = document.querySelector("canvas");
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    return data.filter((value, index) => index % 4 === 3 && value > 128).length;
}"""


class Chromium:
    """The browser. Everything that touches it goes through `do`."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._playwright: Playwright = self.do(lambda: sync_playwright().start())
        self._browser: Browser = self.do(lambda: self._playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS))

    def do(self, act: Callable[[], T]) -> T:
        return self._thread.submit(act).result(timeout=120)

    def window(self, site: str, cookies: list[Any], **options: Any) -> "Window":
        """A window of somebody who has no other windows."""

        def open_page() -> Page:
            context = self._browser.new_context(base_url=site, **options)
            context.set_default_timeout(PATIENCE_MS)
            context.add_cookies(cookies)
            return context.new_page()

        return Window(self, self.do(open_page))

    def stop(self) -> None:
        self.do(self._browser.close)
        self.do(self._playwright.stop)
        self._thread.shutdown()


class Window:
    """A page and what people do with it."""

    def __init__(self, chromium: Chromium, page: Page) -> None:
        self.chromium = chromium
        self.page = page
        self.complaints: list[str] = []
        self.do(lambda page: page.on("console", self._note))
        self.do(lambda page: page.on("pageerror", lambda error: self.complaints.append(str(error))))

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def do(self, act: Callable[[Page], T]) -> T:
        return self.chromium.do(lambda: act(self.page))

    def go(self, path: str) -> None:
        self.do(lambda page: page.goto(path))

    def leave(self) -> None:
        """So that nothing on the page goes on asking the site while the test does something else."""
        self.go("about:blank")

    def close(self) -> None:
        self.do(lambda page: page.context.close())

    def click(self, selector: str) -> None:
        self.do(lambda page: page.click(selector))

    def fill(self, **fields: str) -> None:
        for name, value in fields.items():
            self.do(lambda page, name=name, value=value: page.fill(f"#id_{name}", value))  # type: ignore[misc]

    def submit(self) -> None:
        self.click("main button[type=submit]")

    def press(self, key: str) -> None:
        self.do(lambda page: page.keyboard.press(key))

    def wait(self, selector: str) -> None:
        self.do(lambda page: page.wait_for_selector(selector))

    def wait_for_path(self, path: str) -> None:
        self.do(lambda page: page.wait_for_url(f"**{path}"))

    def sees(self, text: str, where: str = "main") -> None:
        """Fails unless the text comes to stand there."""
        self.do(lambda page: expect(page.locator(where)).to_contain_text(text, timeout=PATIENCE_MS))

    def text(self, selector: str) -> str:
        return self.do(lambda page: page.inner_text(selector))

    def is_enabled(self, selector: str) -> bool:
        return self.do(lambda page: page.is_enabled(selector))

    def box(self, selector: str) -> dict[str, float]:
        """Where it lies: x, y, width, height."""
        return self.do(lambda page: dict(page.locator(selector).bounding_box() or {}))

    def js(self, expression: str) -> Any:
        return self.do(lambda page: page.evaluate(expression))

    def too_wide_by(self) -> int:
        """By how many pixels the page is wider than the screen."""
        return self.js("document.documentElement.scrollWidth - document.documentElement.clientWidth")


class Sheet(Window):
    """The drawing page."""

    def prompt_label(self) -> str:
        """The label that the prompt asks for, once there is one."""
        self.wait("#draw[data-phase=ready]")
        return self.text("[data-part=prompt] b")

    def stroke(self, digit: str, scale: float = 1.0) -> None:
        """Draws `digit` with the mouse."""
        box = self.box("canvas")
        unit = box["width"] / 280

        def place(x: int, y: int) -> tuple[float, float]:
            return box["x"] + unit * (140 + scale * (x - 140)), box["y"] + unit * (140 + scale * (y - 140))

        def draw(page: Page) -> None:
            for first, *rest in STROKES[digit]:
                page.mouse.move(*place(*first))
                page.mouse.down()
                for point in rest:
                    page.mouse.move(*place(*point), steps=4)
                page.mouse.up()

        self.do(draw)

    def stroke_another(self, scale: float = 1.0) -> str:
        """Draws another digit than the one that is asked for; returns what was asked for."""
        label = self.text("[data-part=prompt] b")
        self.stroke("0" if label != "0" else "1", scale)
        return label

    def send(self) -> None:
        self.click("[data-part=primary]")

    def verdict(self) -> str:
        """The phase that the verdict brings: fooled, missed or exhausted."""
        self.wait(", ".join(f"#draw[data-phase={phase}]" for phase in ("fooled", "missed", "exhausted")))
        return self.js("document.getElementById('draw').dataset.phase")

    def fool(self) -> str:
        """Draws and sends until the model is fooled; returns the label it was fooled about."""
        self.prompt_label()
        for scale in (1.0, 0.7, 0.5, 0.3):
            label = self.stroke_another(scale)
            self.send()
            if self.verdict() == "fooled":
                return label
        raise AssertionError("the model reads everything right")

    def trouble(self, sentence: str) -> None:
        """Fails unless the page comes to say that something went wrong, with this sentence."""
        self.wait("#draw[data-phase=trouble]")
        self.sees(sentence, "[data-part=verdict]")

    def ink(self) -> int:
        """How many pixels of the sheet have ink."""
        return self.js(COUNT_INK)

    def answer_with(self, pattern: str, **answer: Any) -> None:
        """Answers the page's next call in place of the site."""
        self.do(lambda page: page.route(pattern, lambda route: route.fulfill(**answer), times=1))


def axe_source() -> str | None:
    """The axe-core script, from the package that brings it for Playwright; None where that is not installed."""
    try:
        import axe_playwright_python
    except ImportError:
        return None
    return (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
