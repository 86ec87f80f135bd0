"""Names of the cases for a process: `python names.py TABLE ...` runs `-m crawler` with them, anything else as it is.

Started in place of the interpreter, since the crawl process inherits nothing that could carry such a table. Names that
are in no table do not exist, so that no case asks a real resolver.
"""

from __future__ import annotations

import ipaddress
import json
import os
import runpy
import socket
import stat
import sys
from pathlib import Path
from typing import Any

# Names that every machine has, and which lead to it.
OWN = ("localhost", "ip6-localhost")


def use(names: dict[str, str]) -> None:
    """Resolve these names to their addresses (divided by spaces), and no other ones, in this process."""
    real, real_by_name = socket.getaddrinfo, socket.gethostbyname

    def addresses(host: Any) -> list[str]:
        name = host.decode() if isinstance(host, bytes) else str(host or "")
        plain = name.rstrip(".").lower()
        if plain in names:
            return names[plain].split()
        if any(letter.isalpha() for letter in plain.replace("0x", "")) and ":" not in plain and plain not in OWN:
            raise socket.gaierror(socket.EAI_NONAME, f"{name!r} is not a name of these cases")
        return [name]

    def getaddrinfo(host: Any, port: Any, *more: Any, **named: Any) -> list[Any]:
        return [entry for address in addresses(host) for entry in real(address, port, *more, **named)]

    def gethostbyname(host: str) -> str:
        found = [address for address in addresses(host) if ":" not in address]
        return real_by_name(found[0] if found else host)

    socket.getaddrinfo, socket.gethostbyname = getaddrinfo, gethostbyname


def interpreter(folder: Path, names: dict[str, str]) -> Path:
    """A program to start in place of Python, for which these names exist."""
    for address in " ".join(names.values()).split():
        ipaddress.ip_address(address)
    table, program = folder / "names.json", folder / "python"
    table.write_text(json.dumps(names))
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{Path(__file__).resolve()}" "{table}" "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


def main() -> None:
    """As the interpreter would."""
    table, *arguments = sys.argv[1:]
    if arguments[-2:] != ["-m", "crawler"]:
        os.execv(sys.executable, [sys.executable, *arguments])
    # What -P does: nothing beside this file is imported.
    sys.path.pop(0)
    use(json.loads(Path(table).read_text()))
    sys.argv = ["crawler"]
    runpy.run_module("crawler", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
