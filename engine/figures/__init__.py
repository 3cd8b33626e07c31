"""Figures: what the organisation counts of its cases, which rates it wants, and their computing."""

from engine.figures.counting import Counted, Span, months_until, rate_of, span_of_month, tally
from engine.figures.definition import ANY, FILE_NAME, KEY, STATUS, Rate, Sheet, Where, examine, sheets

__all__ = [
    "ANY",
    "FILE_NAME",
    "KEY",
    "STATUS",
    "Counted",
    "Rate",
    "Sheet",
    "Span",
    "Where",
    "examine",
    "months_until",
    "rate_of",
    "sheets",
    "span_of_month",
    "tally",
]
