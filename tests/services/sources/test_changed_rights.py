"""A publisher that changes its mind: what it withdraws later is gone from every read, and what it allows less is shown less."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.answer.answer import answer, get_answer
from services.answer.types import Done, Question
from services.errors import NotFound
from services.ingest.documents import count_by_status, read_text
from services.models import CrawlItem, Document, Source, utc_now
from services.scope import Scope
from services.search.query import Query
from services.search.search import search
from services.sources.crawl import Answer, Visit, begin_visit, pending, record_poll
from services.sources.pages import End, claim, finish_page
from services.sources.takedown import take_down
from tests.factories import do_work, make_source

STORY = "https://news.example.org/story-one"
HTML = ("content-type", "text/html")
WORDS = "The council of Harbourtown decided to paint the zebra crossings after a long debate on Monday."


def html(meta: str = "", words: str = WORDS) -> bytes:
    head = f"<title>Zebra crossings</title>{meta}"
    text = f"{words} The mayor of Harbourtown said the zebra crossings would be painted in spring."
    return f'<!doctype html><html lang="en"><head>{head}</head><body><article><h1>Zebra crossings</h1><p>{text}</p></article></body></html>'.encode()


def robots(words: str) -> str:
    return f'<meta name="robots" content="{words}">'


class Revisits:
    """A feed of stories that is read again and again, its titles changing each time so that all are fetched."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.source = make_source(scope)
        self.count = 0

    def begin(self, *urls: str, text: str = "") -> Visit:
        self.count += 1
        with self.scope.write() as tx:
            tx.session.execute(tx.update(CrawlItem).values(fetched_at=utc_now() - timedelta(hours=30)))
            tx.session.execute(tx.update(Source).values(next_poll_at=utc_now()))
        now = utc_now()
        visit = begin_visit(self.scope, self.source.id, f"job_{self.count}", manual=False, now=now)
        assert visit is not None
        entries = "".join(
            f"<item><title>Title {self.count}</title><link>{url}</link><guid>{url}</guid>"
            f"<description>{text}</description></item>"
            for url in urls
        )
        feed = f'<rss version="2.0"><channel><title>News</title>{entries}</channel></rss>'.encode()
        headers = (("content-type", "application/rss+xml"),)
        record_poll(self.scope, visit, Answer(visit.url, visit.url, now, 200, headers, feed))
        return visit

    def fetch(
        self, visit: Visit, content: bytes, headers: tuple[tuple[str, str], ...] = (), to: str | None = None
    ) -> list[End]:
        ends = []
        for item in pending(self.scope, visit, utc_now(), 50):
            taken = claim(self.scope, visit, item, utc_now())
            assert taken is not None
            reply = Answer(taken.url, to or taken.url, utc_now(), 200, (HTML, *headers), content)
            end = finish_page(self.scope, visit, taken, reply)
            assert end is not None
            ends.append(end)
        do_work(self.scope.runtime)
        return ends

    def see(self, content: bytes, *headers: tuple[str, str], text: str = "", to: str | None = None) -> End:
        [end] = self.fetch(self.begin(STORY, text=text), content, headers, to)
        return end


@pytest.fixture
def revisits(scope: Scope) -> Revisits:
    return Revisits(scope)


def ask(scope: Scope) -> str:
    done = list(answer(scope, Question("What did the council of Harbourtown decide about zebra crossings?")))[-1]
    assert isinstance(done, Done)
    assert get_answer(scope, done.answer_id)[1]
    return done.answer_id


def only(scope: Scope) -> Document:
    with scope.read() as tx:
        [row] = tx.session.scalars(tx.select(Document)).all()
    return row


@pytest.mark.parametrize(
    "meta", [robots("noindex"), robots("noarchive"), robots("noai"), robots("unavailable_after: 2020-01-01")]
)
def test_a_page_withdrawn_later_is_gone(scope: Scope, revisits: Revisits, meta: str) -> None:
    assert revisits.see(html()).state == "stored"
    answer_id = ask(scope)
    assert revisits.see(html(meta)).state == "reserved"
    assert search(scope, Query("zebra crossings")).hits == []
    assert count_by_status(scope) == {}
    with pytest.raises(NotFound):
        get_answer(scope, answer_id)


def test_a_page_that_moved_and_is_withdrawn_there_is_gone(scope: Scope, revisits: Revisits) -> None:
    revisits.see(html(), to="https://news.example.org/moved-here")
    assert revisits.see(html(robots("noindex")), to="https://news.example.org/moved-again").state == "reserved"
    assert count_by_status(scope) == {}


def test_feed_text_replaces_a_page_that_is_reserved_later(scope: Scope, revisits: Revisits) -> None:
    revisits.see(html())
    revisits.see(html(robots("noarchive")), text="What the feed says.", to="https://news.example.org/moved")
    row = only(scope)
    assert "debate" not in read_text(scope, row.id).text


def test_another_address_of_the_same_bytes_stays_when_one_is_withdrawn(scope: Scope, revisits: Revisits) -> None:
    copy = "https://news.example.org/copy"
    ends = revisits.fetch(revisits.begin(STORY, copy), html())
    assert {end.state for end in ends} == {"stored", "duplicate"}
    stored = only(scope).url
    visit = revisits.begin(STORY, copy)
    for item in pending(scope, visit, utc_now(), 50):
        taken = claim(scope, visit, item, utc_now())
        assert taken is not None
        content = html() if taken.url == stored else html(robots("noindex"))
        finish_page(scope, visit, taken, Answer(taken.url, taken.url, utc_now(), 200, (HTML,), content))
    assert count_by_status(scope) == {"ready": 1}


def test_changed_rights_over_the_same_bytes_count(scope: Scope, revisits: Revisits) -> None:
    revisits.see(html())
    answer_id = ask(scope)
    assert revisits.see(html(), ("x-robots-tag", "nosnippet, unavailable_after: 2099-01-01")).state == "unchanged"
    [hit] = search(scope, Query("zebra crossings")).hits
    assert hit.withheld
    assert only(scope).expires_at is not None
    with pytest.raises(NotFound):
        get_answer(scope, answer_id)
    revisits.see(html())
    assert not only(scope).directives


def test_the_rights_of_another_address_of_the_same_bytes_do_not_count(scope: Scope, revisits: Revisits) -> None:
    revisits.see(html())
    other = revisits.begin("https://news.example.org/copy")
    revisits.fetch(other, html(), (("x-robots-tag", "nosnippet"),))
    assert not only(scope).directives


@pytest.mark.parametrize("words", ["nosnippet", "max-snippet:20"])
def test_a_new_version_that_may_be_shown_less_takes_answers_along(scope: Scope, revisits: Revisits, words: str) -> None:
    revisits.see(html())
    answer_id = ask(scope)
    assert revisits.see(html(robots(words))).state == "stored"
    with pytest.raises(NotFound):
        get_answer(scope, answer_id)


def test_a_stored_answer_shows_no_more_than_its_documents_may_show(scope: Scope, revisits: Revisits) -> None:
    revisits.see(html())
    answer_id = ask(scope)
    with scope.write() as tx:
        tx.session.execute(tx.update(Document).values(max_snippet=20))
    _, sentences, sources = get_answer(scope, answer_id)
    assert sentences == []
    assert [len(source.text) <= 20 for source in sources] == [True]
    with scope.write() as tx:
        tx.session.execute(tx.update(Document).values(directives=["no_ai"]))
    assert get_answer(scope, answer_id)[1:] == ([], [])


def test_a_take_down_while_pages_are_fetched_keeps_them_out(scope: Scope, revisits: Revisits) -> None:
    visit = revisits.begin(STORY, "https://news.example.org/second")
    first, second = pending(scope, visit, utc_now(), 5)
    taken = claim(scope, visit, first, utc_now())
    assert taken is not None
    take_down(scope, "example.org", "The publisher asked.")
    end = finish_page(scope, visit, taken, Answer(taken.url, taken.url, utc_now(), 200, (HTML,), html()))
    assert end is not None
    assert (end.state, end.reason) == ("refused", "taken_down")
    assert claim(scope, visit, second, utc_now()) is None
    with scope.read() as tx:
        ended = {(row.state, row.reason) for row in tx.session.scalars(tx.select(CrawlItem))}
    assert ended == {("refused", "taken_down")}
    assert count_by_status(scope) == {}


@pytest.mark.parametrize("meta", ["", robots("noindex"), robots("noarchive")])
def test_an_ended_url_keeps_only_the_title_its_feed_gave(scope: Scope, revisits: Revisits, meta: str) -> None:
    revisits.see(html(meta), text="The feed tells the whole story.")
    assert hints(scope) == [{"title": "Title 1"}]


def test_a_take_down_leaves_nothing_of_what_feeds_said(scope: Scope, revisits: Revisits) -> None:
    revisits.begin(STORY, "https://bad.example/1", text="The feed tells the whole story.")
    take_down(scope, "bad.example", "The publisher asked.")
    assert sorted(hints(scope), key=len) == [{}, {"title": "Title 1", "text": "The feed tells the whole story."}]


def hints(scope: Scope) -> list[dict[str, object]]:
    with scope.read() as tx:
        return list(tx.session.scalars(tx.select_columns(CrawlItem, CrawlItem.hints)))
