"""The engine's own commands: python -m engine."""

from engine.cli import main

main()
