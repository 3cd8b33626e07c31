"""Pages for what went wrong: what happened, and what the person can do next."""

from __future__ import annotations

import logging

from flask import Flask, g, make_response, redirect, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from engine import errors, logs
from engine.texts import Text
from web.context import in_language, is_fragment, is_logged_in, page_above
from web.security import ask_to_log_in

log = logging.getLogger(__name__)

STATUS = {
    errors.NotFound: 404,
    errors.NotPermitted: 403,
    errors.Conflict: 409,
    errors.InvalidInput: 422,
    errors.TooManyAttempts: 429,
    errors.InvalidForm: 422,
    errors.InvalidDefinition: 422,
    errors.ExpressionFailed: 422,
    errors.Unavailable: 503,
}
#: After these, what was sent may be sent again from the page it came from.
AGAIN = {400, 413, 422, 429, 500, 502, 503}
RETRY_AFTER = 10  # seconds, for programs that ask


def answer_errors(app: Flask) -> None:
    """Answer every error with a page in the reader's language; none shows a traceback."""
    app.register_error_handler(errors.BanjieError, _told)
    app.register_error_handler(errors.Unavailable, _unavailable)
    app.register_error_handler(CSRFError, _page_too_old)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def status_of(error: errors.BanjieError) -> int:
    """Return the HTTP status for an error of the engine."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def answer(status: int, message: Text | str = "", *, case: str | None = None) -> Response:
    """Return a page, or a short message where htmx asked for a piece of one; ``case``: where to see more."""
    if is_fragment():
        response = make_response(
            render_template("errors/message.html", message=message, case=case, **_words(status)), status
        )
        response.headers["HX-Retarget"] = "#messages"
        response.headers["HX-Reswap"] = "beforeend"
        if status == 409:
            response.headers["HX-Trigger"] = "tasks-changed"  # the list shows something old
        return response
    again = page_above() if request.method == "POST" and status in AGAIN else ""
    return make_response(
        render_template(
            "errors/page.html",
            status=status,
            message=message,
            case=case,
            again=again,
            number=logs.request_number.get() if status >= 500 else "",
            **_words(status),
        ),
        status,
    )


def _told(error: errors.BanjieError) -> Response:
    return answer(status_of(error), in_language(error.message))


def _unavailable(error: errors.Unavailable) -> Response:
    log.error("database unavailable", extra={"reason": error.reason})
    g.failed = True
    response = answer(503, in_language(error.message))
    response.headers["Retry-After"] = str(RETRY_AFTER)
    return response


def _page_too_old(_error: CSRFError) -> Response:
    """Refuse what no page of this session sent; where the session has ended, ask for the login first."""
    if request.endpoint == "auth.login" and not is_logged_in():
        page = render_template("auth/login.html", name=request.form.get("name"), is_old=True)
        return make_response(page, 400)
    if not is_logged_in():
        return ask_to_log_in()
    return answer(400, _("页面打开得太久，或不是从本系统打开的。请返回，重新载入页面后再试。"))


def _http(error: HTTPException) -> Response:
    if error.code is None or error.code < 400:  # a redirect on its way
        return error.get_response()
    page = page_above() if error.code == 405 and request.method == "GET" else ""
    return redirect(page, code=303) if page else answer(error.code)


def _unexpected(_error: Exception) -> Response:
    log.exception("request failed")
    g.failed = True
    return answer(500)


def _words(status: int) -> dict[str, str]:
    """Return title and advice for a status."""
    known = {
        400: (_("请求无法处理"), _("浏览器发来的内容不完整。请返回重试。")),
        401: (_("请先登录"), _("登录后再打开这个页面。")),
        403: (_("您没有这个权限"), _("如果您的工作需要它，请联系管理员。")),
        404: (_("找不到这个页面"), _("它可能已经办结、被移走，或者不归您查看。")),
        405: (_("不能这样打开"), _("请从页面上的按钮进行操作。")),
        409: (_("没有保存：情况已有变化"), _("请先看一下最新情况。"))
        if request.method == "POST"
        else (_("这一步已经过去"), _("请打开案件看最新情况。")),
        413: (_("文件太大"), _("请压缩文件或减少一次上传的数量。")),
        422: (_("内容需要更正"), _("请返回，更正后再提交。")),
        429: (_("尝试次数过多"), _("这样做是为了防止有人试出密码或编码。")),
        503: (_("系统暂时不可用"), _("请过一会儿再试；如果刚才提交了内容，请先看看是否已经保存。")),
    }
    title, advice = known.get(
        status, (_("系统出了问题"), _("没有保存任何内容。请稍后再试；如果一再出现，请联系管理员。"))
    )
    return {"title": title, "advice": advice}
