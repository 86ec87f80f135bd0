"""The distributed profile with a proxy before each server."""

from __future__ import annotations

from sqlalchemy import make_url

from tests.chaos.proxy import Proxy
from tests.stack import Stack


class ProxiedStack(Stack):
    """Our processes know only the proxies: `postgres`, `redis` and `qdrant`."""

    proxies: dict[str, Proxy]

    def start_servers(self) -> ProxiedStack:
        """Start the servers and the proxies."""
        super().start_servers()
        self.proxies = {
            "postgres": proxy_of(self.database.url),
            "redis": Proxy(self.redis.port),
            "qdrant": Proxy(int(self.qdrant.url.rsplit(":", 1)[1])),
        }
        self.environment |= {
            "TIDINGS_DATABASE_URL": proxied(self.database.url, self.proxies["postgres"]),
            "TIDINGS_DATABASE_ADMIN_URL": proxied(self.database.admin_url, self.proxies["postgres"]),
            "TIDINGS_BROKER_URL": f"redis://127.0.0.1:{self.proxies['redis'].port}/0",
            "TIDINGS_QDRANT_URL": f"http://127.0.0.1:{self.proxies['qdrant'].port}",
        }
        return self

    def close(self) -> None:
        """Proxies last: nobody should notice."""
        super().close()
        for proxy in self.proxies.values():
            proxy.close()


def proxy_of(url: str) -> Proxy:
    """A proxy before the server of a database's URL."""
    place = make_url(url)
    return Proxy(place.port or 5432, place.host or "127.0.0.1")


def proxied(url: str, proxy: Proxy) -> str:
    """A database's URL, through a proxy that can read what passes."""
    place = make_url(url).set(host="127.0.0.1", port=proxy.port).update_query_dict({"sslmode": "disable"})
    return place.render_as_string(hide_password=False)
