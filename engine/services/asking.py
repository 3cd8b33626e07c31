"""How service tasks ask: their inputs, what they may leave behind, what becomes of a refusal."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy.exc import OperationalError

from engine.bpmn.execution import BusinessError, Service, ServiceCall, Variables
from engine.database import UnitOfWork
from engine.errors import BanjieError, Conflict, ExpressionFailed, InvalidForm, InvalidInput, NotFound
from engine.forms import plain
from engine.history import Line
from engine.notifications import Message
from engine.registers.shapes import Register
from engine.texts import Text, same

#: The code of the BPMN error that a refusal raises.
REFUSED = "refused"


@dataclass
class Requests:
    """One instance's service tasks within one transaction: what they look at, and what they leave behind."""

    uow: UnitOfWork
    instance_id: int | None  # None until the instance has been stored for the first time
    user_name: str | None = None  # who did what led here; None: a timer
    messages: list[Message] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)  # for the history of the case
    #: What broke the transaction: the whole advance fails with it, to be tried again.
    broken: OperationalError | None = None


Topic = Callable[[Requests, ServiceCall], Variables]


def by_topic(requests: Requests, topics: Mapping[str, Topic]) -> Mapping[str, Service]:
    """Return the services as an execution calls them."""
    return {topic: functools.partial(service, requests) for topic, service in topics.items()}


def all_or_nothing(service: Topic) -> Topic:
    """
    Let a service that writes leave nothing where it fails.

    What the business forbids (``Conflict``, ``InvalidInput``, ``InvalidForm``, ``NotFound``) becomes the BPMN
    error ``refused`` with the reason as its message: a boundary event of the diagram may catch it and keep
    the reason (``camunda:errorMessageVariable``); where none does, it is an incident with that reason. Wrong
    use of a service is ``ExpressionFailed``: always an incident.
    """

    @functools.wraps(service)
    def whole(requests: Requests, call: ServiceCall) -> Variables:
        try:
            with requests.uow.connection.begin_nested():
                return service(requests, call)
        except InvalidForm as error:
            raise BusinessError(REFUSED, _reasons(error)) from error
        except (Conflict, InvalidInput, NotFound) as error:
            raise BusinessError(REFUSED, error.message) from error
        except OperationalError as error:
            requests.broken = error
            raise

    return whole


def _reasons(error: InvalidForm) -> Text:
    told = [(key, message) for key, messages in error.errors.items() for message in messages]
    return Text(
        ";".join(f"{key}:{message.zh}" if key else message.zh for key, message in told),
        "; ".join(f"{key}: {message.en}" if key else message.en for key, message in told),
    )


def named(register: Register, error: InvalidForm) -> InvalidForm:
    """Return the same error with the fields' names instead of their keys."""
    return InvalidForm(
        {
            "": [
                Text(f"{name.zh}:{message.zh}", f"{name.en}: {message.en}")
                for key, messages in error.errors.items()
                for message in messages
                for name in [register.fields[key].name if key in register.fields else same(key)]
            ]
        }
    )


def wrong(call: ServiceCall, reason: Text) -> ExpressionFailed:
    """Return the error of a service that is used wrongly."""
    return ExpressionFailed(
        Text("服务“{topic}”无法执行：{reason}", "the service “{topic}” could not be carried out: {reason}"),
        topic=same(call.topic),
        reason=reason,
    )


# ---- inputs ----------------------------------------------------------------------------------------------


def only(call: ServiceCall, *known: str, prefix: str | None = None) -> None:
    """Raise ExpressionFailed where an input is none of these (nor begins with the prefix)."""
    for name in call.inputs:
        if name not in known and not (prefix and name.startswith(prefix)):
            message = Text(
                "没有输入“{name}”，可用：{known}", "there is no input “{name}”; there are: {known}"
            )
            raise wrong(call, message.format(name=name, known=", ".join(known)))


def text_of(call: ServiceCall, name: str, default: str | None = None) -> str:
    """Return an input that is a text (or number); without a default it is needed."""
    value = call.inputs.get(name)
    if value is None or value == "":
        if default is None:
            raise _missing(call, name)
        return default
    if not isinstance(value, str | int | Decimal | date) or isinstance(value, bool):
        raise wrong(call, Text("{name} 应是文字", "“{name}” should be a text").format(name=name))
    return str(value).strip()


def mapping_of(call: ServiceCall, name: str) -> Mapping[str, Any]:
    """Return an input that is a dict; empty where it is not given."""
    value = call.inputs.get(name)
    if value is None or value == "":
        return {}
    if not isinstance(value, Mapping):
        message = Text("{name} 应是 {{字段：值}}", "“{name}” should be a dict such as {{field: value}}")
        raise wrong(call, message.format(name=name))
    return value


def list_of(call: ServiceCall, name: str) -> list[Mapping[str, Any]]:
    """Return an input that is a list of dicts."""
    value = call.inputs.get(name)
    if not isinstance(value, list | tuple) or not all(isinstance(each, Mapping) for each in value):
        raise wrong(call, Text("{name} 应是列表", "“{name}” should be a list of dicts").format(name=name))
    return list(value)


def number_of(call: ServiceCall, name: str, default: Decimal | None = None) -> Decimal:
    """Return an input that is a number; without a default it is needed."""
    value = call.inputs.get(name)
    if value is None or value == "":
        if default is None:
            raise _missing(call, name)
        return default
    try:
        return Decimal(plain.read("decimal", value))
    except BanjieError as error:
        raise wrong(call, Text(f"{name}:{error.message.zh}", f"{name}: {error.message.en}")) from error


def date_of(call: ServiceCall, name: str, uow: UnitOfWork) -> date:
    """Return an input that is a day, or an instant of that day in the centre's zone."""
    value = call.inputs.get(name)
    if isinstance(value, datetime):
        return value.astimezone(uow.centre.zone).date()
    try:
        found = plain.read("date", value)
    except BanjieError as error:
        raise wrong(call, Text(f"{name}:{error.message.zh}", f"{name}: {error.message.en}")) from error
    if not isinstance(found, date):
        raise _missing(call, name)
    return found


def _missing(call: ServiceCall, name: str) -> ExpressionFailed:
    return wrong(call, Text("缺少输入 {name}", "the input “{name}” is missing").format(name=name))
