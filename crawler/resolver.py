"""Names to addresses for Scrapy: a name of which any address is not public has none at all.

Twisted asks here for each new connection, also for addresses written as numbers in any form, and connects to what it is
given. So what is checked is what is connected to.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any, ClassVar

from scrapy.crawler import Crawler
from scrapy.resolver import HostResolution
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.base import ReactorBase
from twisted.internet.interfaces import IHostnameResolver, IHostResolution, IResolutionReceiver
from twisted.internet.threads import deferToThreadPool
from zope.interface import implementer

from services.engines.addresses import is_public
from services.engines.egress import resolve


@implementer(IHostnameResolver)
class GuardedResolver:
    """Resolves with the system's resolver, in threads. `refused` remembers which names (host:port) were turned away."""

    refused: ClassVar[set[str]] = set()

    def __init__(self, reactor: ReactorBase, private_hosts: Sequence[str]) -> None:
        self.reactor = reactor
        self.private_hosts = frozenset(private_hosts)

    @classmethod
    def from_crawler(cls, crawler: Crawler, reactor: ReactorBase) -> GuardedResolver:
        """As Scrapy makes it."""
        return cls(reactor, crawler.settings.getlist("TIDINGS_PRIVATE_HOSTS"))

    def install_on_reactor(self) -> None:
        """Become the reactor's resolver."""
        self.reactor.installNameResolver(self)

    def resolveHostName(
        self,
        resolutionReceiver: IResolutionReceiver,
        hostName: str,
        portNumber: int = 0,
        addressTypes: Sequence[type[Any]] | None = None,
        transportSemantics: str = "TCP",
    ) -> IHostResolution:
        """Tell the receiver the addresses of a name; none when it may not be connected to."""
        resolution = HostResolution(hostName)
        resolutionReceiver.resolutionBegan(resolution)

        def told(addresses: list[str]) -> None:
            for address in addresses:
                kind = IPv6Address if ":" in address else IPv4Address
                resolutionReceiver.addressResolved(kind("TCP", address, portNumber))
            resolutionReceiver.resolutionComplete()

        looked_up = deferToThreadPool(
            self.reactor, self.reactor.getThreadPool(), self.checked_addresses, hostName, portNumber
        )
        looked_up.addErrback(lambda _: [])
        looked_up.addCallback(told)
        return resolution

    def checked_addresses(self, host: str, port: int) -> list[str]:
        """All addresses of a host, or none when one of them is not public and the operator did not allow the host."""
        name = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        addresses = resolve(host, port)
        if name.lower() in self.private_hosts:
            return addresses
        if not addresses or not all(is_public(ipaddress.ip_address(address)) for address in addresses):
            self.refused.add(name.lower())
            return []
        return addresses
