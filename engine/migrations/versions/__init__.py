"""One script per change of tables.py, in order."""
