"""The structure of the code: where modules and their tests are, how long they are, and what stays private."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "agop_tabular"
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path.name != "__init__.py")

AT_THE_TOP = 1
"""Modules of agop_tabular that belong to no package."""

FILE_LINES = {"agop_tabular": 500, "benchmarks": 400}
"""Lines of a file."""

LONGER = {"agop_tabular/explainer/estimator.py": 620}
"""Lines of files that may have more: the public methods of the explainer are in one file, and half of it describes its
parameters and attributes."""

BODY_LINES = 50
"""Lines of a function, without its signature and docstring."""

TESTED_ELSEWHERE = {
    "__main__.py": "command/test_application.py",  # which runs it
    "attribution/method.py": "attribution/test_methods.py",  # abstract classes, and methods from outside
    "attribution/row_by_row.py": "explainer/test_architectures.py",  # the loop that explains
    "explainer/estimator.py": "explainer",
    "report/blocks.py": "report/test_document.py",  # data that the template draws
    "training_guided/guided_method.py": "training_guided/test_guided_methods.py",  # an abstract class
}
"""Modules without a test file of their own, and the file, or folder, of tests that cover them."""

OF_OTHER_LIBRARIES = {"_preprocess"}
"""Private names that a class here has because another library calls it: FLAML's estimators have this one."""


def parsed(path):
    return ast.parse(path.read_text(), filename=str(path))


def own_test_file(module):
    """Path of a module's test file in tests."""
    return module.parent / f"test_{module.name}"


def test_every_module_has_a_test_file():
    missing = [module for module in MODULES if not (ROOT / "tests" / own_test_file(module)).exists()]
    assert [f"tests/{own_test_file(m)}" for m in missing if str(m) not in TESTED_ELSEWHERE] == []
    assert sorted(TESTED_ELSEWHERE) == [str(m) for m in missing], "take those with a test file off the list"
    assert [path for path in TESTED_ELSEWHERE.values() if not (ROOT / "tests" / path).exists()] == []


def test_no_test_file_imports_another():
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(parsed(path)):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            parts = {part for name in names for part in name.split(".")}
            assert not any(part.startswith("test_") or part in ("tests", "conftest") for part in parts), path


def test_few_modules_are_at_the_top():
    top = [str(module) for module in MODULES if len(module.parts) == 1]
    assert len(top) <= AT_THE_TOP, top


@pytest.mark.parametrize("folder", FILE_LINES)
def test_files_are_short(folder):
    files = {str(path.relative_to(ROOT)): path for path in (ROOT / folder).rglob("*.py")}
    lengths = {name: len(path.read_text().splitlines()) for name, path in files.items()}
    assert {name: n for name, n in lengths.items() if n > LONGER.get(name, FILE_LINES[folder])} == {}


def body_lines(function):
    """Lines of a function's body, without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body else 0


@pytest.mark.parametrize("folder", ["agop_tabular", "benchmarks"])
def test_functions_are_short(folder):
    long = {}
    for path in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(parsed(path)):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and body_lines(node) > BODY_LINES:
                long[f"{path.relative_to(ROOT)}: {node.name}"] = body_lines(node)
    assert long == {}


# Private names ------------------------------------------------------------------------------------------------------


def is_private(name):
    """Whether a name begins with one underscore; IPython's methods _repr_html_ and the like do, and are public."""
    return name.startswith("_") and not name.endswith("_") and name not in OF_OTHER_LIBRARIES


def package_of(path):
    """First folder below agop_tabular; a module at the top is a package of its own."""
    return path.relative_to(PACKAGE).parts[0]


def defined_in(tree):
    """Private names that a module defines: functions, classes, methods, fields, constants, attributes of self."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.attr


def read_in(tree):
    """Private names that a module reads from something other than self or cls, or imports from agop_tabular."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            if ast.unparse(node.value) not in ("self", "cls", "super()"):
                yield node.attr, node.lineno
        elif isinstance(node, ast.ImportFrom) and (node.level or (node.module or "").startswith("agop_tabular")):
            for alias in node.names:
                yield alias.name, node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("getattr", "hasattr", "setattr"):
            match node.args:
                case [owner, ast.Constant(value=str(name)), *_] if ast.unparse(owner) not in ("self", "cls"):
                    yield name, node.lineno


def test_private_names_stay_in_their_package():
    """Read across packages, from tests or from benchmarks, a name is not private: it needs a public one."""
    owners = defaultdict(set)
    for path in PACKAGE.rglob("*.py"):
        for name in filter(is_private, defined_in(parsed(path))):
            owners[name].add(package_of(path))
    found = []
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "tests").rglob("*.py"), *(ROOT / "benchmarks").rglob("*.py")]:
        here = package_of(path) if path.is_relative_to(PACKAGE) else None
        for name, line in read_in(parsed(path)):
            if is_private(name) and name in owners and here not in owners[name]:
                found.append(f"{path.relative_to(ROOT)}:{line} reads {name}, of {', '.join(sorted(owners[name]))}")
    assert found == []
