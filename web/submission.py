"""What a page sends: typed texts, and files that are kept before the form is judged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO, cast

from flask import Response, flash, redirect, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from engine import files, forms
from engine.errors import InvalidForm, InvalidInput
from engine.queries import FormSheet
from engine.texts import Text
from web.context import current_user, unit_of_work

Typed = Mapping[str, Any]
Errors = Mapping[str, tuple[Text, ...]]
NOT_ASKED = Text("这张表单不收“{name}”。", "This form does not ask for “{name}”.")


@dataclass
class Submission:
    """What was typed, by field, with the ids of uploaded files; ``refused``: files not taken."""

    typed: dict[str, list[str]]
    refused: dict[str, tuple[Text, ...]] = field(default_factory=dict)

    def require_files(self) -> None:
        """Raise InvalidForm where a file was not taken."""
        if self.refused:
            raise InvalidForm(self.refused)


def submission(sheet_of: Callable[[], FormSheet | None]) -> Submission:
    """
    Return what the page sent.

    Files are stored in a transaction of their own, so that a mistake elsewhere in the form does not lose
    them; nobody but the sender sees them until the form is accepted. The form is asked for only if there
    are any.
    """
    sent = Submission(forms.submitted(request.form.items(multi=True)))
    uploads = [(name, file) for name, file in request.files.items(multi=True) if file.filename]
    sheet = sheet_of() if uploads else None
    for name, file in uploads:
        try:
            if sheet is None or not sheet.form.takes_file(name):
                raise InvalidInput(NOT_ASKED, name=name[:100])
            with unit_of_work() as uow:
                kept = files.store(uow, cast(BinaryIO, file.stream), file.filename or "", by=current_user())
            sent.typed.setdefault(name, []).append(str(kept))
        except InvalidInput as error:
            sent.refused[name] = (*sent.refused.get(name, ()), error.message)
    return sent


def retyped(sheet: FormSheet) -> tuple[Typed, Errors]:
    """Return what is typed now, with the row that a pressed button adds or removes; and files refused."""
    sent = submission(lambda: sheet)
    add, remove = request.form.get("_add"), request.form.get("_remove")
    return sheet.form.with_row(sent.typed, add=add, remove=remove), sent.refused


def drafted(page: str) -> AnyResponse:
    """Answer a kept draft: with nothing where the page kept it by itself, else with the page again."""
    if request.headers.get("X-Requested-With") == "draft":
        return Response(status=204)
    flash(_("草稿已保存。"))
    return redirect(page, code=303)
