"""Walls that one careless line would breach: tenants in SQL, and the way out to the network."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent

# Functions that must look across tenants, each for a reason that its docstring gives.
ACROSS_TENANTS = {
    "services/jobs/repository.py": "claiming and watching jobs of all tenants",
    "services/tenants/repository.py": "finding the tenant of a credential, and what only the operator may do",
    "services/system/repository.py": "the state of the server",
    "services/hosts/repository.py": "hosts and robots files are nobody's; the clock looks for due sources of all tenants",
}
STATEMENTS = {"select", "update", "delete", "insert"}
NETWORK = {"socket", "urllib.request", "http.client", "httpx2", "httpcore2", "requests", "aiohttp", "ftplib", "smtplib"}
MAY_CONNECT = {
    "services/engines/egress.py": "the guard itself",
    "services/engines/addresses.py": "the guard's checks",
    "services/engines/timed.py": "what connections are made of; opens none",
    "services/engines/llm/wire.py": "speaks to the operator's own model servers",
    "cli/client.py": "speaks to the operator's own server",
    "cli/service.py": "listens",
}


def python_files() -> list[Path]:
    return [
        file for package in ("services", "api", "worker", "crawler", "cli") for file in (ROOT / package).rglob("*.py")
    ]


def name_of(file: Path) -> str:
    return str(file.relative_to(ROOT))


def bare_statements(file: Path) -> list[str]:
    """Calls of `select(...)` and its kin that do not start from a transaction's tenant-filtered base."""
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in STATEMENTS:
            inner = ast.unparse(node.args[0]) if node.args else ""
            if not inner.startswith("tx."):
                found.append(f"{name_of(file)}:{node.lineno}")
    return found


def test_sql_starts_from_the_tenants_rows() -> None:
    allowed = {*ACROSS_TENANTS, "services/scope.py"}
    bare = [place for file in python_files() if name_of(file) not in allowed for place in bare_statements(file)]
    assert bare == []


def test_the_base_of_all_sql_filters_by_tenant() -> None:
    tree = ast.parse((ROOT / "services/scope.py").read_text())
    transaction = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Tx")
    methods = {node.name: node for node in transaction.body if isinstance(node, ast.FunctionDef)}
    assert "'tenant_id': self.tenant_id" in ast.unparse(methods.pop("add_rows"))
    # These run a statement that one of the others made, or one prepared for any tenant, whom they name.
    for runner in ("rows", "entities"):
        assert "{**values, TENANT.key: self.tenant_id}" in ast.unparse(methods.pop(runner))
    makers = [node for name, node in methods.items() if name not in ("add", "ring")]
    assert len(makers) == 4
    for maker in makers:
        assert "table.tenant_id == self.tenant_id" in ast.unparse(maker), maker.name
    prepared = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == "prepared")
    assert "table.tenant_id == TENANT" in ast.unparse(prepared)


def test_sql_lives_in_repositories() -> None:
    allowed = {"services/scope.py", "services/runtime.py"}
    for file in python_files():
        if file.name != "repository.py" and name_of(file) not in allowed and "models" not in file.parts:
            assert "from sqlalchemy import" not in file.read_text() or not bare_statements(file), name_of(file)


def test_only_the_guard_opens_connections() -> None:
    offenders = []
    for file in python_files():
        for node in ast.walk(ast.parse(file.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            if NETWORK & set(names) and name_of(file) not in MAY_CONNECT:
                offenders.append(f"{name_of(file)}: {names}")
    assert offenders == []


def test_nothing_runs_strings_as_code_or_through_a_shell() -> None:
    for file in python_files():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                assert not (isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec")), name_of(file)
                assert not any(word.arg == "shell" for word in node.keywords), name_of(file)
