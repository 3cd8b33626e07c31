"""Short BPMN texts for tests, and an instance that is stored and taken up again after every step."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from engine.bpmn import diagram
from engine.bpmn.execution import Advance, DecisionOutcome, Execution

ZONE = ZoneInfo("Asia/Shanghai")
BEGIN = datetime(2026, 3, 2, 1, tzinfo=UTC)  # a Monday, 9:00 in the centre
HEAD = (
    '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"'
    ' xmlns:camunda="http://camunda.org/schema/1.0/bpmn" id="definitions">'
)
ROOTS = (
    '<bpmn:message id="M_paid" name="paid"/><bpmn:message id="M_more" name="more"/>'
    '<bpmn:signal id="S_storm" name="storm"/>'
    '<bpmn:error id="E_short" errorCode="short"/><bpmn:error id="E_other" errorCode="other"/>'
    '<bpmn:escalation id="C_late" escalationCode="late"/>'
)
MESSAGE = '<bpmn:messageEventDefinition messageRef="M_paid"/>'
MORE = '<bpmn:messageEventDefinition messageRef="M_more"/>'
STORM = '<bpmn:signalEventDefinition signalRef="S_storm"/>'
SHORT = '<bpmn:errorEventDefinition errorRef="E_short"/>'
OTHER = '<bpmn:errorEventDefinition errorRef="E_other"/>'
ANY_ERROR = "<bpmn:errorEventDefinition/>"
LATE = '<bpmn:escalationEventDefinition escalationRef="C_late"/>'
TERMINATE = "<bpmn:terminateEventDefinition/>"


def timer(text: str, kind: str = "timeDuration") -> str:
    return f"<bpmn:timerEventDefinition><bpmn:{kind}>{text}</bpmn:{kind}></bpmn:timerEventDefinition>"


def element(tag: str, id: str, inside: str = "", **attributes: str) -> str:
    written = "".join(f' {name.replace("__", ":")}="{value}"' for name, value in attributes.items())
    return f'<bpmn:{tag} id="{id}"{written}>{inside}</bpmn:{tag}>'


def user(*ids: str, inside: str = "", **attributes: str) -> str:
    return "".join(element("userTask", id, inside, **attributes) for id in ids)


def gateway(kind: str, *ids: str, **attributes: str) -> str:
    return "".join(element(f"{kind}Gateway", id, **attributes) for id in ids)


def boundary(id: str, host: str, event: str, interrupting: bool = True) -> str:
    return element("boundaryEvent", id, event, attachedToRef=host, cancelActivity=str(interrupting).lower())


def start(id: str = "s", event: str = "", interrupting: bool = True) -> str:
    return element("startEvent", id, event, isInterrupting=str(interrupting).lower())


def end(*ids: str, event: str = "") -> str:
    return "".join(element("endEvent", id, event) for id in ids)


def catch(id: str, event: str) -> str:
    return element("intermediateCatchEvent", id, event)


def throw(id: str, event: str) -> str:
    return element("intermediateThrowEvent", id, event)


def script(id: str, text: str) -> str:
    return element("scriptTask", id, f"<bpmn:script>{text}</bpmn:script>")


def sub(id: str, inside: str, **attributes: str) -> str:
    return element("subProcess", id, inside, **attributes)


def many(inside: str = "", sequential: bool = False, **attributes: str) -> str:
    written = "".join(f' camunda:{name}="{value}"' for name, value in attributes.items())
    return (
        f'<bpmn:multiInstanceLoopCharacteristics isSequential="{str(sequential).lower()}"{written}>'
        f"{inside}</bpmn:multiInstanceLoopCharacteristics>"
    )


def properties(**values: str) -> str:
    written = "".join(f'<camunda:property name="{name}" value="{value}"/>' for name, value in values.items())
    return (
        f"<bpmn:extensionElements><camunda:properties>{written}</camunda:properties></bpmn:extensionElements>"
    )


def flows(text: str) -> str:
    """Read ``a > b > c; d > e : condition``; a condition is that of its chain's last flow."""
    written = []
    for chain in filter(None, (part.strip() for part in text.replace("\n", ";").split(";"))):
        path, _, condition = chain.partition(" : ")
        ids = [name.strip() for name in path.split(" > ")]
        for place, (source, target) in enumerate(pairwise(ids), 1):
            asked = condition.replace("&", "&amp;").replace("<", "&lt;")
            last = place == len(ids) - 1 and bool(asked)
            inside = f"<bpmn:conditionExpression>{asked}</bpmn:conditionExpression>" if last else ""
            written.append(
                f'<bpmn:sequenceFlow id="{source}_{target}" sourceRef="{source}" targetRef="{target}">'
                f"{inside}</bpmn:sequenceFlow>"
            )
    return "".join(written)


def process(elements: str, chains: str, id: str = "P", roots: str = "") -> str:
    return (
        f'{HEAD}<bpmn:process id="{id}" isExecutable="true">{elements}{flows(chains)}</bpmn:process>'
        f"{ROOTS}{roots}</bpmn:definitions>"
    )


class World:
    """Surroundings with a clock that the test moves, and decisions and services that the test gives."""

    zone = ZONE

    def __init__(self, **more: Any) -> None:
        self.now = BEGIN
        self.functions: Mapping[str, Any] = more.get("functions", {})
        self.services: Mapping[str, Any] = more.get("services", {})
        self.decisions: Mapping[str, Any] = more.get("decisions", {})

    def decide(self, decision_key: str, variables: Mapping[str, Any]) -> DecisionOutcome:
        return DecisionOutcome(self.decisions[decision_key](variables), {}, 7, 3, ("rule 1",))


class Story:
    """An instance; every call is a step, after which it is stored and taken up again."""

    def __init__(
        self,
        texts: str | list[str],
        world: World | None = None,
        start_at: str | None = None,
        **variables: Any,
    ) -> None:
        top, *called = (diagram.load(text) for text in ([texts] if isinstance(texts, str) else texts))
        self.program = diagram.assemble(top, called)
        self.world = world or World()
        self.now = Execution.start(self.program, variables, self.world, start_at)
        self.last = self.now.latest
        self._restart()

    def _restart(self) -> None:
        stored = self.now.dump()
        self.now = Execution.restore(self.program, stored, self.world)
        assert self.now.dump() == stored

    def _step(self, advance: Advance) -> Story:
        self.last = advance
        self._restart()
        return self

    @property
    def tasks(self) -> list[str]:
        return sorted(task.element_id for task in self.now.open_tasks)

    @property
    def incidents(self) -> list[str]:
        return [incident.element_id for incident in self.now.incidents]

    @property
    def timers(self) -> list[str]:
        return sorted(timer.element_id for timer in self.now.timers)

    @property
    def awaited(self) -> list[str]:
        return sorted(event.element_id for event in self.now.awaited)

    @property
    def variables(self) -> dict[str, Any]:
        return self.now.variables

    def task(self, name: str, number: int = 0) -> Any:
        return [task for task in self.now.open_tasks if task.element_id == name][number]

    def do(self, name: str, number: int = 0, **values: Any) -> Story:
        return self._step(self.now.complete_task(self.task(name, number).id, values))

    def wait(self, **span: float) -> Story:
        """Let time pass; every timer fires once it is overdue, the earliest first."""
        self.world.now += timedelta(**span)
        while due := [timer for timer in self.now.timers if timer.due_at < self.world.now]:
            earliest = min(due, key=lambda timer: timer.due_at)
            self._step(self.now.fire_timer(earliest.token_id))
        return self

    def send(self, name: str, kind: str = "message", key: str = "", **values: Any) -> Story:
        return self._step(self.now.catch(kind, name, values, key))

    def retry(self) -> Story:
        return self._step(self.now.retry(self.now.incidents[0].token_id))
