"""Making tenants while others do, and while the operator takes a domain down."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from services.errors import Conflict
from services.ids import new_id
from services.models import Tenant, Tombstone
from services.runtime import Runtime
from services.scope import Scope
from services.sources.takedown import take_down_everywhere
from services.tenants import tenants


def test_of_tenants_made_at_once_under_one_name_one_is_made(runtime: Runtime) -> None:
    start = Barrier(6)

    def make(_: int) -> bool:
        start.wait(10)
        try:
            tenants.create_tenant(runtime, "Newsroom")
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(6) as pool:
        assert sorted(pool.map(make, range(6))) == [False] * 5 + [True]


def test_a_take_down_reaches_tenants_that_are_made_meanwhile(runtime: Runtime) -> None:
    tenants.create_tenant(runtime, new_id("first"))
    start = Barrier(5)

    def make(_: int) -> Tenant:
        start.wait(10)
        return tenants.create_tenant(runtime, new_id("name"))

    with ThreadPoolExecutor(4) as pool:
        made = [pool.submit(make, number) for number in range(4)]
        start.wait(10)
        take_down_everywhere(runtime, "gone.example.org", "The publisher asked.")
        for tenant in [each.result() for each in made]:
            with Scope(runtime, tenant.id, "test").read() as tx:
                assert tx.session.scalars(tx.select(Tombstone)).one().domain == "gone.example.org"
