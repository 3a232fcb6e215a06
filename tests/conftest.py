"""Shared fixtures: named people, a digits task against a real (small) model, real MNIST digits as drawings."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from django.conf import settings
from django.contrib.auth.models import User
from PIL import Image

from models_zoo.data.mnist import BaseData, ensure_mnist, load_mnist
from models_zoo.networks.predict import probabilities
from models_zoo.robustness import suites
from models_zoo.training.fit import Config, Fitted, fit
from rounds import predictor, services
from rounds.models import Example, ModelVersion, Person, Prompt, Round, Task
from rounds.training import evaluate, runs
from rounds.training.model_files import store_model
from rounds.training.runs import Measurement

# A busy machine is no failure.
hypothesis.settings.register_profile("dadc", deadline=None)
hypothesis.settings.load_profile("dadc")

#: What models are measured on here: one cheap suite, one costly one.
SUITES, SAMPLE_SIZE = ("base", "fgsm"), 10
#: Real and small: a few thousand digits, one epoch, a second or two.
SMALL = Config(architecture="mnist_cnn", epochs=1, base_replay=6_000, batch_size=64, lr=0.02, threads=2)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database-only",
        action="store_true",
        help="leave out what runs the same on every database: tests without one, and those marked any_database",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--database-only"):
        config.hook.pytest_deselected(items=[item for item in items if not needs_this_database(item)])
        items[:] = filter(needs_this_database, items)


def needs_this_database(item: pytest.Item) -> bool:
    if item.get_closest_marker("any_database"):
        return False
    uses = {"db", "transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(uses or item.get_closest_marker("django_db"))


@pytest.fixture(scope="session")
def base() -> BaseData:
    """Real MNIST."""
    ensure_mnist(settings.BASE_DATA_DIR)
    return load_mnist(settings.BASE_DATA_DIR)


@pytest.fixture(scope="session")
def small_model(base: BaseData, tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    """A network that was really trained, once a session: it reads about nine digits in ten."""
    return fit(tmp_path_factory.mktemp("small_model"), SMALL, base=base)


@pytest.fixture(autouse=True)
def _own_folders(settings, tmp_path: Path) -> None:
    """Every test has its own files; the base data is shared and only read."""
    settings.DATA_DIR = tmp_path
    settings.STORAGES = {
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path / "files"},
        },
        "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
    }
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": str(tmp_path)}
    }
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    predictor.clear_cache()


@pytest.fixture(autouse=True)
def _measured_in_short(monkeypatch: pytest.MonkeyPatch) -> None:
    """New models are measured on two suites, the costly one on a few digits: a second instead of ten."""
    monkeypatch.setattr(evaluate, "SUITES", SUITES)
    monkeypatch.setattr(evaluate, "SAMPLE_SIZE", SAMPLE_SIZE)


@dataclass(frozen=True)
class Pen:
    """Draws real test digits that the small model reads right, or wrong."""

    base: BaseData
    readings: np.ndarray

    def digit(self, label: str, *, fooling: bool, nth: int = 0) -> bytes:
        """A PNG, dark ink on white paper at 280 by 280 pixels, of the nth such test digit."""
        of_label = self.base.test_labels == int(label)
        wanted = of_label & ((self.readings != int(label)) == fooling)
        image = self.base.test_images[np.flatnonzero(wanted)[nth]]
        return png_of(image)

    def hardest(self, label: str, used: set[int]) -> Iterator[bytes]:
        """PNGs of test digits of `label` not in `used`, those that the small model misreads first; adds to `used`."""
        of_label = np.flatnonzero(self.base.test_labels == int(label))
        misread = self.readings[of_label] != int(label)
        for place in [*of_label[misread], *of_label[~misread]]:
            if place not in used:
                used.add(int(place))
                yield png_of(self.base.test_images[place])


def png_of(image: np.ndarray) -> bytes:
    """An MNIST image, uint8 [28, 28], as somebody would have drawn it on the canvas."""
    paper = Image.fromarray(255 - image).resize((280, 280), Image.Resampling.NEAREST)
    out = io.BytesIO()
    paper.save(out, format="PNG")
    return out.getvalue()


@pytest.fixture(scope="session")
def readings(small_model: Fitted, base: BaseData) -> np.ndarray:
    return probabilities(small_model.model, base.test_images).argmax(axis=1)


@pytest.fixture
def pen(base: BaseData, readings: np.ndarray) -> Pen:
    return Pen(base, readings)


@pytest.fixture
def digits(db) -> Task:
    """The digits task, without a model; nothing in it is left to chance."""
    return Task.objects.create(
        slug="digits",
        name="Handwritten digits",
        labels=list("0123456789"),
        instructions="Draw it.",
        sample_rate=0,  # by chance, one in ten of what does not fool would wait for validators too
    )


@pytest.fixture(scope="session")
def small_model_on_base(small_model: Fitted, base: BaseData) -> list[Measurement]:
    test = base.test_images, base.test_labels
    rows = suites.evaluate(small_model.model, "small", test, suites=SUITES, at_most=SAMPLE_SIZE)
    return [evaluate.evaluate_on_base_dev(small_model.model, base), *evaluate.to_measurements(rows)]


@pytest.fixture
def adversary(digits: Task, small_model: Fitted, small_model_on_base: list[Measurement]) -> ModelVersion:
    """The small model, published and measured as the first model of digits."""
    model = runs.register_model(
        task=digits,
        parent=None,
        training_set=None,
        **store_model(digits, small_model.folder, small_model, "small", SMALL),
    )
    runs.record_measurements(small_model_on_base, new_model=model)
    return model


@pytest.fixture
def open_round(digits: Task, adversary: ModelVersion) -> Round:
    """Round 1 of digits, open."""
    return services.open_round(round=services.draft_round(task=digits, adversary=adversary), by=None)


def person(name: str, *roles: str) -> Person:
    user = User.objects.create_user(name, f"{name}@example.org", "a long enough password")
    services.give_roles(user=user, roles=roles, by=None)
    return services.person_of(user)


@pytest.fixture
def alice(db) -> Person:
    """Draws."""
    return person("alice", "annotator", "validator")


@pytest.fixture
def bob(db) -> Person:
    """Validates."""
    return person("bob", "annotator", "validator")


@pytest.fixture
def carol(db) -> Person:
    """Validates too."""
    return person("carol", "annotator", "validator")


@pytest.fixture
def ruth(db) -> Person:
    """Reads the numbers."""
    return person("ruth", "researcher")


@pytest.fixture
def adam(db) -> Person:
    """Runs the rounds."""
    return person("adam", "admin")


@pytest.fixture
def draw(pen: Pen):
    """draw(alice, task, fooling=True) → the stored example of a real digit for a prompt of hers."""

    def draw(person: Person, task: Task, *, fooling: bool, nth: int = 0) -> Example:
        issued, _ = services.issue_prompt(task=task, annotator=person)
        prompt = Prompt.objects.select_related("round__adversary", "round__task", "annotator").get(pk=issued.pk)
        image = pen.digit(prompt.label, fooling=fooling, nth=nth)
        return services.submit_example(prompt=prompt, image=image).example

    return draw


@pytest.fixture
def validate():
    """validate(bob, example, "7") → bob is handed the example and answers."""

    def validate(validator: Person, example: Example, answer: str, reason: str = "") -> Example:
        Example.objects.filter(pk=example.pk).update(leased_to=validator)
        services.record_validation(example=example, validator=validator, answer=answer, reason=reason)
        example.refresh_from_db()
        return example

    return validate
