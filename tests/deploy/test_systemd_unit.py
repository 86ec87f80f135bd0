"""The example unit is understood by systemd, and keeps what it promises of hardening."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.server import ROOT

UNIT = ROOT / "deploy" / "tidings.service"
# systemd's own scale: 0 is locked in, 10 is exposed; services without hardening have 9.6.
MOST_EXPOSED = 25  # in tenths


def directives() -> configparser.SectionProxy:
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(UNIT.read_text())
    return parser["Service"]


def test_it_runs_the_command_as_nobody_special_and_writes_one_folder() -> None:
    service = directives()
    assert service["ExecStart"].endswith("/tidings up")
    assert service["User"] == "tidings"
    assert f"TIDINGS_DATA_DIR=/var/lib/{service['StateDirectory']}" in service["Environment"].split()
    assert service["ProtectSystem"] == "strict"
    assert service["NoNewPrivileges"] == "yes"
    assert service["CapabilityBoundingSet"] == ""
    assert "MemoryDenyWriteExecute" not in service


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_understands_it_and_counts_it_as_hardened(tmp_path: Path) -> None:
    unit = tmp_path / "tidings.service"
    unit.write_text(UNIT.read_text().replace("/opt/tidings/bin/tidings", sys.executable))
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)], capture_output=True, text=True, timeout=60, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--threshold={MOST_EXPOSED}",
        "--json=short",
        str(unit),
    ]
    hardened = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    open_ends = [each["json_field"] for each in json.loads(hardened.stdout) if not each["set"]]
    assert hardened.returncode == 0, open_ends
