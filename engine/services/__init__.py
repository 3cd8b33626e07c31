"""What service tasks of diagrams can ask for, by topic."""

from __future__ import annotations

from engine.registers.values import searchable_text
from engine.services.asking import Requests, by_topic
from engine.services.topics import TOPICS

__all__ = ["TOPICS", "Requests", "by_topic", "searchable_text"]
