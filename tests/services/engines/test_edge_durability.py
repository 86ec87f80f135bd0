"""What Edge promises about crashes and second openers, seen with real processes that are really killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from services.engines.vectors.base import HybridQuery, VectorFilter
from services.engines.vectors.edge import EdgeVectors
from services.errors import EngineUnavailable

ROUNDS = 5
ACKNOWLEDGED_PER_ROUND = 24

# Stores batches of 1, 40 and 100 points for ever and says so after each, in one write, which a kill cannot cut in two;
# every third document is stored, then deleted.
WRITER = """
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
import numpy as np
from services.engines.vectors import edge
from services.engines.vectors.base import Point

edge.FLUSH_POINTS = 256  # several flushes per round, so that kills fall before, in and after one
store = edge.EdgeVectors(Path(sys.argv[1]))
store.ensure("tenant", 16)
number = int(sys.argv[2])
while True:
    size = (1, 40, 100)[number % 3]
    vector = np.ones(16, dtype=np.float32)
    name = f"doc{number}"
    store.upsert("tenant", [
        Point(name, 1, ordinal, f"storm number{number}", "en", vector, "s", "html", datetime(2026, 5, 3, tzinfo=UTC))
        for ordinal in range(size)
    ])
    os.write(1, f"stored {name} {size}\\n".encode())
    if number % 3 == 2:
        store.delete_documents("tenant", [name])
        os.write(1, f"deleted {name} {size}\\n".encode())
    number += 1
"""


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.Popen(
        [sys.executable, "-c", script, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def test_nothing_acknowledged_is_lost_when_the_process_is_killed(tmp_path: Path) -> None:
    stored: dict[str, int] = {}
    deleted: set[str] = set()
    for turn in range(ROUNDS):
        writer = start(WRITER, str(tmp_path), str(turn * 1000))
        assert writer.stdout is not None
        for seen, line in enumerate(writer.stdout, start=1):
            verb, name, size = line.split()
            stored[name] = int(size)
            if verb == "deleted":
                deleted.add(name)
            if seen == ACKNOWLEDGED_PER_ROUND + turn:
                writer.send_signal(signal.SIGKILL)
        assert writer.wait() == -signal.SIGKILL, writer.stderr and writer.stderr.read()
        writer.stdout.close()
        writer.stderr and writer.stderr.close()

        # The last acknowledged document may have been under deletion when the process died.
        stored.popitem()
        kept = stored.keys() - deleted
        store = EdgeVectors(tmp_path)
        counts = {name: store.count("tenant", document_id=name) for name in stored}
        assert {name: counts[name] for name in kept} == {name: stored[name] for name in kept}
        assert [name for name in deleted if counts.get(name)] == []
        probe = min(kept)
        by_word = store.query("tenant", HybridQuery(f"number{probe[3:]}", None, limit=1))
        assert by_word[0].document_id == probe
        by_vector = store.query(
            "tenant", HybridQuery("", np.ones(16, dtype=np.float32), 1, VectorFilter(document_ids=(probe,)))
        )
        assert by_vector[0].cosine == pytest.approx(1.0, abs=1e-6)
        store.close()
    assert len(stored) > ROUNDS * ACKNOWLEDGED_PER_ROUND / 2


def test_a_second_process_is_refused_with_a_reason(tmp_path: Path) -> None:
    store = EdgeVectors(tmp_path)
    store.ensure("tenant", 16)
    assert store.count("tenant") == 0
    second = start(
        "import sys; from pathlib import Path; from services.engines.vectors.edge import EdgeVectors\n"
        "EdgeVectors(Path(sys.argv[1])).count('tenant')",
        str(tmp_path),
    )
    _, errors = second.communicate()
    assert "EngineUnavailable: Search index 'tenant' is open in another process" in errors
    with pytest.raises(EngineUnavailable, match="open in another process"):
        EdgeVectors(tmp_path).count("tenant")
    store.close()
    third = EdgeVectors(tmp_path)
    assert third.count("tenant") == 0
    third.close()
