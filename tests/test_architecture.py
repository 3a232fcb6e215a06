"""Who imports whom: no circle anywhere, no package from above, torch in two places. Read from the source itself."""

import ast
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: Each top-level package, and those that it may import.
MAY_IMPORT = {
    "stats": set(),
    "models_zoo": {"stats"},
    "rounds": {"models_zoo", "stats"},
    "crowd": {"rounds", "models_zoo", "stats"},
    "dadc": {"rounds"},
    "bench": {"crowd", "rounds", "models_zoo", "stats"},
}

Graph = Mapping[str, set[str]]
"""Module → the modules that it imports, dotted names both."""


def modules_of(package: str) -> Iterator[tuple[str, Path]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imports_of(module: str, path: Path, known: Iterable[str]) -> set[str]:
    """Every module of this project that a file imports, anywhere in it: at its top, in functions, for types only."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            # `from package import name` means the module of that name if there is one, else the package itself.
            found |= {full if (full := f"{source}.{name.name}") in known else source for name in node.names}
    return {name for name in found if name in known and name != module}


@pytest.fixture(scope="module")
def graph() -> Graph:
    modules = {name: path for package in MAY_IMPORT for name, path in modules_of(package)}
    return {name: imports_of(name, path, modules) for name, path in modules.items()}


def circle_in(graph: Graph) -> str:
    """One circle as `a → b → a`; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return " → ".join(reversed(error.args[1]))
    return ""


def between_siblings(graph: Graph, package: str) -> Graph:
    """The same arrows, between what lies directly in `package`: its files, and its packages as wholes."""
    depth = package.count(".") + 2

    def sibling(module: str) -> str:
        return ".".join(module.split(".")[:depth])

    def inside(module: str) -> bool:
        return module.startswith(f"{package}.")

    siblings: dict[str, set[str]] = {}
    for module in filter(inside, graph):
        targets = {sibling(target) for target in filter(inside, graph[module])}
        siblings.setdefault(sibling(module), set()).update(targets - {sibling(module)})
    return siblings


def test_no_file_takes_part_in_an_import_circle(graph):
    assert circle_in(graph) == ""


def test_no_package_takes_part_in_an_import_circle_with_its_neighbours(graph):
    packages = {module.rpartition(".")[0] for module in graph if "." in module}
    assert {package: circle for package in packages if (circle := circle_in(between_siblings(graph, package)))} == {}


def test_a_circle_is_named():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"a"}}) in ("a → b → c → a", "b → c → a → b", "c → a → b → c")


def test_no_package_is_imported_from_above(graph):
    upwards = {
        f"{module} imports {target}"
        for module, targets in graph.items()
        for target in targets
        if (own := module.split(".")[0]) != (other := target.split(".")[0]) and other not in MAY_IMPORT[own]
    }
    assert upwards == set()


def test_services_are_called_through_their_one_facade(graph):
    around = {
        f"{module} imports {target}"
        for module, targets in graph.items()
        for target in targets
        if target.startswith("rounds.services.") and not module.startswith("rounds.services")
    }
    assert around == set()


def imported_by(code: str) -> set[str]:
    """The modules that a fresh Python has loaded after `code`."""
    script = f"{code}\nimport sys\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_statistics_load_neither_django_nor_torch_nor_scipy():
    """They are read by pages that answer in milliseconds, and by people without the site."""
    code = "\n".join(f"import {module}" for module, _ in modules_of("stats"))
    assert imported_by(code).isdisjoint({"django", "torch", "scipy", "pandas", "statsmodels"})


def test_the_library_of_models_loads_no_django():
    code = "\n".join(f"import {module}" for module, _ in modules_of("models_zoo") if not module.endswith("__main__"))
    assert imported_by(code).isdisjoint({"django", "rounds", "crowd", "dadc"})


def test_pages_api_and_services_load_no_torch():
    """Only `rounds.predictor` and `rounds.training` do, when a drawing is scored or a model trained."""
    code = "import os, django\nos.environ['DJANGO_SETTINGS_MODULE'] = 'dadc.settings'\ndjango.setup()\n"
    assert "torch" not in imported_by(f"{code}import dadc.urls, rounds.jobs, rounds.poll, rounds.training.recipe_form")


def test_only_two_places_of_the_app_import_what_loads_torch(graph):
    torch_free = {
        "models_zoo.files",
        "models_zoo.limits",
        "models_zoo.process",
        "models_zoo.data.images",
        "models_zoo.robustness.table",
        "models_zoo.training.config",
        "models_zoo.training.progress",
    }
    assert "torch" not in imported_by(f"import {', '.join(torch_free)}")
    importers = {
        module
        for module, targets in graph.items()
        if module.startswith("rounds.")
        and any(target.startswith("models_zoo.") and target not in torch_free for target in targets)
    }
    assert {module for module in importers if not module.startswith(("rounds.predictor", "rounds.training."))} == set()


def shadows_round(source: str) -> bool:
    """Whether a module both calls the builtin `round()` and has a variable of that name (attributes are none)."""
    nodes = list(ast.walk(ast.parse(source)))
    attributes = {
        id(line.target)
        for node in nodes
        if isinstance(node, ast.ClassDef)
        for line in node.body
        if isinstance(line, ast.AnnAssign)
    }
    variables = {node.arg for node in nodes if isinstance(node, ast.arg)} | {
        node.id
        for node in nodes
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in attributes
    }
    called = {node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
    return "round" in variables & called


@pytest.mark.parametrize(
    "binding",
    [
        "def f(round): ...",
        "f = lambda round: 1",
        "round = 1",
        "for round in x: ...",
        "[1 for round in x]",
        "round: int = 1",
    ],
)
def test_a_variable_that_shadows_the_builtin_round_is_found(binding):
    assert shadows_round(f"{binding}\nround(0.5)")
    assert not shadows_round(binding)
    assert not shadows_round("class Point:\n    round: int\n\nround(0.5)")


def test_no_module_needs_the_builtin_round_and_shadows_it():
    """There the variable is `round_`."""
    files = [path for package in MAY_IMPORT for _, path in modules_of(package)]
    assert [str(path.relative_to(ROOT)) for path in files if shadows_round(path.read_text())] == []
