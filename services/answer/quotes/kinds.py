"""What kind of thing a question asks for, and how well a sentence says such a thing: a sum, a length, a moment, a cause.

For English, German, French and Spanish by their question words; other questions have no kind, and all sentences are alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from services.answer.claims.facts import facts_of
from services.answer.conflicts import ANY_UNIT, counted, quantity
from services.answer.extractive import CAUSE, WHY

QUANTITY = re.compile(
    r"(?i)\bhow (?:many|much|long|far|high|low|tall|large|big|deep|wide|heavy|old|fast|often)\b"
    r"|\b(?:what|which) (?:\w+ ){0,3}(?:price|cost|sum|amount|number|height|level|size|value|share|percentage|load)\b"
    r"|\bwie (?:viele?|lange|hoch|teuer|gro(?:ß|ss)|weit|alt|tief|schwer|oft)\b|\bkostet\b|\bcombien\b|\bcu[aá]nt[oa]s?\b"
)
WHEN = re.compile(
    r"(?i)\bwhen\b|\b(?:what|which) (?:day|date|year|month|time|hours)\b|\bopening hours\b|\bwann\b|\bquand\b|\bcu[aá]ndo\b"
)
FOR_WHAT = re.compile(r"(?i)^\W*(?:and |but |und |et |y )?(?:why|warum|wieso|weshalb|pourquoi|por qué)\b")
WHO = re.compile(r"(?i)^\W*(?:and |but )?(?:who|whom|whose)\b")
SPAN_ASKED = re.compile(r"(?i)\bhow long\b|\bwie lange\b|\bcombien de temps\b|\bcu[aá]nto tiempo\b")
SUM_ASKED = re.compile(
    r"(?i)\b(?:price|costs?|paid|pays?|spen[dt]|worth|money|damage|kosten|kostet|teuer|preis|bezahlt\w*|schaden"
    r"|co[uû]t\w*|prix|pa(?:ye|yé)\w*|cuesta\w*|precio|cost[oóa]\w*)\b"
)
NUMBER = r"(?:\d[\d.,]*|an?|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|ein\w{0,2}|zwei|drei|vier|fünf|sechs"
NUMBER += (
    r"|sieben|acht|neun|zehn|une?|deux|trois|quatre|cinq|six|sept|huit|neuf|dix|un[ao]?|dos|tres|cuatro|cinco|seis)"
)
SPAN = (
    r"(?:minut\w+|hours?|days?|weeks?|months?|years?|decades?|stunden?|tag(?:en?)?|wochen?|monat(?:en?)?|jahr(?:en?)?"
    r"|heures?|jours?|semaines?|mois|ans?|années?|horas?|días?|semanas?|mes(?:es)?|años?)"
)
# How long something lasts, or until when.
DURATION = re.compile(
    rf"(?i)\b{NUMBER}[ -]{SPAN}\b|\b(?:until|till|bis|jusqu\w*|hasta)\b|\b(?:half|halbe[sn]?|quarter of) an? (?:hour|year)\b"
)
SUM = re.compile(
    r"(?i)[$€£¥]|\b(?:crowns?|dollars?|euros?|pounds?|yen|francs?|pesos?|kronen?|pfund|franken|livres?|couronnes?|coronas?)\b"
)
MOMENT = re.compile(
    rf"(?i)\b(?:today|tomorrow|yesterday|tonight|noon|midnight|heute|gestern|demain|hier|aujourd'hui|mañana|ayer|hoy)\b"
    rf"|\b(?:next|last|this|coming|nächste\w?|letzte\w?|diese\w?) (?:week|month|year|morning|evening|night|{SPAN})\b"
    rf"|\b(?:in|within|after|for|since|vor|nach|seit|dans|depuis|en|hace|dentro de) {NUMBER} {SPAN}\b"
    rf"|\b{NUMBER} {SPAN} (?:ago|later|earlier|old|before|after)\b|\b(?:a\.m|p\.m|o'clock)\b|\b\d\d?(?:[.:]\d\d)? uhr\b"
    r"|\b(?:in the (?:morning|afternoon|evening)|at night|(?:1[89]|20)\d\d|\d\d?\.? (?:januar|februar|märz|april|mai|juni|juli"
    r"|august|september|oktober|november|dezember|janvier|février|mars|avril|juin|juillet|août|septembre|octobre|novembre"
    r"|décembre|de [a-z]{4,10}))\b"
)

Says = Callable[[str], int]


def kind_of(question: str) -> Says:
    """How well a sentence says what a question asks for: 0 to 2, alike for all where it has no kind."""
    if FOR_WHAT.search(question):
        return lambda text: int(CAUSE.search(text) is not None)
    if QUANTITY.search(question):
        return lambda text: quantity_said(question, text)
    if WHEN.search(question):
        return lambda text: int(bool(facts_of(text).of("date")) or MOMENT.search(text) is not None)
    if WHO.search(question) and not facts_of(question).of("name"):
        return lambda text: int(any(token.sure for token in facts_of(text).of("name")))
    return lambda text: int(CAUSE.search(text) is not None) if WHY.search(question) else 0


def asks_figure(question: str) -> bool:
    """Whether a question asks for a quantity or a moment, which a later report may give anew."""
    return not FOR_WHAT.search(question) and bool(QUANTITY.search(question) or WHEN.search(question))


def quantity_said(question: str, text: str) -> int:
    """2 for a figure of what is counted or in the unit that is asked for, 1 for another one that may do, 0 for none."""
    spans, sums = SPAN_ASKED.search(question), SUM_ASKED.search(question)
    numbers = facts_of(text).of("number", "ordinal")
    if spans or sums:
        return 2 * bool((spans and DURATION.search(text)) or (sums and numbers and SUM.search(text)))
    asked = quantity(question)
    if asked is None or not numbers:
        return int(bool(numbers))
    if asked.counted:
        return 1 + any(asked.counted in counted(facts_of(text), token) for token in numbers)
    if asked.units == ANY_UNIT:
        return 1
    return 2 * any(token.unit in asked.units for token in numbers)
