"""Rank 1. Text in, windows of token ids out: nothing of a text is left unread. May import transformers' tokenizers.

A text that fits is one window. A longer one becomes windows of one length, overlapping a little so that a sentence
cut by one is whole in the next; equal lengths make the plain mean over them a mean over tokens, and need no padding.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

_OVERLAP = 8  # a window's tokens / 8 are read again in the next
_PROBE = "a"


class Windows:
    """Cuts texts for one tokenizer. Not thread-safe, as tokenizers are not (huggingface/tokenizers#537)."""

    def __init__(self, tokenizer: Any, size: int) -> None:
        """`size`: tokens the model reads at once, special tokens included."""
        self._tokenizer = tokenizer
        self._fast = tokenizer.backend_tokenizer if tokenizer.is_fast else None
        if self._fast is not None:
            self._fast.no_truncation()
            self._fast.no_padding()
        self._before, self._after = self._special()
        self.size = size
        self._body = size - len(self._before) - len(self._after)
        self._run = self._longest_run()

    def cut(self, texts: Sequence[str]) -> list[list[list[int]]]:
        """The windows of each text, at least one: lists of token ids, special tokens included."""
        return [
            [[*self._before, *piece, *self._after] for piece in self._pieces(ids)]
            for ids in self._encode([self._clean(text) for text in texts])
        ]

    def _pieces(self, ids: list[int]) -> list[list[int]]:
        body = self._body
        if len(ids) <= body:
            return [ids]
        overlap = body // _OVERLAP
        last = -(-(len(ids) - body) // (body - overlap))  # windows after the first
        starts = (round(index * (len(ids) - body) / last) for index in range(last + 1))
        return [ids[start : start + body] for start in starts]

    def _clean(self, text: str) -> str:
        """NFC, one space for any white space, no lone surrogates (which a tokenizer refuses to take)."""
        text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
        text = " ".join(text.split())
        return text if self._run is None else self._run.sub(r"\g<0> ", text)

    def _encode(self, texts: list[str]) -> list[list[int]]:
        if self._fast is not None:
            return [encoding.ids for encoding in self._fast.encode_batch_fast(texts, add_special_tokens=False)]
        ids: list[list[int]] = self._tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        return ids

    def _special(self) -> tuple[list[int], list[int]]:
        """The ids that the tokenizer puts before and after a text."""
        plain = self._encode([_PROBE])[0]
        whole: list[int] = self._tokenizer(_PROBE)["input_ids"]
        for start in range(len(whole) - len(plain) + 1):
            if whole[start : start + len(plain)] == plain:
                return whole[:start], whole[start + len(plain) :]
        return [], []

    def _longest_run(self) -> re.Pattern[str] | None:
        """WordPiece reads a "word" longer than its limit as one unknown: a long review without spaces would go unread.
        Breaking such runs keeps them readable. The limit counts letters after normalisation, which may have taken
        a Hangul syllable apart."""
        limit = getattr(getattr(self._fast, "model", None), "max_input_chars_per_word", None)
        if self._fast is None or limit is None:
            return None
        normalizer = self._fast.normalizer
        letters = len(normalizer.normalize_str("각")) if normalizer is not None else 1
        return re.compile(rf"\S{{{max(1, limit // max(1, letters))}}}(?=\S)")
