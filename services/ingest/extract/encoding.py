"""From bytes to characters, with how sure we are."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from services.errors import ParseFailed

BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Bytes that plain text has besides printable ones: tab, line feed, vertical tab, form feed, return, escape (ISO-2022).
TEXT_CONTROLS = b"\t\n\x0b\x0c\r\x1b"
CONTROLS = bytes(set(range(32)) - set(TEXT_CONTROLS)) + b"\x7f"
SAMPLE_BYTES = 64 * 1024
WIDE_SAMPLE_BYTES = 2048
# Share of control bytes above which bytes are not text. Real texts have none; one stray byte in 50 is still readable.
MAX_CONTROL_SHARE = 0.02
SURE = 0.5
USUAL = "cp1252"
# Single-byte encodings decode anything: a guess among them is worth little without a claim that agrees.
CLAIM = re.compile(
    rb"""<meta[^>]{0,200}?charset\s*=\s*["']?\s*([\w.:-]{2,40})|<\?xml[^>]{0,100}encoding\s*=\s*["']([\w.:-]{2,40})""",
    re.IGNORECASE,
)
HEADER_CLAIM = re.compile(r"""charset\s*=\s*["']?\s*([\w.:-]{2,40})""", re.IGNORECASE)
# What the web means by these labels (WHATWG Encoding Standard, 4.2).
WEB_LABELS = {
    "iso8859-1": "cp1252",
    "ascii": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "euc_kr": "cp949",
    "iso8859-9": "cp1254",
    "tis_620": "cp874",
}


@dataclass(frozen=True)
class Decoded:
    """Characters, the encoding they were read with, and 0..1 how sure that is."""

    text: str
    encoding: str
    confidence: float


def decode(content: bytes, content_type: str | None = None) -> Decoded:
    """Decode text of unknown encoding.

    Order: byte order mark, UTF-16 by its zero bytes, strict UTF-8, the claim of HTTP header or document if it decodes,
    a statistical guess, and last UTF-8 with replaced bytes (confidence 0.1).
    Raises: ParseFailed `bad_encoding` when what comes out is only control characters.
    """
    decoded = _decode(content, content_type)
    visible = decoded.text[:SAMPLE_BYTES]
    if not any(char.isprintable() and not char.isspace() and char != "\ufffd" for char in visible):
        raise ParseFailed("bad_encoding", "The file holds no readable characters. Save it as UTF-8 text and try again.")
    return decoded


def peek(head: bytes) -> str:
    """Decode the first bytes well enough to look for markup; never raises."""
    encoding = _marked(head) or _unmarked_utf16(head) or "utf-8"
    return head.decode(encoding, "replace")


def looks_binary(content: bytes) -> bool:
    """Whether bytes are no text in any encoding. Only control characters is text, of the kind nobody can read."""
    sample = content[:SAMPLE_BYTES]
    if _marked(sample) or _unmarked_utf16(sample):
        return False
    controls = len(sample) - len(sample.translate(None, CONTROLS))
    return len(sample) * MAX_CONTROL_SHARE < controls < len(sample.translate(None, TEXT_CONTROLS + b" "))


def _decode(content: bytes, content_type: str | None) -> Decoded:
    encoding = _marked(content)
    if encoding:
        return Decoded(content.decode(encoding, "replace").removeprefix("\ufeff"), encoding, 1.0)
    encoding = _unmarked_utf16(content[:SAMPLE_BYTES])
    if encoding:
        return Decoded(content.decode(encoding, "replace"), encoding, 0.8)
    try:
        return Decoded(content.decode("utf-8"), "utf-8", 1.0)
    except UnicodeDecodeError:
        pass
    for claim in _claims(content, content_type):
        try:
            return Decoded(content.decode(claim), claim, 0.9)
        except UnicodeDecodeError:
            continue
    return _nearly_utf8(content) or _guess(content) or Decoded(content.decode("utf-8", "replace"), "utf-8", 0.1)


def _marked(content: bytes) -> str | None:
    return next((encoding for mark, encoding in BOMS if content.startswith(mark)), None)


def _unmarked_utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark: zero bytes on one side only, or (CJK) text that decodes to one block of letters."""
    if len(sample) < 4:
        return None
    sample = sample[: len(sample) & ~1]
    half = len(sample) // 2
    zeros_even, zeros_odd = sample[0::2].count(0), sample[1::2].count(0)
    if zeros_odd > half * 0.4 and zeros_even < half * 0.05:
        return "utf-16-le"
    if zeros_even > half * 0.4 and zeros_odd < half * 0.05:
        return "utf-16-be"
    return next((encoding for encoding in ("utf-16-le", "utf-16-be") if _is_cjk(sample, encoding)), None)


def _is_cjk(sample: bytes, encoding: str) -> bool:
    """Whether a wide reading makes sense: nearly all ideographs, kana or hangul, with the stops or spaces text has.

    Without the second condition a random pair of ASCII bytes, which falls into the ideographs, would pass.
    """
    sample = sample[:WIDE_SAMPLE_BYTES]
    if sample.isascii():
        return False
    text = sample.decode(encoding, "replace")
    letters = sum(
        "\u3040" <= char <= "\u30ff" or "\u4e00" <= char <= "\u9fff" or "\uac00" <= char <= "\ud7a3" for char in text
    )
    marks = sum(char in "。、，．！？「」 \n,." for char in text)
    return marks > 0 and letters + marks > len(text) * 0.9


def _claims(content: bytes, content_type: str | None) -> list[str]:
    """Encodings named by the HTTP header and by the document, as Python knows them."""
    header = HEADER_CLAIM.search(content_type or "")
    inside = CLAIM.search(content[:4096])
    names = [header[1]] if header else []
    if inside:
        names.append((inside[1] or inside[2]).decode("ascii"))
    found = []
    for name in names:
        try:
            codec = codecs.lookup(name)
        except LookupError:
            continue
        # Python's bytes-to-bytes and escape codecs (zip, hex, unicode_escape) are not character sets.
        if codec._is_text_encoding and codec.name not in (
            "unicode_escape",
            "raw-unicode-escape",
            "idna",
            "punycode",
            "undefined",
            "utf-7",
        ):
            found.append(
                WEB_LABELS.get(
                    codec.name.replace("-", "_") if codec.name.startswith(("shift", "euc", "tis")) else codec.name,
                    codec.name,
                )
            )
    return found


def _nearly_utf8(content: bytes) -> Decoded | None:
    """UTF-8 with a few broken bytes, as truncated or doubly joined files have."""
    text = content.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    wide = sum(byte >= 0xC2 for byte in content[:SAMPLE_BYTES])
    if broken * 20 <= max(wide, 1) or (broken <= 3 and wide > broken * 3):
        return Decoded(text, "utf-8", 0.6)
    return None


def _guess(content: bytes) -> Decoded | None:
    from charset_normalizer import from_bytes

    guesses = from_bytes(content[:SAMPLE_BYTES], cp_exclusion=["utf_7"])
    best = guesses.best()
    if best is None:
        return None
    # Short texts fit many an encoding of old PCs equally well; what people have is nearly always this one.
    usual = next((each for each in guesses if USUAL in each.could_be_from_charset), None)
    if usual and usual.chaos <= best.chaos + 0.01 and usual.coherence >= best.coherence - 0.1:
        best = usual
    encoding = USUAL if best is usual else best.encoding
    # Its own measures: `chaos` is the share of odd characters, `coherence` how much letters look like a language.
    confidence = round(max(0.1, min(0.9, (1 - best.chaos) * (0.3 + 0.6 * best.coherence))), 2)
    return Decoded(content.decode(encoding, "replace"), encoding, confidence)
