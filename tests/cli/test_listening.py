"""The socket that the gateway listens on."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from cli.service import bind
from services.settings import Settings


def test_small_answers_are_sent_at_once(tmp_path: Path) -> None:
    """Else each of two small writes, head and body, waits 40 ms for the other side's acknowledgement."""
    listening = bind(Settings(data_dir=tmp_path, port=0), 1)
    address = listening.getsockname()

    async def options() -> int:
        told: asyncio.Future[int] = asyncio.get_running_loop().create_future()

        def accepted(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            told.set_result(writer.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
            writer.close()

        server = await asyncio.start_server(accepted, sock=listening)
        _, writer = await asyncio.open_connection(*address)
        found = await told
        writer.close()
        server.close()
        return found

    assert asyncio.run(options()) == 1
