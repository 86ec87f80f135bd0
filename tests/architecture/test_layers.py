"""Who may import whom: the contracts of pyproject.toml, lazy imports included."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_import_contracts_hold() -> None:
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()"]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "0 broken" in found.stdout


def test_the_serving_process_never_imports_torch() -> None:
    code = (
        "import sys, cli.main, cli.service, api.app, worker.app, services.engines.vectors.edge, services.engines.openvino;"
        "print(sorted({'torch', 'sentence_transformers', 'transformers', 'pymupdf', 'trafilatura', 'scrapy'} & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
