"""Text to token ids, with the model's own tokenizer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from tokenizers import Encoding, Tokenizer

TokenIds = list[int]

# Lengths are rounded up so that few shapes occur: each new shape costs the engine a preparation and some memory.
# Steps of 8, 16 and 32 for chunks of 30 to 256 tokens took 242, 239 and 233 MB, at the same speed (2 cores, Nov 2026).
SHORT_STEP, LONG_STEP, LONG_FROM = 8, 16, 64


class TextTokens:
    """The model's tokenizer. May be used from any thread."""

    def __init__(self, path: Path, max_tokens: int) -> None:
        self._tokenizer = Tokenizer.from_file(str(path))
        # The file may carry its own limits: the packaged MiniLM's pads everything to 128 and cuts there.
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(max_tokens)

    def encode(self, texts: Sequence[str]) -> list[TokenIds]:
        """Ids with special tokens, cut at the model's limit, not padded."""
        return [encoding.ids for encoding in self._encode(texts, special=True)]

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens and not cut."""
        encodings = self._encode(texts, special=False)
        return [len(encoding.ids) + sum(len(rest.ids) for rest in encoding.overflowing) for encoding in encodings]

    def _encode(self, texts: Sequence[str], *, special: bool) -> list[Encoding]:
        readable = [
            text.encode("utf-8", "replace").decode() for text in texts
        ]  # a lone surrogate is a TypeError in there
        if len(readable) == 1:
            return [self._tokenizer.encode(readable[0], add_special_tokens=special)]
        return list(self._tokenizer.encode_batch(readable, add_special_tokens=special))


def padded(length: int) -> int:
    """The length that a row of this length is padded to."""
    step = SHORT_STEP if length <= LONG_FROM else LONG_STEP
    return -(-length // step) * step


def batches(rows: Sequence[TokenIds], budget_tokens: int) -> Iterator[list[int]]:
    """Row numbers by like length, longest first, each of at most `budget_tokens` with padding, or one row."""
    batch: list[int] = []
    width = 0
    for index in sorted(range(len(rows)), key=lambda index: -len(rows[index])):
        if batch and (len(batch) + 1) * width > budget_tokens:
            yield batch
            batch = []
        if not batch:
            width = padded(len(rows[index]))
        batch.append(index)
    if batch:
        yield batch
