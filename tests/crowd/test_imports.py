"""The simulation and the bots know a site by its HTTP API only. Read from the source itself."""

import ast
from pathlib import Path

import pytest

import crowd

ROOT = Path(crowd.__file__).parent
#: What any file of `crowd` may import of this project, besides `crowd`.
EVERYWHERE = {"rounds.errors", "rounds.rules", "models_zoo.data.images", "models_zoo.files", "stats.rates"}
#: Files that may use Django and the site's database, on the host of the site.
ON_THE_SITES_HOST = {"apps.py", "local_accounts.py", "management/commands/crowd.py", "management/commands/demo.py"}


def imported_modules(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module


FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py"))


@pytest.mark.parametrize("file", [file for file in FILES if file not in ON_THE_SITES_HOST])
def test_a_file_imports_neither_django_nor_the_sites_database(file):
    project_and_django = {
        name
        for name in imported_modules(ROOT / file)
        if name.split(".")[0] in {"django", "rest_framework", "rounds", "models_zoo", "stats", "dadc"}
    }
    assert project_and_django <= EVERYWHERE


def test_the_command_crowd_leaves_the_database_to_local_accounts():
    names = set(imported_modules(ROOT / "management/commands/crowd.py"))
    assert not any(name.startswith(("rounds", "django.contrib", "django.db")) for name in names)


def test_the_simulation_imports_neither_bots_nor_the_site():
    simulation = {"handwriting", "styles", "rendering", "drawings", "writers", "annotators", "validators", "population"}
    imported = {
        name.removeprefix("crowd.")
        for module in simulation
        for name in imported_modules(ROOT / f"{module}.py")
        if name.startswith("crowd")
    }
    assert imported <= simulation
