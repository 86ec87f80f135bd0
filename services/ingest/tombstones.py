"""Domains that were taken down, asked wherever something is about to be fetched or stored."""

from __future__ import annotations

from urllib.parse import urlsplit

from services.errors import TakenDown
from services.ingest import repository
from services.ingest.urls import normalise_url
from services.scope import Tx


def refuse_taken_down(tx: Tx, url: str) -> None:
    """Raise TakenDown when this address lies in a domain that was taken down, or below one; InvalidInput for no URL."""
    host = urlsplit(normalise_url(url)).hostname or ""
    tombstone = repository.tombstone_over(tx, host)
    if tombstone is not None:
        raise TakenDown(f"{tombstone.domain} was taken down and is not fetched. Lift the take-down first.")
