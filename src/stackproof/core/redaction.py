"""Masks secrets in texts, in whichever form a text quotes them."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from stackproof.core.secret_values import MASK, is_plain

__all__ = [
    "LITERAL",
    "TextMask",
    "is_distinctive",
    "text_without",
]

LITERAL: Final = re.compile(r"""(?P<quote>["'])(?P<value>(?:\\.|(?!(?P=quote))[^\\\n])*\\?)(?P=quote)""")
"""A text in quotes. Each character matches one alternative alone, so that a row of backslashes takes no time."""

_SHORTEST: Final = 6
"""A shorter text occurs within too many other words to be masked there."""

_SHORTEST_WORD: Final = 4
"""A shorter word or number occurs by itself in too many sentences: it is masked in quotes and in lists alone."""

_LONG_WORD: Final = 12
"""A word of this length is masked within other words, too."""


def is_distinctive(text: str) -> bool:
    """Whether a text is long enough to differ from other words; letters with digits or symbols need 4 characters."""
    is_mixed = any(letter.isalpha() for letter in text) and not text.isalpha()
    return len(text) >= (_SHORTEST_WORD if is_mixed else _SHORTEST)


def text_without(secrets: Collection[str]) -> TextMask:
    """A function that masks each of the secrets in a text, in whichever form the text quotes it."""
    forms = {form for secret in secrets for form in _forms(secret) if form.strip()}
    return TextMask(sorted(forms, key=lambda form: (-len(form), form)))


class TextMask:
    """Masks the forms of secrets in texts. `keep` are names that stay where they occur as whole words."""

    def __init__(self, forms: Sequence[str]) -> None:
        """Prepare for forms in the order of the search: a longer secret may contain a shorter one."""
        self._forms = [(form, form if is_plain(form) else form.lower(), is_plain(form)) for form in forms]
        self._short = frozenset(form for form in forms if len(form) < _SHORTEST_WORD)

    def __call__(self, text: str, keep: Collection[str] = ()) -> str:
        """The text with a mask for each secret."""
        lowered = text.lower()
        # A text has few of them: a pattern of all would be tried at every letter.
        found = [_pattern(form) for form, key, is_cased in self._forms if key in (text if is_cased else lowered)]
        if not found:
            return text
        masked_words = _masked_matches(re.compile("|".join(found)), text, _kept_spans(text, keep))
        if not self._short:
            return masked_words
        return _ALONE_ON_LINE.sub(lambda match: self._masked_line(match, keep), masked_words)

    def _masked_line(self, match: re.Match[str], keep: Collection[str]) -> str:
        is_secret = match["word"] in self._short and match["word"] not in keep
        return f"{match['before']}{MASK}" if is_secret else match[0]


_ALONE_ON_LINE: Final = re.compile(
    r"^(?P<before>(?:E(?=[ \t]))?[ \t]{0,64}[-+?]?[ \t]{0,8})(?P<word>\S{1,3})(?=[ \t]{0,8}\r?$)",
    re.MULTILINE,
)
"""A short word that is all of a line, behind the sign of a diff and pytest's `E`."""


def _kept_spans(text: str, keep: Collection[str]) -> list[tuple[int, int]]:
    """From where to where the text has the names that stay, in order."""
    names = sorted((name for name in keep if name and name in text), key=lambda name: (-len(name), name))
    if not names:
        return []
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)")
    return [match.span() for match in pattern.finditer(text)]


def _masked_matches(pattern: re.Pattern[str], text: str, kept: list[tuple[int, int]]) -> str:
    """The text with a mask for each match that does not lie within a kept span."""
    shown: list[str] = []
    end = start = 0
    starts = [first for first, _ in kept]
    while (match := pattern.search(text, start)) is not None:
        span = bisect_right(starts, match.start()) - 1
        if span >= 0 and match.end() <= kept[span][1]:
            start = match.start() + 1  # a secret that reaches beyond the name may begin within it
            continue
        shown += [text[end : match.start()], MASK]
        end = start = match.end()
    return "".join([*shown, text[end:]])


def _forms(secret: str) -> Iterator[str]:
    """How programs quote a text: as it is, on one line, line by line, and as Python, JSON, and JSON within JSON do."""
    lines = [line.strip() for line in secret.splitlines()[1:] and secret.splitlines()]
    for text in (secret, " ".join(secret.split()), *(line for line in lines if len(line) >= _SHORTEST_WORD)):
        in_json = json.dumps(text)[1:-1]
        yield text
        yield repr(text)[1:-1]
        yield ascii(text)[1:-1]
        yield repr(text.encode(errors="surrogatepass"))[2:-1]
        yield text.replace("'", "\\'")
        yield text.replace("'", "''")
        yield in_json
        yield json.dumps(text, ensure_ascii=False)[1:-1]
        yield json.dumps(in_json)[1:-1]


_BEFORE: Final = r"(?:(?<!\w)|(?<=\\[abfnrtv]))"
"""The boundary in front of a word; the letter of an escape such as `\\n` does not belong to the word behind it."""


def _pattern(form: str) -> str:
    """The regular expression for a form where it is the secret, and not a part of some other word.

    A plain word or number keeps its letter case, as it may be a word of the message. A mixed form has any letter case.
    """
    plain = is_plain(form)
    literal = re.escape(form) if plain else f"(?i:{re.escape(form)})"
    if len(form) >= (_LONG_WORD if plain else _SHORTEST):
        return literal
    has_letters_and_digits = any(letter.isalpha() for letter in form) and any(letter.isdigit() for letter in form)
    if len(form) >= _SHORTEST_WORD or has_letters_and_digits:
        return rf"{_BEFORE}{literal}(?!\w)"
    # cloudformation-validate writes `Default 5 exceeds MaxValue 3`.
    in_quotes_or_list = rf"(?:(?<=[\"'`\[,])|(?<=[\[,]\s)){literal}(?=\\{{0,8}}[\"'`]|[\],])"
    return rf"(?:{in_quotes_or_list}|(?<=Default\s){literal}(?![\w.]))"
