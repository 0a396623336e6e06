"""Tokenization of texts into windows that cover all tokens.

A longer text is split into overlapping windows of equal length. The overlap keeps a sentence at a window's end whole in
the next one; with equal lengths the mean over windows is a mean over tokens, and no padding is needed.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

_OVERLAP = 8  # 1/8 of a window's tokens are shared with the next
_PROBE = "a"


class WindowTokenizer:
    """A tokenizer that splits texts into windows. Not thread-safe (huggingface/tokenizers#537)."""

    def __init__(self, tokenizer: Any, size: int) -> None:
        """Wrap a tokenizer of transformers for windows of `size` tokens, special ones included."""
        self._tokenizer = tokenizer
        self._fast: Any = tokenizer.backend_tokenizer if tokenizer.is_fast else None
        if self._fast is not None:
            self._fast.no_truncation()
            self._fast.no_padding()
        self._before, self._after = self._special()
        self.size = size
        self._body = size - len(self._before) - len(self._after)
        self._max_word = self._max_word_pattern()

    def tokenize(self, texts: Sequence[str]) -> list[list[list[int]]]:
        """Return the windows of each text (at least one) as token ids, special ones included."""
        return [self._windows(ids) for ids in self._encode([self._clean(text) for text in texts])]

    def _windows(self, ids: list[int]) -> list[list[int]]:
        body = self._body
        if len(ids) <= body:
            return [self._window(ids)]
        overlap = body // _OVERLAP
        last = -(-(len(ids) - body) // (body - overlap))  # windows after the first
        starts = [round(index * (len(ids) - body) / last) for index in range(last + 1)]
        return [self._window(ids[start : start + body]) for start in starts]

    def _window(self, ids: list[int]) -> list[int]:
        return [*self._before, *ids, *self._after]

    def _clean(self, text: str) -> str:
        """Normalise the text to NFC with single spaces; replace lone surrogates, which tokenizers reject."""
        text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
        text = " ".join(text.split())
        return text if self._max_word is None else self._max_word.sub(r"\g<0> ", text)

    def _encode(self, texts: list[str]) -> list[list[int]]:
        if self._fast is not None:
            return [encoding.ids for encoding in self._fast.encode_batch_fast(texts, add_special_tokens=False)]
        ids: list[list[int]] = self._tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        return ids

    def _special(self) -> tuple[list[int], list[int]]:
        """Return the ids of the special tokens before and after a text."""
        plain = self._encode([_PROBE])[0]
        with_special: list[int] = self._tokenizer(_PROBE)["input_ids"]
        for start in range(len(with_special) - len(plain) + 1):
            if with_special[start : start + len(plain)] == plain:
                return with_special[:start], with_special[start + len(plain) :]
        return [], []

    def _max_word_pattern(self) -> re.Pattern[str] | None:
        """Return a pattern for the longest word that WordPiece can tokenize, or None if there is no limit.

        Longer words are split, as each would be one unknown token. The limit counts characters after normalisation,
        which may decompose Hangul syllables.
        """
        limit = getattr(getattr(self._fast, "model", None), "max_input_chars_per_word", None)
        if self._fast is None or limit is None:
            return None
        normalizer = self._fast.normalizer
        letters = len(normalizer.normalize_str("각")) if normalizer is not None else 1
        return re.compile(rf"\S{{{max(1, limit // max(1, letters))}}}(?=\S)")
