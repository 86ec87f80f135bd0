"""Quality and its reasons."""

from __future__ import annotations

import pytest

from services.ingest.assess import assess
from services.ingest.types import Article

STORY = "Officials in the northern city said on Tuesday that many people had been moved to safety. " * 10


def test_an_ordinary_story_has_full_quality() -> None:
    text = "\n\n".join(f"{number} {STORY}" for number in range(5))
    assert assess(Article(title="A story", text=text)).quality == 1.0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Brief.", "short"),
        ("\n".join(["Share this page"] * 40), "repetitive"),
        ("\n".join(f"Menu item number {number}" for number in range(200)), "no_sentences"),
        ("\ufffd\ufffdx " * 200, "garbled"),
        (STORY[:400] + " Subscribe to continue reading.", "paywall"),
        (STORY[:300] + " We and our 812 partners use cookies.", "consent"),
    ],
)
def test_poor_texts_are_given_their_reason(text: str, reason: str) -> None:
    article = assess(Article(title="", text=text))
    assert reason in article.quality_reasons
    assert 0 < article.quality < 1


def test_reasons_of_extraction_are_kept_and_counted() -> None:
    article = assess(Article(title="", text=STORY, quality_reasons=("low_confidence_encoding",)))
    assert article.quality_reasons == ("low_confidence_encoding",)
    assert article.quality == 0.6


def test_a_short_text_in_ideographs_is_not_short() -> None:
    assert "short" not in assess(Article(title="", text="新闻报道今天说了很多事情。" * 10)).quality_reasons


def test_long_stories_about_subscriptions_are_no_paywall() -> None:
    assert "paywall" not in assess(Article(title="", text=STORY * 3 + "Subscribe to continue reading.")).quality_reasons
