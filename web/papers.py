"""Papers as they were issued, ready to be printed; and whether the one in somebody's hand still holds."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from engine import papers, queries, throttle
from web.context import current_user, reading, unit_of_work

blueprint = Blueprint("papers", __name__)


@blueprint.get("/papers/<int:paper_id>")
def show(paper_id: int) -> str:
    """Show a paper on A4, without anything around it once it is printed."""
    with reading() as uow:
        paper = papers.open_paper(uow, paper_id, current_user())
    return render_template("papers/show.html", paper=paper)


@blueprint.get("/check/<token>")
def check(token: str) -> str | tuple[str, int]:
    """Say what a paper's code stands for; whoever holds the paper may ask, and learns little more."""
    limits = throttle.codes(request.remote_addr)
    with reading() as uow:
        throttle.require(uow, limits)
        found = queries.check_paper(uow, token)
    if not found:
        with unit_of_work() as uow:
            throttle.count(uow, limits)
    return render_template("papers/check.html", found=found), 200 if found else 404
