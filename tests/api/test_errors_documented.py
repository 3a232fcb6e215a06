"""The errors that the code raises are the errors that the API documents. Read from the source itself.

Followed from each view: names of functions and classes, through imports. Not seen: what methods of objects raise
(`example.save()`), and functions that are passed as values. So conftest.py also compares every problem that the API
answers in these tests with the documentation. An error that is caught on its way counts as raised.
"""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from rest_framework.authentication import SessionAuthentication

from rounds.api.base import AccountView
from rounds.api.docs import BODY_ERRORS, COMMON_ERRORS, SESSION_ERRORS
from rounds.api.urls import v1
from rounds.errors import CLASSES, ErrorKind, Refused
from tests.api.conftest import path_in_schema

ROOT = Path(__file__).parent.parent.parent
#: No call of the API answers them: an address or method without a call, a form on a page, and what nothing raises yet.
NOT_FROM_A_CALL = {
    ErrorKind.NO_SUCH_ADDRESS,
    ErrorKind.SLASH_MISSING,
    ErrorKind.METHOD_NOT_ALLOWED,
    ErrorKind.RECIPE_NOT_JSON,
    ErrorKind.RECIPE_NOT_OBJECT,
    ErrorKind.PERMISSION_DENIED,
}
#: Raised by what these calls reach, but never there: the next round gets the adversary that was just decided on.
NEVER_THERE = {"accept_model": {ErrorKind.NO_ADVERSARY}, "keep_adversary": {ErrorKind.NO_ADVERSARY}}

Definition = tuple[str, str]
"""A module of `rounds` and the name of a function or class in it."""


def modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / "rounds").rglob("*.py")):
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        yield name.removesuffix(".__init__"), ast.parse(path.read_text())


MODULES = dict(modules())
PACKAGES = {name for name in MODULES if any(other.startswith(f"{name}.") for other in MODULES)}
DEFINITIONS: dict[Definition, ast.AST] = {
    (module, node.name): node
    for module, tree in MODULES.items()
    for node in tree.body
    if isinstance(node, ast.FunctionDef | ast.ClassDef)
}


def imports_of(module: str) -> dict[str, str]:
    """Name in the module → what it stands for, dotted; wherever in the module it is imported."""
    parts = module.split(".") if module in PACKAGES else module.split(".")[:-1]
    found = {}
    for node in ast.walk(MODULES[module]):
        if isinstance(node, ast.ImportFrom):
            base = parts[: len(parts) - node.level + 1] if node.level else []
            source = ".".join([*base, *([node.module] if node.module else [])])
            found |= {name.asname or name.name: f"{source}.{name.name}" for name in node.names}
    return found


IMPORTS = {module: imports_of(module) for module in MODULES}


def definition_of(module: str, dotted: str) -> Definition | None:
    """What `dotted` means in `module`, through any number of imports; None for what `rounds` doesn't define."""
    first, _, rest = dotted.partition(".")
    if (module, first) in DEFINITIONS:
        return module, first
    target = IMPORTS[module].get(first)
    if target is None:
        return None
    if target in MODULES:
        return definition_of(target, rest) if rest else None
    source, _, name = target.rpartition(".")
    return definition_of(source, name) if source in MODULES else None


def errors_made_in(node: ast.AST) -> Iterator[tuple[ErrorKind, ast.Call]]:
    """Every `ErrorKind.X.error(…)`; a serializer's `is_valid` raises FIELDS_INVALID."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        of = call.func.value
        if call.func.attr == "error" and isinstance(of, ast.Attribute) and ast.unparse(of.value) == "ErrorKind":
            yield ErrorKind[of.attr], call
        elif call.func.attr == "is_valid":
            yield ErrorKind.FIELDS_INVALID, call


def errors_reached_from(module: str, node: ast.AST, seen: set[Definition]) -> set[ErrorKind]:
    found = {kind for kind, _ in errors_made_in(node)}
    for name in ast.walk(node):
        if isinstance(name, ast.Name | ast.Attribute):
            definition = definition_of(module, ast.unparse(name))
            if definition and definition not in seen:
                seen.add(definition)
                found |= errors_reached_from(definition[0], DEFINITIONS[definition], seen)
    return found


def errors_of_call(view: type, method: str) -> set[ErrorKind]:
    """What a view's method can raise, as far as it can be read."""
    (function,) = (
        node
        for node in ast.walk(DEFINITIONS[view.__module__, view.__name__])
        if isinstance(node, ast.FunctionDef) and node.name == method
    )
    body = ast.Module(function.body, type_ignores=[])
    needs_account = {ErrorKind.NOT_AUTHENTICATED} if issubclass(view, AccountView) else set()
    return errors_reached_from(view.__module__, body, set()) | needs_account


CALLS = [
    (each.callback.cls, method, path_in_schema(str(each.pattern)))
    for each in v1
    for method in ("get", "post")
    if hasattr(each.callback.cls, method)
]
ERRORS_MADE = [
    (module, kind, call)
    for module, tree in MODULES.items()
    for kind, call in errors_made_in(tree)
    if isinstance(call.func, ast.Attribute) and call.func.attr == "error"
]


@pytest.mark.parametrize(("view", "method", "path"), CALLS)
def test_a_call_documents_exactly_what_it_can_raise(documented, view, method, path):
    call = documented[method, path]
    checks_csrf = method == "post" and SessionAuthentication in view.authentication_classes
    general = {*COMMON_ERRORS, *(SESSION_ERRORS if checks_csrf else []), *(BODY_ERRORS if call.has_body else [])}
    never = NEVER_THERE.get(call.name, set())
    assert names(call.errors) | names(never) == names(errors_of_call(view, method) | general)
    assert not call.errors & never


def names(kinds: Iterable[ErrorKind]) -> set[str]:
    return {kind.name for kind in kinds}


def test_every_error_is_documented_on_some_call(documented):
    assert set(ErrorKind).difference(*(call.errors for call in documented.values())) == NOT_FROM_A_CALL


def test_every_error_is_raised_somewhere():
    assert {kind for _, kind, _ in ERRORS_MADE} == set(ErrorKind)


def test_an_error_comes_from_the_enumeration_only():
    classes = {error.__name__ for error in (Refused, *CLASSES.values())}
    around = [
        f"{module}:{node.lineno}"
        for module, tree in MODULES.items()
        if module != "rounds.errors"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in classes
    ]
    assert around == []


def test_an_error_is_raised_with_the_values_that_its_example_has():
    for module, kind, call in ERRORS_MADE:
        assert {keyword.arg for keyword in call.keywords} == set(kind.samples), f"{kind.name} in {module}"
