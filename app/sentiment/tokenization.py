"""Tokenizes texts into windows that cover all of their tokens.

A text that fits is one window. A longer one becomes windows of one length that overlap, so that a sentence cut by one
is whole in the next; equal lengths make the plain mean over them a mean over tokens, and need no padding.
"""

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

_OVERLAP = 8  # windows share 1/8 of their tokens with the next
_PROBE = "a"


class WindowTokenizer:
    """Splits texts into windows for one tokenizer. Not thread-safe (huggingface/tokenizers#537)."""

    def __init__(self, tokenizer: Any, size: int) -> None:
        """Wrap `tokenizer`, one of transformers', for windows of `size` tokens, special ones included."""
        self._tokenizer = tokenizer
        self._fast: Any = tokenizer.backend_tokenizer if tokenizer.is_fast else None
        if self._fast is not None:
            self._fast.no_truncation()
            self._fast.no_padding()
        self._before, self._after = self._special()
        self.size = size
        self._body = size - len(self._before) - len(self._after)
        self._run = self._longest_run()

    def cut(self, texts: Sequence[str]) -> list[list[list[int]]]:
        """Return the windows of each text, at least one: token ids, special ones included."""
        return [self._windows(ids) for ids in self._encode([self._clean(text) for text in texts])]

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Return the (start, end) of each token; one span if the tokenizer has no offsets or the text is changed."""
        if self._fast is None or self._clean(text) != text:
            return [(0, len(text))]
        spans: list[tuple[int, int]] = self._fast.encode(text, add_special_tokens=False).offsets
        return spans

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
        """Return the text in NFC, with single spaces and without lone surrogates, which tokenizers refuse."""
        text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode())
        text = " ".join(text.split())
        return text if self._run is None else self._run.sub(r"\g<0> ", text)

    def _encode(self, texts: list[str]) -> list[list[int]]:
        if self._fast is not None:
            return [encoding.ids for encoding in self._fast.encode_batch_fast(texts, add_special_tokens=False)]
        ids: list[list[int]] = self._tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        return ids

    def _special(self) -> tuple[list[int], list[int]]:
        """Return the ids of the special tokens before and after a text."""
        plain = self._encode([_PROBE])[0]
        whole: list[int] = self._tokenizer(_PROBE)["input_ids"]
        for start in range(len(whole) - len(plain) + 1):
            if whole[start : start + len(plain)] == plain:
                return whole[:start], whole[start + len(plain) :]
        return [], []

    def _longest_run(self) -> re.Pattern[str] | None:
        """Return a pattern for the longest run without spaces that WordPiece can tokenize, if there is a limit.

        A longer word would be one unknown token, so runs are broken there. The limit counts characters after
        normalisation, which may decompose a Hangul syllable.
        """
        limit = getattr(getattr(self._fast, "model", None), "max_input_chars_per_word", None)
        if self._fast is None or limit is None:
            return None
        normalizer = self._fast.normalizer
        letters = len(normalizer.normalize_str("각")) if normalizer is not None else 1
        return re.compile(rf"\S{{{max(1, limit // max(1, letters))}}}(?=\S)")
