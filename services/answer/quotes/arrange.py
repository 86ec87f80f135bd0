"""The order in which key sentences are shown: first one that can be read alone and says what was asked, old figures last.

Which sentences are shown was decided by `extractive`; one may be exchanged for what it leans on, or for the sentence that
corrects it. Nothing here costs an embedding.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

from services.answer.claims.facts import facts_of
from services.answer.extractive import MAX_SENTENCES, Choice
from services.answer.quotes.corrections import Denial
from services.answer.quotes.kinds import Says, asks_figure, kind_of
from services.ingest.sentences import stands_alone


def arrange(
    choices: Sequence[Choice], collected: Sequence[Choice], question: str, outdated: Mapping[Choice, Denial]
) -> list[Choice]:
    """Chosen sentences, best first, in the order in which they are shown: at most MAX_SENTENCES.

    `collected`: all sentences that were read, in the order of their texts; `outdated`: those whose figure no longer holds.
    Where a figure is asked for, what holds is shown before it, and what was taken back comes last.
    """
    says = kind_of(question)
    # Six weeks that became five months are no matter where a price is asked for.
    matters = {each: denial for each, denial in outdated.items() if denial.by is None or says(denial.by.text)}
    outdated = matters if asks_figure(question) else {}
    added = [denial.by for denial in outdated.values() if denial.by is not None and denial.by not in choices]
    fresh = [*dict.fromkeys(added), *(choice for choice in choices if choice not in outdated)]
    order = lead(fresh, says, words_of(question), preceding(collected))
    old = [choice for choice in choices if choice in outdated]
    order = order[: max(1, MAX_SENTENCES - len(old))]
    for choice in reversed(old):
        by = outdated[choice].by
        if by in order and not outdated[choice].is_taken_back:
            order.insert(order.index(by) + 1, choice)
            old.remove(choice)
    return [*order, *old][:MAX_SENTENCES]


def lead(choices: Sequence[Choice], says: Says, asked: frozenset[str], before: Mapping[Choice, Choice]) -> list[Choice]:
    """The sentences with one first that can be read alone: the one that says most of what was asked, else the best.

    Where that leans on the sentence before it and no other says as much, the one before it is shown for its sake. What else
    leans comes right after the one before it where that is shown, too.
    """
    if not choices:
        return []

    def worth(choice: Choice) -> tuple[int, int]:
        said = says(choice.text)
        return said, len(asked & facts_of(choice.text).keys) if said else 0

    order = list(choices)
    best = max(order, key=worth)
    if not stands_alone(best.text):
        best = next(
            (each for each in order if says(each.text) == says(best.text) > 0 and stands_alone(each.text)), best
        )
    first = best if stands_alone(best.text) else before.get(best)
    if first is None or not stands_alone(first.text):
        alone = [each for each in order if stands_alone(each.text)]
        first = max(alone, key=worth, default=best)
    elif first is not best:
        return [first, best, *(each for each in order if each not in (first, best))]
    order = [first, *(each for each in order if each != first)]
    for each in [each for each in order[1:] if not stands_alone(each.text) and before.get(each) in order]:
        order.remove(each)
        order.insert(order.index(before[each]) + 1, each)
    return order


def words_of(question: str) -> frozenset[str]:
    """What a question's words mean."""
    return frozenset(token.key for token in facts_of(question).of("word"))


def preceding(collected: Sequence[Choice]) -> dict[Choice, Choice]:
    """The sentence right before each one in its text, for those that have one close by."""
    found: dict[Choice, Choice] = {}
    for one, other in pairwise(collected):
        if one.source_index == other.source_index and 0 <= other.start - one.end <= 2:
            found[other] = one
    return found
