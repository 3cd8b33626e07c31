"""Registers: units, customers, leases, passes, keys and whatever else the organisation keeps lists of."""

from __future__ import annotations

from engine.registers.access import (
    add_by_hand,
    change_by_hand,
    hidden_fields,
    is_one_of,
    may_see,
    sees_any,
    visible,
)
from engine.registers.definition import FILE_NAME, KEY, catalogue, examine, read, register
from engine.registers.exporting import export_csv, export_xlsx, template_csv
from engine.registers.importing import (
    CheckedImport,
    ImportColumn,
    ImportPreview,
    ImportProgress,
    ImportReport,
    RowProblem,
    await_import,
    check_import,
    import_progress,
    keep_upload,
    preview,
    run_import,
    store_import,
)

__all__ = [
    "FILE_NAME",
    "KEY",
    "CheckedImport",
    "ImportColumn",
    "ImportPreview",
    "ImportProgress",
    "ImportReport",
    "RowProblem",
    "add_by_hand",
    "await_import",
    "catalogue",
    "change_by_hand",
    "check_import",
    "examine",
    "export_csv",
    "export_xlsx",
    "hidden_fields",
    "import_progress",
    "is_one_of",
    "keep_upload",
    "may_see",
    "preview",
    "read",
    "register",
    "run_import",
    "sees_any",
    "store_import",
    "template_csv",
    "visible",
]
