"""From the XML of a process to elements that can run."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from engine.bpmn import expressions, timers
from engine.bpmn.activities import (
    CallActivity,
    Collected,
    EventSubProcess,
    Loop,
    Mapping,
    MultiInstance,
    Repeated,
    SubProcess,
)
from engine.bpmn.elements import Flow, FlowNode, Inside, Process
from engine.bpmn.events import (
    BoundaryEvent,
    EndEvent,
    EventDefinition,
    IntermediateCatch,
    ReceiveTask,
    StartEvent,
    ThrowingEvent,
    Timer,
)
from engine.bpmn.gateways import EventGateway, ExclusiveGateway, InclusiveGateway, ParallelGateway
from engine.bpmn.normalise import EVENTS, REFUSED, event_definitions
from engine.bpmn.safe_xml import Element, child, children, local_name, text_in
from engine.bpmn.tasks import (
    MAPPINGS,
    Assignment,
    BusinessRuleTask,
    Parameters,
    PassedTask,
    ScriptTask,
    ServiceTask,
    UserTask,
)
from engine.errors import Finding
from engine.texts import Text

CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
NOT_FLOW_NODES = frozenset(
    {
        "extensionElements",
        "documentation",
        "laneSet",
        "sequenceFlow",
        "dataObject",
        "dataObjectReference",
        "dataStoreReference",
        "textAnnotation",
        "association",
        "group",
        "ioSpecification",
        "property",
        "multiInstanceLoopCharacteristics",
        "standardLoopCharacteristics",
        "incoming",
        "outgoing",
        "artifact",
        "dataInputAssociation",
        "dataOutputAssociation",
        "category",
        "auditing",
        "monitoring",
    }
)
_LIKE_ISO = re.compile(r"[+-]?P(T?\d\S*)?|PT|R-?\d*/\S*")  # means to be a time, and so no expression
NO_EXPRESSION = expressions.compile("null")
NO_TEMPLATE = expressions.compile_template("")


def properties(node: Element) -> dict[str, str]:
    """Return the camunda:properties of an element."""
    found: dict[str, str] = {}
    for extensions in children(node, "extensionElements"):
        for group in children(extensions, "properties"):
            for each in children(group, "property"):
                found[each.get("name") or each.get("id") or ""] = (each.get("value") or "").strip()
    return found


def line_of(node: Element) -> int:
    """Return the line of an element, counted from 1."""
    return int(cast(Any, node).sourceline or 0)


def names_of_references(root: Element) -> dict[str, str]:
    """Return what messages, signals, errors and escalations are called, by their ids."""
    attributes = {"message": "name", "signal": "name", "error": "errorCode", "escalation": "escalationCode"}
    return {
        each.get("id", ""): each.get(attributes[local_name(each)]) or each.get("name") or each.get("id") or ""
        for each in children(root, *attributes)
    }


class Compiler:
    """Makes one process; what is wrong is collected in ``findings``."""

    def __init__(self, root: Element, node: Element, file_name: str) -> None:
        self.node = node
        self.file_name = file_name
        self.references = names_of_references(root)
        self.process = Process(node.get("id", ""), file_name)
        self.findings: list[Finding] = []
        self.nodes: dict[str, FlowNode] = {}  # what flows and boundary events are attached to
        self.scopes: dict[str, str] = {}  # element id -> id of the element around it
        self.throwing_links: list[tuple[str, str, FlowNode]] = []
        self.catching_links: dict[tuple[str, str], FlowNode] = {}

    def compile(self) -> Process:
        """Return the process; it may run only if there are no findings."""
        process_id = self.node.get("id", "")
        self._inside(self.node, self.process.inside, process_id)
        self._attach(self.node)
        self._flows(self.node)
        self._links()
        if not self.process.inside.starts:
            self._wrong(
                self.node,
                "no-start",
                Text("流程没有开始事件。", "The process has no start event."),
                Text("请画一个开始事件。", "Draw a start event."),
            )
        self.process.has_inclusive_joins = any(
            node.joins_when_quiet and node.is_join for node in self.nodes.values()
        )
        return self.process

    def _wrong(self, node: Element, code: str, message: Text, hint: Text) -> None:
        self.findings.append(
            Finding(
                "error",
                code,
                message,
                hint,
                file=self.file_name,
                element_id=node.get("id"),
                element_name=node.get("name"),
                line=line_of(node),
            )
        )

    # -- texts

    def expression(self, node: Element, text: str | None) -> expressions.Expression:
        """Compile an expression of an element."""
        try:
            return expressions.compile(text or "")
        except expressions.InvalidExpression as error:
            self._bad_expression(node, text, error)
            return NO_EXPRESSION

    def template(self, node: Element, text: str | None) -> expressions.Template | None:
        """Compile a text of an element that may hold expressions."""
        if text is None or not text.strip():
            return None
        try:
            return expressions.compile_template(text.strip())
        except expressions.InvalidExpression as error:
            self._bad_expression(node, text, error)
            return NO_TEMPLATE

    def _bad_expression(self, node: Element, text: str | None, error: expressions.InvalidExpression) -> None:
        self._wrong(
            node,
            "expression",
            Text("表达式“{text}”有误：{reason}", "The expression “{text}” is wrong: {reason}").format(
                text=text, reason=error.message
            ),
            Text("请改正表达式。", "Correct the expression."),
        )

    # -- elements

    def _inside(self, holder: Element, inside: Inside, holder_id: str) -> None:
        for node in children(holder):
            kind = local_name(node)
            if kind in NOT_FLOW_NODES:
                continue
            element_id = node.get("id")
            if not element_id or element_id in self.nodes:
                self._wrong(
                    node,
                    "id",
                    Text("元素没有编号，或编号重复。", "The element has no id, or one used twice."),
                    Text("请在建模工具里给它唯一的编号。", "Give it an id of its own in the modeller."),
                )
                continue
            make = MAKERS.get(kind)
            if make is None:
                self._wrong(
                    node,
                    "unsupported",
                    Text("不支持的元素：{kind}。", "This kind of element is not supported: {kind}.").format(
                        kind=kind
                    ),
                    Text("请换一种画法。", REFUSED.get(kind, "draw it differently")),
                )
                continue
            self.scopes[element_id] = holder_id
            made = make(self, node)
            if isinstance(made, EventSubProcess):
                inside.event_subprocesses.append(made)
            elif isinstance(made, StartEvent):
                inside.starts.append(made)
            self.nodes[element_id] = made
        inside.starts.sort(key=lambda start: start.event.kind != "none")

    def _attach(self, holder: Element) -> None:
        for node in holder.iter("{*}boundaryEvent"):
            event, host = self.nodes.get(node.get("id", "")), self.nodes.get(node.get("attachedToRef", ""))
            if not isinstance(event, BoundaryEvent):
                continue
            if host is None or not host.is_activity or isinstance(host, (ExclusiveGateway, EventGateway)):
                self._wrong(
                    node,
                    "boundary-host",
                    Text("边界事件没有附在任何活动上。", "The boundary event is attached to no activity."),
                    Text("请把它放到任务或子流程的边上。", "Put it on the edge of a task or sub-process."),
                )
                continue
            host.boundaries.append(event)

    def _flows(self, holder: Element) -> None:
        for node in holder.iter("{*}sequenceFlow"):
            flow_id = node.get("id", "")
            source, target = (self.nodes.get(node.get(end, "")) for end in ("sourceRef", "targetRef"))
            if source is None or target is None:
                self._wrong(
                    node,
                    "loose-flow",
                    Text("顺序流没有连接两个元素。", "The flow does not join two elements."),
                    Text("请重新连接或删去它。", "Connect it again or delete it."),
                )
                continue
            condition = child(node, "conditionExpression")
            flow = Flow(flow_id, source, target)
            if condition is not None and text_in(condition):
                flow.condition = self.expression(node, text_in(condition))
            self._join(flow)
        for node in holder.iter():
            default = node.get("default") if isinstance(node.tag, str) else None
            made = self.nodes.get(node.get("id", "")) if default else None
            if made is not None:
                made.default = next((flow for flow in made.outgoing if flow.id == default), None)

    @staticmethod
    def _join(flow: Flow) -> None:
        flow.source.outgoing.append(flow)
        flow.target.incoming.append(flow)
        flow.source.connect(flow.target)

    def _links(self) -> None:
        for scope, name, thrower in self.throwing_links:
            catcher = self.catching_links.get((scope, name))
            if catcher is not None:
                self._join(Flow("", thrower, catcher))
            else:
                self.findings.append(
                    Finding(
                        "error",
                        "link-event",
                        Text(
                            "没有名为“{name}”的链接接收事件。", "No catching link is called “{name}”."
                        ).format(name=name),
                        Text("请给两个链接事件同样的名称。", "Give both link events the same name."),
                        file=self.file_name,
                        element_id=thrower.bpmn_id,
                    )
                )

    # -- activities

    def _activity(self, node: Element, make: Callable[[bool], FlowNode]) -> FlowNode:
        many = child(node, "multiInstanceLoopCharacteristics")
        loop = child(node, "standardLoopCharacteristics")
        if many is None and loop is None:
            return make(False)
        body: Repeated = self._many(node, many) if many is not None else self._loop(node, loop)
        body.child = make(True)
        return body

    def _many(self, node: Element, many: Element) -> MultiInstance:
        cardinality = text_in(child(many, "loopCardinality"))
        collection = many.get(f"{CAMUNDA}collection") or text_in(child(many, "loopDataInputRef"))
        item = many.get(f"{CAMUNDA}elementVariable") or _name_of(child(many, "inputDataItem"))
        condition = text_in(child(many, "completionCondition"))
        if bool(cardinality) == bool(collection):
            self._wrong(
                node,
                "multi-instance",
                Text(
                    "多实例需要集合或次数之一。", "A multi-instance needs a collection or a number, not both."
                ),
                Text("请填写 collection 或 loopCardinality。", "Fill in the collection or the cardinality."),
            )
        collected = [
            Collected(*(part.strip() for part in each.split("->", 1)))
            for each in properties(node).get("collect", "").split(",")
            if "->" in each
        ]
        into, from_item = text_in(child(many, "loopDataOutputRef")), _name_of(child(many, "outputDataItem"))
        if into and from_item:
            collected.append(Collected(from_item, into))
        return MultiInstance(
            self.process,
            node.get("id", ""),
            node.get("name", ""),
            sequential=many.get("isSequential") == "true",
            cardinality=self.expression(node, cardinality) if cardinality else None,
            collection=self.expression(node, collection) if collection else None,
            item=item,
            collected=collected,
            condition=self.expression(node, condition) if condition else None,
        )

    def _loop(self, node: Element, loop: Any) -> Loop:
        most, condition = loop.get("loopMaximum"), text_in(child(loop, "loopCondition"))
        if not condition and not (most or "").isdigit():
            self._wrong(
                node,
                "loop",
                Text("循环没有条件，也没有次数。", "The loop has neither a condition nor a maximum."),
                Text("请填写循环条件。", "Fill in the loop condition."),
            )
        return Loop(
            self.process,
            node.get("id", ""),
            node.get("name", ""),
            most=int(most) if most and most.isdigit() else None,
            condition=self.expression(node, condition) if condition else None,
            test_before=loop.get("testBefore") == "true",
        )

    def user_task(self, node: Element) -> FlowNode:
        """A user task."""
        texts = {
            "candidate_groups": "candidateGroups",
            "candidate_users": "candidateUsers",
            "assignee": "assignee",
            "due": "dueDate",
            "follow_up": "followUpDate",
            "priority": "priority",
        }
        assignment = Assignment(
            **{name: self.template(node, node.get(CAMUNDA + attribute)) for name, attribute in texts.items()}
        )
        return self._activity(
            node,
            lambda inner: UserTask(
                self.process, node.get("id", ""), node.get("name", ""), assignment, inner=inner
            ),
        )

    def passed_task(self, node: Element) -> FlowNode:
        """A task that the program neither does nor waits for."""
        return self._activity(
            node,
            lambda inner: PassedTask(self.process, node.get("id", ""), node.get("name", ""), inner=inner),
        )

    def script_task(self, node: Element) -> FlowNode:
        """A script task."""
        text = text_in(child(node, "script"))
        try:
            script = expressions.compile_script(text)
        except expressions.InvalidExpression as error:
            self._bad_expression(node, text, error)
            script = expressions.compile_script("nothing = null")
        return self._activity(
            node,
            lambda inner: ScriptTask(
                self.process, node.get("id", ""), node.get("name", ""), script, inner=inner
            ),
        )

    def business_rule_task(self, node: Element) -> FlowNode:
        """A business rule task with a decision table; or one that a service carries out."""
        decision, mapping = node.get(f"{CAMUNDA}decisionRef"), node.get(f"{CAMUNDA}mapDecisionResult", "")
        if not decision:
            return self.service_task(node)
        if mapping not in MAPPINGS:
            self._wrong(
                node,
                "decision-result",
                Text("未知的 mapDecisionResult。", "mapDecisionResult is none of those known."),
                Text("可用：{known}", "Known: {known}").format(known=", ".join(filter(None, MAPPINGS))),
            )
            mapping = ""
        return self._activity(
            node,
            lambda inner: BusinessRuleTask(
                self.process,
                node.get("id", ""),
                node.get("name", ""),
                decision,
                node.get(f"{CAMUNDA}resultVariable", ""),
                mapping,
                inner=inner,
            ),
        )

    def service_task(self, node: Element) -> FlowNode:
        """A task that a named service carries out."""
        topic = node.get(f"{CAMUNDA}topic")
        if not topic:
            self._wrong(
                node,
                "service-topic",
                Text("服务任务没有主题。", "The service task has no topic."),
                Text("请选择外部任务并填写主题（topic）。", "Choose “external” and fill in the topic."),
            )
        parameters = self._parameters(node)
        return self._activity(
            node,
            lambda inner: ServiceTask(
                self.process, node.get("id", ""), node.get("name", ""), topic or "", parameters, inner=inner
            ),
        )

    def send_task(self, node: Element) -> FlowNode:
        """A send task: a message, or a named service."""
        if node.get(f"{CAMUNDA}topic") or not node.get("messageRef"):
            return self.service_task(node)
        event = self._message(node, node)
        return self._activity(
            node,
            lambda inner: ThrowingEvent(
                self.process, node.get("id", ""), node.get("name", ""), event, inner=inner
            ),
        )

    def receive_task(self, node: Element) -> FlowNode:
        """A task that waits for a message."""
        if node.get("instantiate") == "true":
            self._unsupported_here(node, "instantiate")
        event = self._message(node, node)
        return self._activity(
            node,
            lambda inner: ReceiveTask(
                self.process, node.get("id", ""), node.get("name", ""), event, inner=inner
            ),
        )

    def _parameters(self, node: Element) -> Parameters:
        found: dict[str, dict[str, Any]] = {"inputParameter": {}, "outputParameter": {}}
        for extensions in children(node, "extensionElements"):
            for each in extensions.iter(f"{CAMUNDA}inputParameter", f"{CAMUNDA}outputParameter"):
                found[local_name(each)][each.get("name", "")] = self._parameter(node, each)
        return Parameters(found["inputParameter"], found["outputParameter"])

    def _parameter(self, node: Element, parameter: Element) -> Any:
        listed = child(parameter, "list")
        if listed is not None:
            return [self.template(node, text_in(value)) or NO_TEMPLATE for value in children(listed, "value")]
        if child(parameter, "map") is not None or child(parameter, "script") is not None:
            self._unsupported_here(node, "camunda:map, camunda:script")
        return self.template(node, text_in(parameter)) or NO_TEMPLATE

    def _unsupported_here(self, node: Element, what: str) -> None:
        self._wrong(
            node,
            "unsupported",
            Text("这里不支持 {what}。", "{what} is not supported here.").format(what=what),
            Text("请换一种写法。", "Write it differently."),
        )

    # -- sub-processes

    def sub_process(self, node: Element) -> FlowNode:
        """An embedded sub-process, a transaction, or an event sub-process."""
        if node.get("triggeredByEvent") == "true":
            return self._event_subprocess(node)
        return self._activity(node, lambda inner: self._embedded(node, inner))

    def _embedded(self, node: Element, inner: bool) -> SubProcess:
        made = SubProcess(self.process, node.get("id", ""), node.get("name", ""), inner=inner)
        self._inside(node, made.inside, node.get("id", ""))
        if len(made.inside.starts) != 1 or made.inside.starts[0].event.kind != "none":
            self._wrong(
                node,
                "sub-process-start",
                Text("子流程需要一个普通的开始事件。", "A sub-process needs one plain start event."),
                Text("请画一个，并删去其他的。", "Draw one, and remove any other."),
            )
        return made

    def _event_subprocess(self, node: Element) -> EventSubProcess:
        made = EventSubProcess(self.process, node.get("id", ""), node.get("name", ""))
        self._inside(node, made.inside, node.get("id", ""))
        starts = made.inside.starts
        if len(starts) != 1 or starts[0].event.kind == "none":
            self._wrong(
                node,
                "event-sub-process-start",
                Text(
                    "事件子流程需要一个带事件的开始事件。",
                    "An event sub-process needs one start event with an event.",
                ),
                Text("请给开始事件选择消息、定时、错误等。", "Choose message, timer, error … for its start."),
            )
            made.start = (
                starts[0]
                if starts
                else StartEvent(self.process, f"{node.get('id')} [start]", "", EventDefinition(), True)
            )
            return made
        made.start = starts[0]
        made.start.owner = made
        return made

    def call_activity(self, node: Element) -> FlowNode:
        """A call of another process."""
        called = node.get("calledElement", "")
        if not called or "{" in called:
            self._wrong(
                node,
                "called-process",
                Text("调用活动没有写明流程编号。", "The call activity names no process."),
                Text("请填写被调用流程的编号。", "Fill in the id of the called process."),
            )
        ins, outs = self._mappings(node, "in"), self._mappings(node, "out")
        return self._activity(
            node,
            lambda inner: CallActivity(
                self.process, node.get("id", ""), node.get("name", ""), called, ins, outs, inner=inner
            ),
        )

    def _mappings(self, node: Element, direction: str) -> list[Mapping]:
        found = []
        for extensions in children(node, "extensionElements"):
            for each in extensions.iter(f"{CAMUNDA}{direction}"):
                if each.get("variables") == "all":
                    found.append(Mapping("", everything=True))
                elif each.get("target"):
                    expression = each.get("sourceExpression")
                    found.append(
                        Mapping(
                            each.get("target", ""),
                            variable=each.get("source", ""),
                            source=self.expression(node, expression) if expression else None,
                        )
                    )
        return found

    # -- events

    def start_event(self, node: Element) -> FlowNode:
        """A start event."""
        event = self._event(node)
        holder: Any = node.getparent()
        in_event_subprocess = holder.get("triggeredByEvent") == "true"
        if not in_event_subprocess and event.kind not in ("none", "message"):
            self._wrong(
                node,
                "start-event",
                Text("流程只能由人或消息开始。", "A process is started by a person or a message."),
                Text("请用普通的或消息开始事件。", "Use a plain or a message start event."),
            )
        interrupting = node.get("isInterrupting", "true") == "true" or event.kind == "error"
        made = StartEvent(self.process, node.get("id", ""), node.get("name", ""), event, interrupting)
        made.initiator = node.get(f"{CAMUNDA}initiator", "")
        return made

    def end_event(self, node: Element) -> FlowNode:
        """An end event."""
        return EndEvent(self.process, node.get("id", ""), node.get("name", ""), self._event(node))

    def catch_event(self, node: Element) -> FlowNode:
        """An event that the flow waits for; or where a link comes in."""
        event = self._event(node)
        element_id, name = node.get("id", ""), node.get("name", "")
        if event.kind == "link":
            made: FlowNode = PassedTask(self.process, element_id, name)
            self.catching_links[self.scopes[element_id], event.name] = made
            return made
        if event.kind == "none":
            self._wrong(
                node,
                "no-event",
                Text("中间事件没有类型。", "The catching event waits for nothing."),
                Text("请选择消息、信号或定时。", "Choose a message, a signal or a timer."),
            )
        return IntermediateCatch(self.process, element_id, name, event)

    def throw_event(self, node: Element) -> FlowNode:
        """An event that the flow throws; or from where a link goes out."""
        event = self._event(node)
        element_id, name = node.get("id", ""), node.get("name", "")
        if event.kind == "link":
            made = PassedTask(self.process, element_id, name)
            self.throwing_links.append((self.scopes[element_id], event.name, made))
            return made
        return ThrowingEvent(self.process, element_id, name, event)

    def boundary_event(self, node: Element) -> FlowNode:
        """An event attached to an activity."""
        event = self._event(node)
        if event.kind == "none":
            self._wrong(
                node,
                "no-event",
                Text("边界事件没有类型。", "The boundary event waits for nothing."),
                Text("请选择定时、消息、错误等。", "Choose a timer, a message, an error …"),
            )
        interrupting = node.get("cancelActivity", "true") == "true" or event.kind in ("error", "cancel")
        return BoundaryEvent(self.process, node.get("id", ""), node.get("name", ""), event, interrupting)

    def _event(self, node: Element) -> EventDefinition:
        definitions = event_definitions(node)
        if not definitions:
            return EventDefinition()
        if len(definitions) > 1:
            self._wrong(
                node,
                "multiple-events",
                Text("一个事件只能有一种类型。", "An event may have one definition only."),
                Text("请分成几个事件。", "Draw one event for each."),
            )
        definition = definitions[0]
        kind = local_name(definition).removesuffix("EventDefinition")
        if kind not in EVENTS[local_name(node)]:
            self._wrong(
                node,
                "unsupported",
                Text(
                    "这里不支持这种事件：{kind}。", "This kind of event is not supported here: {kind}."
                ).format(kind=kind),
                Text("请换一种画法。", REFUSED.get(local_name(definition), "draw it differently")),
            )
            return EventDefinition()
        if kind == "timer":
            return EventDefinition("timer", timer=self._timer(node, definition))
        if kind == "message":
            return self._message(node, definition)
        name = definition.get("name") if kind == "link" else self._referred(node, definition, f"{kind}Ref")
        return EventDefinition(
            kind,
            name or "",
            code_variable=definition.get(f"{CAMUNDA}{kind}CodeVariable", ""),
            message_variable=definition.get(f"{CAMUNDA}errorMessageVariable", ""),
            values={**self._values(node), **self._values(definition)} if kind == "signal" else {},
        )

    def _message(self, node: Element, definition: Element) -> EventDefinition:
        return EventDefinition(
            "message",
            self._referred(node, definition, "messageRef"),
            key=self.template(node, properties(node).get("correlationKey")),
            values={**self._values(node), **self._values(definition)},
        )

    def _values(self, node: Element) -> dict[str, Any]:
        return dict(self._parameters(node).inputs)

    def _referred(self, node: Element, definition: Element, attribute: str) -> str:
        reference = definition.get(attribute)
        if reference is None:
            if attribute in ("messageRef", "signalRef"):
                self._wrong(
                    node,
                    "no-reference",
                    Text("没有选择消息或信号。", "No message or signal is chosen."),
                    Text("请在属性面板里选择。", "Choose one in the properties panel."),
                )
            return ""
        if reference not in self.references:
            self._wrong(
                node,
                "unknown-reference",
                Text("引用的“{name}”不存在。", "There is no “{name}”.").format(name=reference),
                Text("请在属性面板里重新选择。", "Choose it again in the properties panel."),
            )
        return self.references.get(reference, "")

    def _timer(self, node: Element, definition: Element) -> Timer | None:
        for kind in ("timeDuration", "timeDate", "timeCycle"):
            text = text_in(child(definition, kind))
            if text:
                iso = timers.parse_cycle(text) if kind == "timeCycle" else timers.is_iso(text)
                if not iso and _LIKE_ISO.fullmatch(text):
                    self._wrong(
                        node,
                        "timer",
                        Text(
                            "“{text}”不是有效的时间。", "“{text}” is no valid duration or repetition."
                        ).format(text=text),
                        Text("例如 PT5M、P1D、R3/PT1H。", "Write PT5M, P1D or R3/PT1H, for example."),
                    )
                return Timer(kind, text, None if iso else self.expression(node, text))
        self._wrong(
            node,
            "timer",
            Text("定时事件没有时间。", "The timer has no time."),
            Text("请填写时长、日期或周期。", "Fill in a duration, a date or a cycle."),
        )
        return None

    # -- gateways

    def _gateway(self, node: Element, made: type[FlowNode]) -> FlowNode:
        return made(self.process, node.get("id", ""), node.get("name", ""))

    def exclusive(self, node: Element) -> FlowNode:
        """An exclusive gateway."""
        return self._gateway(node, ExclusiveGateway)

    def parallel(self, node: Element) -> FlowNode:
        """A parallel gateway."""
        return self._gateway(node, ParallelGateway)

    def inclusive(self, node: Element) -> FlowNode:
        """An inclusive gateway."""
        return self._gateway(node, InclusiveGateway)

    def event_gateway(self, node: Element) -> FlowNode:
        """An event-based gateway."""
        return self._gateway(node, EventGateway)


def _name_of(item: Element | None) -> str:
    return "" if item is None else item.get("name") or item.get("id") or ""


MAKERS: dict[str, Callable[[Compiler, Element], FlowNode]] = {
    "userTask": Compiler.user_task,
    "task": Compiler.passed_task,
    "manualTask": Compiler.passed_task,
    "scriptTask": Compiler.script_task,
    "businessRuleTask": Compiler.business_rule_task,
    "serviceTask": Compiler.service_task,
    "sendTask": Compiler.send_task,
    "receiveTask": Compiler.receive_task,
    "subProcess": Compiler.sub_process,
    "transaction": Compiler.sub_process,
    "callActivity": Compiler.call_activity,
    "startEvent": Compiler.start_event,
    "endEvent": Compiler.end_event,
    "intermediateCatchEvent": Compiler.catch_event,
    "intermediateThrowEvent": Compiler.throw_event,
    "boundaryEvent": Compiler.boundary_event,
    "exclusiveGateway": Compiler.exclusive,
    "parallelGateway": Compiler.parallel,
    "inclusiveGateway": Compiler.inclusive,
    "eventBasedGateway": Compiler.event_gateway,
}
