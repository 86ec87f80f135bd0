"""Write the API's contract, api/openapi.json: `python -m api.export`, or with `--check` compare and fail when it is old."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from api.app import create_app
from services.runtime import open_runtime
from services.settings import Settings

CONTRACT = Path(__file__).parent / "openapi.json"


def contract() -> str:
    """The OpenAPI document of this code, as it is committed."""
    with tempfile.TemporaryDirectory() as folder:
        runtime = open_runtime(Settings(data_dir=Path(folder)), with_bell=False)
        try:
            document = create_app(runtime).openapi()
        finally:
            runtime.close()
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=False) + "\n"


def main() -> None:
    """Write or check."""
    text = contract()
    if "--check" not in sys.argv:
        CONTRACT.write_text(text)
    elif CONTRACT.read_text() != text:
        sys.exit("api/openapi.json is not what the code says: run `make client` and commit the result.")


if __name__ == "__main__":
    main()
