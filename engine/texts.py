"""A text in both languages of the program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Text:
    """A short text in Chinese, with English beside it."""

    zh: str
    en: str

    def __str__(self) -> str:
        return self.en

    def in_language(self, language: str) -> str:
        """Return the English text for ``en`` (any region), else the Chinese one."""
        return self.en if language.lower().startswith("en") else self.zh

    def format(self, **values: object) -> Text:
        """Fill the ``{named}`` places of both texts; a value that is a Text itself is taken per language."""
        return Text(
            self.zh.format(**{k: v.zh if isinstance(v, Text) else v for k, v in values.items()}),
            self.en.format(**{k: v.en if isinstance(v, Text) else v for k, v in values.items()}),
        )


def same(text: str) -> Text:
    """Return a text that reads the same in both languages (a name, a number, an id)."""
    return Text(text, text)
