"""The sizes past which code stops being read: hard limits of the house."""

from __future__ import annotations

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PACKAGES = ("services", "api", "worker", "cli", "crawler", "migrations")
FILES = sorted(file for package in PACKAGES for file in (ROOT / package).rglob("*.py") if "versions" not in file.parts)

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 80
MAX_PARAMETERS = 7
MAX_FOLDER_FILES = 20
MAX_TYPESCRIPT_LINES = 250
MAX_DIRECT_DEPENDENCIES = 45
# Routes and commands take one parameter per thing a caller may say; ruff's rule carries the same exceptions.
DECLARED_PARAMETERS = {"search", "documents_list", "filters", "problem", "plan_model", "upload", "ask", "add_rule"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def functions(file: Path) -> Iterator[Function]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, Function):
            yield node


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def test_files_stay_readable() -> None:
    lines = {name_of(file): len(file.read_text().splitlines()) for file in FILES}
    assert {name: count for name, count in lines.items() if count > MAX_FILE_LINES} == {}
    assert sorted(lines.values())[int(len(lines) * 0.95)] <= 350


def test_functions_stay_short() -> None:
    sizes = {
        f"{name_of(file)}:{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for file in FILES
        for function in functions(file)
    }
    assert {name: size for name, size in sizes.items() if size > MAX_FUNCTION_LINES} == {}
    assert statistics.median(sizes.values()) <= 12
    assert sorted(sizes.values())[int(len(sizes) * 0.95)] <= 40


def test_functions_take_few_parameters() -> None:
    for file in FILES:
        for function in functions(file):
            arguments = function.args
            count = len(arguments.posonlyargs + arguments.args + arguments.kwonlyargs)
            if function.name not in DECLARED_PARAMETERS:
                own = sum(argument.arg in ("self", "cls") for argument in arguments.args)
                assert count - own <= MAX_PARAMETERS, f"{name_of(file)}:{function.name} takes {count}"


def test_folders_hold_few_files() -> None:
    folders = {file.parent for file in FILES}
    crowded = {name_of(folder): len(list(folder.glob("*.py"))) for folder in folders}
    assert {name: count for name, count in crowded.items() if count > MAX_FOLDER_FILES} == {}


def test_what_is_exported_has_a_docstring_and_types() -> None:
    missing = []
    for file in FILES:
        tree = ast.parse(file.read_text())
        if file.stat().st_size and not ast.get_docstring(tree):
            missing.append(name_of(file))
        for node in tree.body:
            if isinstance(node, (ast.ClassDef, *Function.__args__)) and not node.name.startswith("_"):
                if not ast.get_docstring(node):
                    missing.append(f"{name_of(file)}:{node.name}")
                if isinstance(node, Function) and node.returns is None:
                    missing.append(f"{name_of(file)}:{node.name} ->")
    assert missing == []


def test_typescript_files_stay_readable() -> None:
    sources = ROOT / "frontend" / "src"
    files = [file for file in sources.rglob("*.ts*") if "client" not in file.parts and ".gen." not in file.name]
    assert files
    long = {str(file.relative_to(sources)): len(file.read_text().splitlines()) for file in files}
    assert {name: count for name, count in long.items() if count > MAX_TYPESCRIPT_LINES} == {}


def test_direct_dependencies_stay_few() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert len(project["dependencies"]) <= MAX_DIRECT_DEPENDENCIES


@pytest.mark.parametrize("package", ["services", "api", "worker"])
def test_product_code_does_not_print(package: str) -> None:
    for file in (ROOT / package).rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Call)]
        prints = [call for call in calls if isinstance(call.func, ast.Name) and call.func.id == "print"]
        assert not prints or "__main__" in file.read_text(), name_of(file)
