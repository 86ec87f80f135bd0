"""`python -m tests.grounding FOLDER`: writes tuning.jsonl and held-out.jsonl, for `tidings eval answers`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.grounding.claims import claims

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, held_out in (("tuning", False), ("held-out", True)):
    lines = [json.dumps(each, ensure_ascii=False) for each in claims(held_out=held_out)]
    (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    sys.stdout.write(f"{name}: {len(lines)} claims\n")
