"""`python -m tests.qdrant_server --port 0 --folder DIR [--api-key K]`: prints its address, then serves.

A stand-in for a Qdrant server where none is to be had: the same engine in one process, behind the part of the REST API
that Tidings uses. For tests only. It shows that several processes of ours share one server; it says nothing about the
speed, memory, clustering or durability of a real one, and no figure taken on it is a figure of Qdrant.
"""

from __future__ import annotations

import argparse
import socket
from pathlib import Path

import uvicorn

from tests.qdrant_server.app import StandIn


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(prog="tests.qdrant_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--api-key", default="")
    options = parser.parse_args()
    listening = socket.create_server(("127.0.0.1", options.port))
    app = StandIn(options.folder, options.api_key).app()
    print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)  # noqa: T201
    uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run(sockets=[listening])


if __name__ == "__main__":
    main()
