"""Small diagrams and forms for tests, written as text."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

_HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
    'xmlns:camunda="http://camunda.org/schema/1.0/bpmn" targetNamespace="test" id="Definitions">\n'
)


def properties(**values: str) -> str:
    """Return extension elements with these properties."""
    inner = "".join(f'<camunda:property name="{name}" value="{value}"/>' for name, value in values.items())
    return (
        f"<bpmn:extensionElements><camunda:properties>{inner}</camunda:properties></bpmn:extensionElements>"
    )


def process(
    key: str,
    *elements: str,
    flows: Sequence[str] = (),
    starters: str = "front_desk",
    more: str = "",
    **own: str,
) -> str:
    """Return a diagram; a flow is ``"A B"``, or ``"A B ${condition}"``. ``own`` are the process's properties."""
    drawn = "".join(_flow(number, flow) for number, flow in enumerate(flows))
    return (
        f'{_HEAD}{more}<bpmn:process id="{key}" name="{key}" isExecutable="true" '
        f'camunda:candidateStarterGroups="{starters}">'
        f"{properties(**own) if own else ''}{''.join(elements)}{drawn}</bpmn:process></bpmn:definitions>"
    )


def _flow(number: int, flow: str) -> str:
    source, target, *condition = flow.split(" ", 2)
    inside = "".join(
        f'<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">{text}</bpmn:conditionExpression>'
        for text in condition
    )
    return f'<bpmn:sequenceFlow id="Flow{number}" sourceRef="{source}" targetRef="{target}">{inside}</bpmn:sequenceFlow>'


def start(form: str = "", id: str = "Begin", inside: str = "") -> str:
    """Return a start event."""
    return f'<bpmn:startEvent id="{id}" name="{id}"{_form(form)}>{inside}</bpmn:startEvent>'


def end(id: str = "Done") -> str:
    """Return an end event."""
    return f'<bpmn:endEvent id="{id}" name="{id}"/>'


def task(id: str, group: str = "", *, form: str = "", attributes: str = "", **own: str) -> str:
    """Return a user task offered to a group."""
    offered = f' camunda:candidateGroups="{group}"' if group else ""
    inside = properties(**own) if own else ""
    return f'<bpmn:userTask id="{id}" name="{id}"{offered}{_form(form)} {attributes}>{inside}</bpmn:userTask>'


def boundary_timer(id: str, host: str, when: str, *, interrupting: bool = True) -> str:
    """Return a timer on a task; ``when`` is its duration."""
    return (
        f'<bpmn:boundaryEvent id="{id}" name="{id}" attachedToRef="{host}" cancelActivity="{str(interrupting).lower()}">'
        f'<bpmn:timerEventDefinition id="{id}_timer"><bpmn:timeDuration>{when}</bpmn:timeDuration>'
        "</bpmn:timerEventDefinition></bpmn:boundaryEvent>"
    )


def service(id: str, topic: str, inputs: Mapping[str, str], outputs: Mapping[str, str] = {}) -> str:
    """Return a service task."""
    given = "".join(
        f'<camunda:inputParameter name="{n}">{v}</camunda:inputParameter>' for n, v in inputs.items()
    )
    taken = "".join(
        f'<camunda:outputParameter name="{n}">{v}</camunda:outputParameter>' for n, v in outputs.items()
    )
    return (
        f'<bpmn:serviceTask id="{id}" name="{id}" camunda:type="external" camunda:topic="{topic}">'
        f"<bpmn:extensionElements><camunda:inputOutput>{given}{taken}</camunda:inputOutput></bpmn:extensionElements>"
        "</bpmn:serviceTask>"
    )


def decision_task(id: str, decision: str, result: str) -> str:
    """Return a business rule task whose single value becomes a variable."""
    return (
        f'<bpmn:businessRuleTask id="{id}" name="{id}" camunda:decisionRef="{decision}" '
        f'camunda:resultVariable="{result}" camunda:mapDecisionResult="singleEntry"/>'
    )


def script(id: str, lines: str) -> str:
    """Return a script task."""
    return f'<bpmn:scriptTask id="{id}" name="{id}"><bpmn:script>{lines}</bpmn:script></bpmn:scriptTask>'


def gateway(id: str, kind: str = "exclusive", default: str = "") -> str:
    """Return a gateway."""
    chosen = f' default="{default}"' if default else ""
    return f'<bpmn:{kind}Gateway id="{id}" name="{id}"{chosen}/>'


def _form(key: str) -> str:
    return f' camunda:formKey="{key}"' if key else ""


def form(key: str, *fields: Mapping[str, object]) -> str:
    """Return a form of these fields; ``text("name")`` and its like make one."""
    return json.dumps({"type": "default", "id": key, "schemaVersion": 16, "components": list(fields)})


def text(key: str, *, required: bool = False, restricted: bool = False) -> dict[str, object]:
    """A line of text."""
    return _field("textfield", key, required, restricted)


def amount(key: str) -> dict[str, object]:
    """An exact amount in yuan."""
    return _field("number", key, False, False) | {"decimalDigits": 2, "properties": {"amount": "true"}}


def file(key: str, *, restricted: bool = False) -> dict[str, object]:
    """A field that takes files."""
    return _field("filepicker", key, False, restricted)


def _field(kind: str, key: str, required: bool, restricted: bool) -> dict[str, object]:
    made: dict[str, object] = {"type": kind, "id": f"Field_{key}", "key": key, "label": key}
    if required:
        made["validate"] = {"required": True}
    if restricted:
        made["properties"] = {"restricted": "true"}
    return made


def table(
    key: str, input: str, rules: Sequence[tuple[str, str]], output: str = "answer", type: str = "string"
) -> str:
    """Return a decision table with one input and one output; a rule is ``("< 100", '"low"')``."""
    rows = "".join(
        f'<rule id="Rule{number}"><inputEntry id="In{number}"><text>{_escaped(condition)}</text></inputEntry>'
        f'<outputEntry id="Out{number}"><text>{_escaped(value)}</text></outputEntry></rule>'
        for number, (condition, value) in enumerate(rules)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="Defs" name="d" namespace="test">'
        f'<decision id="{key}" name="{key}"><decisionTable id="Table" hitPolicy="FIRST">'
        f'<input id="Input"><inputExpression id="Expr" typeRef="number"><text>{input}</text></inputExpression></input>'
        f'<output id="Output" name="{output}" typeRef="{type}"/>{rows}</decisionTable></decision></definitions>'
    )


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")


#: Receive (front desk) → Handle (area manager) → done.
REPAIR = process(
    "repair",
    start("repair_start"),
    task("Receive", "front_desk", form="repair_receive"),
    task("Handle", "area_manager", form="repair_handle"),
    end(),
    flows=["Begin Receive", "Receive Handle", "Handle Done"],
    caseTitle="${what}",
    caseCustomer="${customer}",
    caseUnit="${get(unit, &quot;&quot;)}",
    searchable="what,customer,cost",
    caseNumberPrefix="BX",
)
REPAIR_FILES = {
    "repair.bpmn": REPAIR,
    "repair_start.form": form("repair_start", text("what", required=True), text("customer"), text("unit")),
    "repair_receive.form": form(
        "repair_receive", text("urgency"), text("id_copy", restricted=True), file("photos")
    ),
    "repair_handle.form": form("repair_handle", amount("cost"), text("done_how")),
}
