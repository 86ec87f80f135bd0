"""`python -m tests.demo_pack files|vectors`: makes what services/demo/pack holds and people do not write by hand.

`files` after a change of tests/demo_pack/files.py; `vectors` after any change of the pack, of the readers, of the
chunking or of the default model, and always after `files`.
"""

from __future__ import annotations

import argparse
from importlib import resources
from pathlib import Path

from tests.demo_pack.files import make_files
from tests.demo_pack.vectors import make_vectors


def main() -> None:
    """Write the files, or the vectors."""
    parser = argparse.ArgumentParser(prog="tests.demo_pack", description=__doc__)
    parser.add_argument("what", choices=("files", "vectors"))
    folder = Path(str(resources.files("services.demo") / "pack"))
    if parser.parse_args().what == "files":
        make_files(folder / "files")
    else:
        make_vectors(folder / "vectors.npz")


if __name__ == "__main__":
    main()
