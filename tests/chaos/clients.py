"""Clients of the random run: each drives one tenant and writes down what was acknowledged."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from tests.chaos.oracle import Expected
from tests.crawler.site import Reply, Site, feed, news_site, page

VERBS = {"upload": 5, "replace": 2, "delete": 2, "search": 3, "crawl": 1}
# Addresses whose pages change all the time, and pages that the feed shows at the beginning.
ADDRESSES, PAGES = 3, 6
PAUSE_SECONDS = (0.05, 0.3)
UNANSWERED = (httpx2.HTTPError,)
EXPECTED_STATUSES = {200, 202, 404, 409, 429, 503}
REPEAT_SECONDS = 60.0


@dataclass
class Tenant:
    """Who a client is: its key, its own site, and the source that follows the site's feed."""

    tenant_id: str
    key: str
    source_id: str
    site: Site


def make_site() -> Site:
    """A site with a feed; the addresses that change are not in it."""
    return news_site([f"/page-{number}" for number in range(PAGES)])


@dataclass
class Client:
    """One tenant's client. `live`: words that were acknowledged; `deleted` and `replaced`: no longer to be found.

    `shown`: the word that each changing address shows; `unsure`: addresses of which nobody said that they were taken.
    """

    number: int
    url: str
    tenant: Tenant
    history: Path
    seed: int
    live: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    replaced: set[str] = field(default_factory=set)
    shown: dict[str, str] = field(default_factory=dict)
    unsure: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        """Operate until told to stop."""
        chance = random.Random(self.seed)
        turn = 0
        with self.http() as http:
            while not stop.wait(chance.uniform(*PAUSE_SECONDS)):
                turn += 1
                word = f"canary{self.number}x{turn}"
                verb = chance.choices(list(VERBS), list(VERBS.values()))[0]
                if verb == "upload":
                    self.upload(http, word)
                elif verb == "replace":
                    self.replace(http, f"/changing-{chance.randrange(ADDRESSES)}", word)
                elif verb == "crawl":
                    self.crawl(http, f"/page-{PAGES + turn}")
                elif verb == "delete" and self.live:
                    self.delete(http, chance.choice(sorted(self.live)))
                elif verb == "search" and self.deleted:
                    self.search(http, chance.choice(sorted(self.deleted)))

    def http(self) -> httpx2.Client:
        """A connection with the tenant's key."""
        return httpx2.Client(base_url=self.url, headers={"Authorization": f"Bearer {self.tenant.key}"}, timeout=30)

    def ask(self, http: httpx2.Client, verb: str, word: str, method: str, path: str, **more: Any) -> Any:
        """One request, written down before and after; None when the outcome is not known or it was refused."""
        self.write("invoke", verb, word)
        try:
            answer = http.request(method, path, **more)
        except UNANSWERED as error:
            self.write("unknown", verb, word, type(error).__name__)
            self.counts[f"{verb} unanswered"] += 1
            return None
        self.write("ok" if answer.is_success else "fail", verb, word, answer.status_code)
        self.counts[f"{verb} {answer.status_code}"] += 1
        if answer.status_code not in EXPECTED_STATUSES:
            self.wrong.append(f"{verb} {word}: HTTP {answer.status_code} {answer.text[:300]}")
        return answer if answer.is_success else None

    def upload(self, http: httpx2.Client, word: str) -> None:
        """A new text."""
        text = "\n\n".join(f"{word} part {part}: {word} in harbour {part}." for part in range(20))
        answer = self.ask(http, "upload", word, "POST", "/v1/documents", json={"text": text, "title": f"Report {word}"})
        if answer is not None:
            self.live[word] = answer.json()["id"]

    def replace(self, http: httpx2.Client, path: str, word: str) -> None:
        """A page changes, and its address is brought again: its new text is all that is found."""
        if path in self.shown:
            self.replaced.add(self.shown[path])
        self.shown[path] = word
        self.tenant.site.routes[path] = Reply(page(f"Page {word}"))
        self.bring(http, path)

    def bring(self, http: httpx2.Client, path: str) -> bool:
        """Ask for an address; whether that was acknowledged."""
        url = f"{self.tenant.site.url}{path}"
        taken = self.ask(http, "replace", self.shown[path], "POST", "/v1/documents", json={"url": url}) is not None
        (self.unsure.discard if taken else self.unsure.add)(path)
        return taken

    def crawl(self, http: httpx2.Client, path: str) -> bool:
        """The feed shows one more page, and the source is visited before its turn; whether that was acknowledged."""
        site = self.tenant.site
        site.routes.setdefault(path, Reply(page(f"Page {path} of {site.port}")))
        site.routes["/feed"] = feed(site, self.pages())
        return self.ask(http, "crawl", path, "POST", f"/v1/sources/{self.tenant.source_id}/run") is not None

    def pages(self) -> list[str]:
        """What the feed is to show."""
        return sorted(path for path in self.tenant.site.routes if path.startswith("/page-"))

    def delete(self, http: httpx2.Client, word: str) -> None:
        """Remove one; when nobody answers it may be there or not."""
        document_id = self.live.pop(word)
        if self.ask(http, "delete", word, "DELETE", f"/v1/documents/{document_id}") is not None:
            self.deleted.add(word)

    def search(self, http: httpx2.Client, word: str) -> None:
        """What was deleted is never found again."""
        answer = self.ask(http, "search", word, "POST", "/v1/search", json={"query": word})
        if answer is not None and any(word in hit["document"]["title"].split() for hit in answer.json()["data"]):
            self.wrong.append(f"{word} was found after its deletion")

    def repeat(self) -> None:
        """What a client does in the end: ask again for what was not acknowledged, and for one more visit."""
        deadline = time.monotonic() + REPEAT_SECONDS
        with self.http() as http:
            wanted = [lambda path=path: self.bring(http, path) for path in sorted(self.unsure)]
            for ask in (*wanted, lambda: self.crawl(http, f"/page-{PAGES}")):
                while not ask():
                    assert time.monotonic() < deadline, "requests are refused though nothing is broken any more"
                    time.sleep(0.2)

    def expected(self) -> Expected:
        """What must be found, and what must not. A document that died with its worker ten times fails, visibly."""
        return Expected(
            (*sorted(self.live), *sorted(self.shown.values())),
            tuple(sorted(self.deleted | self.replaced)),
            or_failed=True,
        )

    def write(self, *told: Any) -> None:
        """One line of history."""
        with self.history.open("a") as file:
            file.write(json.dumps([round(time.time(), 3), self.number, *told]) + "\n")
