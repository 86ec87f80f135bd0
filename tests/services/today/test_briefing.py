"""The newest stories in a sentence each: quoted exactly, one per story, from the time that is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.models import Document, utc_now
from services.scope import Scope
from services.today.briefing import Briefing, briefing
from tests.factories import html_document, store, text_document

STORIES = {
    "Ferry returns to Wexmouth": "He was there.|The first ferry in nine days left the harbour of Wexmouth on Saturday morning, the company said.",
    "Glass museum opens in Orlen": "A museum of glass and clocks has opened in the old mill of Orlen after two years of work.",
    "Rates raised": "The central bank raised interest rates by a quarter point on Monday to slow the rise of prices.",
    "Crane broken": "Nobody can say when the crane on the eastern quay will lift containers from the ships again.",
    "Bees counted": "Volunteers have counted forty kinds of wild bees in the gardens of the northern suburbs this spring.",
    "School closed": "A primary school will stay shut until the new boiler has been delivered and put in, parents were told.",
}


def publish(scope: Scope, title: str, text: str, *, hours: float, host: str = "a", **values: object) -> Document:
    """Store a page of so many hours ago."""
    url = f"https://{host}.example/{title.replace(' ', '-')}"
    document = store(scope, html_document(title, text, url=url))
    with scope.write() as tx:
        row = tx.session.get_one(Document, document.id)
        row.published_at = utc_now() - timedelta(hours=hours)
        for name, value in values.items():
            setattr(row, name, value)
    return row


def told(found: Briefing) -> list[str]:
    return [story.document.title for story in found.stories]


def test_each_sentence_stands_where_it_says(scope: Scope) -> None:
    for hours, (title, text) in enumerate(STORIES.items()):
        publish(scope, title, text, hours=hours)
    found = briefing(scope)
    assert told(found) == list(STORIES)[:5]
    assert (found.documents, found.is_current) == (6, True)
    assert found.until - found.since == timedelta(days=1)
    for story in found.stories:
        with scope.read() as tx:
            text = tx.session.get_one(Document, story.document.id).text
        assert text is not None
        assert text[story.start : story.end] == story.sentence
    assert found.stories[0].sentence.startswith("The first ferry in nine days")


def test_a_story_is_told_once(scope: Scope) -> None:
    (first, text), (second, other), (third, last), *_ = STORIES.items()
    original = publish(scope, first, text, hours=1)
    publish(scope, "The same text", text + " (ht)", hours=2, host="b", original_id=original.id)
    publish(scope, "First ferry in nine days leaves", text.replace("Saturday", "the weekend"), hours=3, host="c")
    publish(scope, second, other, hours=4)
    publish(scope, third, last, hours=5)
    found = briefing(scope)
    assert told(found) == [first, second, third]
    assert (found.documents, found.stories[0].copies.outlets) == (4, 1)


@pytest.mark.parametrize(
    ("hours", "days", "is_current"),
    [((1, 2, 3), 1, True), ((1, 30, 60), 3, True), ((1, 100), 7, True), ((500, 501), 7, False)],
)
def test_a_day_with_few_stories_is_made_longer_and_an_old_library_says_so(
    scope: Scope, hours: tuple[float, ...], days: int, is_current: bool
) -> None:
    for age, (title, text) in zip(hours, STORIES.items(), strict=False):
        publish(scope, title, text, hours=age)
    found = briefing(scope)
    assert (len(found.stories), found.documents, found.is_current) == (len(hours), len(hours), is_current)
    assert found.until - found.since == timedelta(days=days)
    assert (utc_now() - found.until < timedelta(minutes=5)) is is_current


def test_what_may_not_be_quoted_and_what_is_no_news_is_left_out(scope: Scope) -> None:
    titles = list(STORIES)
    values = ({"directives": ["nosnippet"]}, {"directives": ["no_ai"]}, {"max_snippet": 20}, {"category": "opinion"})
    for title, value in zip(titles, values, strict=False):
        publish(scope, title, STORIES[title], hours=1, **value)
    publish(scope, titles[4], STORIES[titles[4]], hours=2, max_snippet=200)
    publish(scope, "A heading alone", "Read more below", hours=3)
    publish(scope, titles[5], STORIES[titles[5]], hours=-3)
    found = briefing(scope)
    assert told(found) == [titles[4]]
    assert found.documents == 6


def test_uploads_are_told_when_they_are_asked_for(scope: Scope) -> None:
    assert briefing(scope, uploads=True).documents == 0
    store(scope, text_document(STORIES["Rates raised"], title="Rates"))
    assert briefing(scope).documents == 0
    assert told(briefing(scope, uploads=True)) == ["Rates"]
