"""What service tasks of diagrams can ask for, by topic."""

from __future__ import annotations

from engine.registers.values import searchable_text
from engine.services.asking import Requests, by_topic
from engine.services.money import MONEY_TOPICS
from engine.services.registers import REGISTER_TOPICS
from engine.services.topics import NEEDED, TOPICS

#: Services that look into registers.toml: also a paper may name records, items and ways of paying.
USES_REGISTERS = frozenset({*REGISTER_TOPICS, *MONEY_TOPICS}) - {"next_number"}

__all__ = ["NEEDED", "TOPICS", "USES_REGISTERS", "Requests", "by_topic", "searchable_text"]
