"""People: who may log in, their groups, passwords and substitutes; for administrators."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from engine import organisation, passwords, people, queries, runtime
from engine.database import UnitOfWork
from engine.errors import BanjieError, InvalidInput, NotFound
from engine.queries import PeoplePage
from engine.queries.house_pages import GROUPS, PEOPLE
from engine.texts import Text
from web.context import current_user, reading, settings, unit_of_work
from web.errors import status_of

blueprint = Blueprint("people", __name__, url_prefix="/people")
Answer = Response | tuple[str, int]


@blueprint.get("/")
def overview() -> str:
    """Show everybody, or those of a group or a name that the address asks for."""
    page, text, group = _people(), request.args.get("text", "").strip().lower(), request.args.get("group", "")
    shown = [
        person
        for person in page.people
        if (text in person.name or text in person.full_name.lower())
        and (not group or group in {one.key for one in person.groups})
    ]
    with reading() as uow:
        lines = queries.house_history(uow, current_user(), PEOPLE, limit=20)
    return render_template(
        "people/overview.html", page=page, shown=shown, text=text, group=group, lines=lines
    )


@blueprint.get("/new")
def new() -> str:
    """Show the form that adds a person, with a password that nobody has to think up."""
    return _new_page()


@blueprint.post("/new")
def create() -> Answer:
    """Add a person."""
    form = request.form
    try:
        with unit_of_work() as uow:
            people.create_user(
                uow, form.get("name", "").strip(), form.get("full_name", ""), form.get("password", ""),
                form.getlist("groups"), by=current_user(), email=form.get("email"),
                language=form.get("language", "zh"),
            )  # fmt: skip
    except BanjieError as error:
        return _new_page(error), status_of(error)
    flash(_("已新建人员。请当面告知初始密码，本人登录后自行修改。"))
    return redirect(url_for("people.show", name=form["name"].strip()), code=303)


@blueprint.get("/person/<name>")
def show(name: str) -> str:
    """Show one person."""
    return _person_page(name)


@blueprint.post("/person/<name>/details")
def set_details(name: str) -> Answer:
    """Change name, mail address and language."""
    form = request.form
    return _change(
        name,
        lambda uow: people.set_details(
            uow, name, full_name=form.get("full_name", ""), email=form.get("email"),
            language=form.get("language", "zh"), by=current_user(),
        ),
    )  # fmt: skip


@blueprint.post("/person/<name>/groups")
def set_groups(name: str) -> Answer:
    """Make the person a member of exactly the groups that are ticked."""
    keys = request.form.getlist("groups")
    return _change(name, lambda uow: people.set_groups(uow, name, keys, by=current_user()))


@blueprint.post("/person/<name>/password")
def set_password(name: str) -> Answer:
    """Give the person a new password; all their sessions end."""
    password = request.form.get("password", "")
    return _change(name, lambda uow: people.set_password(uow, name, password, by=current_user()))


@blueprint.post("/person/<name>/active")
def set_active(name: str) -> Answer:
    """Let the person log in, or no longer; what they had claimed is offered to its groups again."""
    left = 0

    def change(uow: UnitOfWork) -> None:
        nonlocal left
        if request.form.get("active") == "1":
            people.set_active(uow, name, True, by=current_user())
        else:
            left = runtime.deactivate(uow, name, by=current_user())

    answer = _change(name, change)
    if left:
        flash(_("还有 %(count)s 件任务只派给了本人，请有权终止案件的人转交。", count=left), "warning")
    return answer


@blueprint.post("/person/<name>/substitutes")
def name_substitute(name: str) -> Answer:
    """Name somebody who stands in for the person, who may be ill."""
    form = request.form

    def change(uow: UnitOfWork) -> None:
        first, last = _day(form.get("first_day", "")), _day(form.get("last_day", ""))
        people.name_substitute(uow, name, form.get("substitute", ""), first, last, by=current_user())

    return _change(name, change)


@blueprint.post("/person/<name>/substitutes/<int:substitution_id>/revoke")
def revoke_substitute(name: str, substitution_id: int) -> Answer:
    """End a substitution at once."""
    return _change(name, lambda uow: people.revoke_substitute(uow, substitution_id, by=current_user()))


@blueprint.get("/groups")
def groups() -> str:
    """Show the groups of people."""
    return _groups_page()


@blueprint.post("/groups")
def add_group() -> Answer:
    """Add a group, which diagrams may name from now on."""
    form = request.form
    name = Text(form.get("name_zh", ""), form.get("name_en", ""))
    try:
        with unit_of_work() as uow:
            organisation.add_group(
                uow, form.get("key", "").strip(), name, form.get("side", ""), by=current_user()
            )
    except InvalidInput as error:
        return _groups_page(error), status_of(error)
    flash(_("已新建岗位组。现在可以把人员加进去，流程图里也可以写它。"))
    return redirect(url_for("people.groups"), code=303)


@blueprint.post("/groups/<key>")
def rename_group(key: str) -> Answer:
    """Call a group something else."""
    name = Text(request.form.get("name_zh", ""), request.form.get("name_en", ""))
    try:
        with unit_of_work() as uow:
            organisation.rename_group(uow, key, name, by=current_user(), fixed=_fixed_groups())
    except InvalidInput as error:
        return _groups_page(error), status_of(error)
    flash(_("已保存。"))
    return redirect(url_for("people.groups"), code=303)


def _fixed_groups() -> frozenset[str]:
    return organisation.keys_in(settings().processes / "organisation.toml")


def _groups_page(error: BanjieError | None = None) -> str:
    me = current_user()
    with reading() as uow:
        found = queries.groups(uow, by=me)
        lines = queries.house_history(uow, me, GROUPS, limit=20)
    return render_template(
        "people/groups.html",
        groups=found,
        fixed=_fixed_groups(),
        sides=organisation.SIDES,
        lines=lines,
        error=error,
        typed=request.form if "key" in request.form else {},
    )


def _change(name: str, change: Callable[[UnitOfWork], object]) -> Answer:
    """Change something about a person; where it is refused, the page shows why and what was typed."""
    try:
        with unit_of_work() as uow:
            change(uow)
    except InvalidInput as error:
        return _person_page(name, error), status_of(error)
    flash(_("已保存。"))
    return redirect(url_for("people.show", name=name), code=303)


def _people() -> PeoplePage:
    with reading() as uow:
        return queries.people(uow, by=current_user())


def _person_page(name: str, error: BanjieError | None = None) -> str:
    page = _people()
    person = next((one for one in page.people if one.name == name), None)
    if person is None:
        raise NotFound(Text("没有“{name}”这个人。", "There is nobody called “{name}”."), name=name[:64])
    with reading() as uow:
        lines = queries.house_history(uow, current_user(), PEOPLE, person=name)
        held = queries.tasks_held(uow, name, by=current_user())
    return render_template(
        "people/show.html",
        page=page,
        person=person,
        lines=lines,
        held=held,
        error=error,
        substitutions=[one for one in page.substitutions if one.user.name == name],
        suggestion=_password(),
        shortest=passwords.SHORTEST_PASSWORD,
    )


def _new_page(error: BanjieError | None = None) -> str:
    return render_template(
        "people/new.html",
        page=_people(),
        error=error,
        typed=request.form,
        suggestion=request.form.get("password") or _password(),
        shortest=passwords.SHORTEST_PASSWORD,
    )


def _password() -> str:
    """Return a password that can be read out: three groups of four, without letters that look alike."""
    return "-".join("".join(secrets.choice("abcdefghkmnpqrstuvwxyz23456789") for _ in "1234") for _ in "123")


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            Text("请填写第一天和最后一天。", "Please give the first and the last day.")
        ) from None
