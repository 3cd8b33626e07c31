"""Passwords: hashed, and compared in equal time whether or not there is such a person."""

from __future__ import annotations

from dataclasses import dataclass, field

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.errors import InvalidInput
from engine.texts import Text

_hasher = PasswordHasher()
#: Checked where there is no such person, so that the answer takes as long.
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$oRSIaGFwSxVyvwYJb+AC6g$HdL8HqrKOyo3N4uYojzyXesKasmneOKbAIMvm8Ch5aQ"

SHORTEST_PASSWORD = 8


@dataclass(frozen=True)
class Hashed:
    """A password as it is stored."""

    text: str = field(repr=False)


def hashed(password: str) -> Hashed:
    """Return the hash of a password, which takes a while on purpose. Raises InvalidInput: it is too short."""
    if not SHORTEST_PASSWORD <= len(password) <= 1000:
        raise InvalidInput(
            Text("密码至少要 {count} 个字符。", "A password needs at least {count} characters."),
            count=SHORTEST_PASSWORD,
        )
    return Hashed(_hasher.hash(password))


def matches(stored: str | None, password: str) -> bool:
    """Whether this is the password; False where none is stored, after as long a time."""
    try:
        _hasher.verify(stored or _NOBODY, password[:1000])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None
