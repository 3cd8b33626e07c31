"""Checks of what is written in a diagram: who, when, which form, table or service; expressions, variables."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import UTC

from engine.bpmn import expressions, grammar, service_checks, timers
from engine.bpmn.drawing import CAMUNDA, Drawing, Shape, properties
from engine.bpmn.events import IN_ENGLISH
from engine.bpmn.expressions import InvalidExpression
from engine.bpmn.extension_checks import CODE
from engine.bpmn.findings import Findings
from engine.bpmn.safe_xml import Element, attribute, child, children, local_name, text_in
from engine.bpmn.variables import GIVEN
from engine.errors import BanjieError
from engine.texts import Text


@dataclass(frozen=True)
class Known:
    """What there is beside the file; of a member that is None nothing is known, and nothing said."""

    processes: Set[str] | None = None
    decisions: Mapping[str, tuple[Iterable[str], Iterable[str]]] | None = None  # key → inputs, outputs
    lists: Set[str] | None = None  # of the decisions: those whose answer is no single row
    forms: Mapping[str, Set[str]] | None = None  # key → the variables that it sets
    groups: Set[str] | None = None
    topics: Mapping[str, Iterable[str]] | None = None  # → the inputs that each needs
    messages: Set[str] | None = None
    elements: Set[str] | None = None  # ids of user tasks in all processes
    calls: Mapping[str, Iterable[str]] | None = None  # process → those it calls
    restricted: Mapping[str, Mapping[str, frozenset[str]]] | None = None  # process → what not all may see
    names: service_checks.KnownNames | None = None  # of registers, charge items and papers


PROPERTIES: Mapping[str, str] = {
    "labelEn": "*", "documentationEn": "*", "rules": "*", "notBy": "userTask", "newRound": "userTask",
    "notify": "userTask",
    "caseNumberPrefix": "process", "caseTitle": "process", "caseTitleEn": "process",
    "caseCustomer": "process", "caseUnit": "process",
    "searchable": "process", "visibleTo": "process", "restricted": "process",
    "collect": "*", "correlationKey": "*", "payload": "*",
}  # fmt: skip
NEED_VARIABLE = frozenset({"singleEntry", "collectEntries", "resultList"})
DECISION_MAPPINGS = NEED_VARIABLE | {"", "singleResult"}
_CRON = re.compile(r"\S+(\s+\S+){4,6}")


class ContentCheck:
    """Looks at what is written in one drawing; the findings tell."""

    def __init__(self, drawing: Drawing, root: Element, findings: Findings, known: Known) -> None:
        self.drawing = drawing
        self.root = root
        self.add = findings.add
        self.known = known
        self.set: set[str] = set(GIVEN)
        self.used: dict[str, tuple[Element, Text]] = {}
        self.open_ended = False  # somebody sets variables that the diagram does not name

    def run(self) -> None:
        """Look at everything."""
        self.process(self.drawing.process)
        for shape in self.drawing.shapes.values():
            self.shape(shape)
        for element in self.drawing.process.iter("{*}sequenceFlow"):
            self.condition(element)
        for element in self.drawing.process.iter("{*}dataObject"):
            self.set |= {attribute(element, "id"), attribute(element, "name")}
        if not self.open_ended:
            for name, (element, where) in self.used.items():
                if name not in self.set:
                    self.add("unknown-variable", element, name=name, where=where)

    # -- texts with expressions

    def _uses(
        self, element: Element, where: Text, names: Iterable[str], local: Set[str] = frozenset()
    ) -> None:
        for name in sorted(names):
            if name not in local:
                self.used.setdefault(name, (element, where))

    def _sets(self, element: Element, name: str) -> None:
        if not name.isidentifier() or name.startswith("_") or name in grammar.WORDS or name == "typename":
            self.add("bad-variable-name", element, name=name)
        else:
            self.set.add(name)

    def _wrong(self, element: Element, where: Text, text: str, error: BanjieError) -> None:
        self.add("bad-expression", element, where=where, text=text[:80], reason=error.message)

    def expression(
        self, element: Element, text: str, where: Text, local: Set[str] = frozenset()
    ) -> expressions.Expression | None:
        try:
            found = expressions.compile(text)
        except InvalidExpression as error:
            self._wrong(element, where, text, error)
            return None
        self._uses(element, where, found.names, local)
        return found

    def template(self, element: Element, text: str, where: Text, local: Set[str] = frozenset()) -> bool:
        """Check a text; whether it holds expressions."""
        try:
            found = expressions.compile_template(text)
        except InvalidExpression as error:
            self._wrong(element, where, text, error)
            return True
        self._uses(element, where, found.names, local)
        return expressions.is_expression(text) or "${" in text or "#{" in text

    def condition(self, flow: Element) -> None:
        condition = child(flow, "conditionExpression")
        if condition is None or not text_in(condition):
            if condition is not None and attribute(condition, f"{CAMUNDA}resource"):
                self.add("script-language", flow, what=attribute(condition, f"{CAMUNDA}resource"))
            return
        language = attribute(condition, "language").lower()
        if language and "feel" not in language and language != "juel":
            self.add("script-language", flow, what=language)
            return
        self.expression(flow, text_in(condition), Text("条件", "The condition "))

    # -- the process

    def process(self, process: Element) -> None:
        own = properties(process)
        for name in ("caseTitle", "caseTitleEn", "caseCustomer", "caseUnit"):
            if own.get(name):
                self.template(process, own[name], Text(f"{name} ", f"{name} "))
        for name in own:
            if (kind := name.partition(".")[0]) in ("label", "labelEn", "kind") and name != kind:
                self._uses(process, Text(f"{name} ", f"{name} "), {name.split(".")[1]})
        for group in _listed(own.get("visibleTo", "")):
            self.group(process, group)
        for group in _listed(attribute(process, f"{CAMUNDA}candidateStarterGroups")):
            if group != "*":
                self.group(process, group)
        self.properties(process, "process")
        self.somebody_begins_it(process)

    def somebody_begins_it(self, process: Element) -> None:
        if self.known.calls is None or attribute(process, f"{CAMUNDA}candidateStarterGroups"):
            return
        is_called = any(self.drawing.id in called for called in self.known.calls.values())
        starts = self.drawing.scopes[self.drawing.id]
        by_event = any(shape.kind == "startEvent" and shape.definitions for shape in starts)
        if not is_called and not by_event:
            self.add("nobody-starts", process)

    def properties(self, element: Element, kind: str) -> None:
        for name in properties(element):
            meant = PROPERTIES.get(name)
            near = difflib.get_close_matches(name, PROPERTIES, n=1, cutoff=0.8)
            if meant is None and near:
                self.add("property-misspelt", element, name=name, near=near[0])

    def group(self, element: Element, group: str) -> None:
        if self.known.groups is not None and group not in self.known.groups:
            self.add(
                "unknown-group", element, group=group, near=service_checks.near(group, self.known.groups)
            )

    # -- shapes

    def shape(self, shape: Shape) -> None:
        element = shape.element
        self.properties(element, shape.kind)
        check = _BY_KIND.get(shape.kind)
        if check is not None:
            check(self, shape)
        for definition in shape.definitions:
            self.event(shape, definition)
        self.repeated(shape)
        self.extensions(shape)
        for name in _listed(properties(element).get("payload", "")):
            self._sets(element, name)
        key = properties(element).get("correlationKey")
        if key:
            self.template(element, key, Text("correlationKey ", "correlationKey "))

    def extensions(self, shape: Shape) -> None:
        element = shape.element
        if any(child(holder, "formData") is not None for holder in children(element, "extensionElements")):
            self.add("generated-form", element)
        if child(element, "ioSpecification") is not None and shape.kind == "callActivity":
            self.add("io-ignored", element)

    def form(self, element: Element) -> str:
        """Check the form of a user task or start event; its key."""
        key = attribute(element, f"{CAMUNDA}formRef") or attribute(element, f"{CAMUNDA}formKey")
        self.binding(element, attribute(element, f"{CAMUNDA}formRefBinding"))
        if not key:
            return ""
        if self.known.forms is None:
            self.open_ended = True
        elif key not in self.known.forms:
            self.add("unknown-form", element, key=key, near=service_checks.near(key, self.known.forms))
            self.open_ended = True
        else:
            self.set |= set(self.known.forms[key])
        return key

    def binding(self, element: Element, value: str) -> None:
        if value not in ("", "latest", "deployment"):
            self.add("binding-ignored", element, value=value)

    def start_event(self, shape: Shape) -> None:
        self.form(shape.element)
        initiator = attribute(shape.element, f"{CAMUNDA}initiator")
        if initiator:
            self._sets(shape.element, initiator)

    def user_task(self, shape: Shape) -> None:
        element = shape.element
        if not self.form(element):
            self.add("no-form", element)
        who = {
            name: attribute(element, CAMUNDA + name)
            for name in ("candidateGroups", "candidateUsers", "assignee")
        }
        if not any(who.values()):
            self.add("nobody", element)
        for name, text in who.items():
            local = self.local_names(shape)
            if text and not self.template(element, text, Text(f"{name} ", f"{name} "), local):
                for group in _listed(text) if name == "candidateGroups" else ():
                    if group != "*":
                        self.group(element, group)
        for name in ("dueDate", "followUpDate"):
            self.date(shape, name)
        priority = attribute(element, f"{CAMUNDA}priority")
        is_written = priority and not self.template(element, priority, Text("priority ", "priority "))
        if is_written and not re.fullmatch(r"\d{1,2}|100", priority, re.ASCII):
            self.add("bad-priority", element, text=priority)
        for name in _listed(properties(element).get("notBy", "")):
            if name != "start":
                self.named_task(element, "notBy", name)
        for name in _listed(properties(element).get("newRound", "")):
            self.named_task(element, "newRound", name)

    def named_task(self, element: Element, named_in: str, name: str) -> None:
        own = self.drawing.shapes.get(name)
        if own is not None:
            known = own.kind == "userTask"
        else:
            known = self.known.elements is None or name in self.known.elements
        if not known:
            self.add("bad-not-by", element, named_in=named_in, id=name)

    def date(self, shape: Shape, name: str) -> None:
        text = attribute(shape.element, CAMUNDA + name)
        where = Text(f"{name} ", f"{name} ")
        is_written = text and not self.template(shape.element, text, where, self.local_names(shape))
        if is_written and timers.parse_duration(text) is None and not _is_instant(text):
            self.add("bad-date", shape.element, where=where, text=text)

    def passed_task(self, shape: Shape) -> None:
        self.add("nothing-done", shape.element)

    def script_task(self, shape: Shape) -> None:
        element = shape.element
        resource = attribute(element, f"{CAMUNDA}resource")
        if resource:
            self.add("script-language", element, what=resource)
            return
        try:
            script = expressions.compile_script(text_in(child(element, "script")))
        except InvalidExpression as error:
            self.add("bad-script", element, reason=error.message)
            return
        self._uses(element, Text("脚本", "The script "), script.names, self.local_names(shape))
        for name in script.assigned:
            self._sets(element, name)

    def rule_task(self, shape: Shape) -> None:
        element = shape.element
        key = attribute(element, f"{CAMUNDA}decisionRef")
        if not key:
            if attribute(element, f"{CAMUNDA}topic"):
                self.service_task(shape)
            else:
                self.add("no-decision-ref", element)
            return
        self.binding(element, attribute(element, f"{CAMUNDA}decisionRefBinding"))
        mapping, variable = (attribute(element, CAMUNDA + n) for n in ("mapDecisionResult", "resultVariable"))
        if mapping not in DECISION_MAPPINGS:
            self.add("bad-decision-mapping", element, value=mapping)
        elif not variable and (mapping in NEED_VARIABLE or (not mapping and key in (self.known.lists or ()))):
            self.add("decision-needs-variable", element)
        if variable:
            self._sets(element, variable)
        if self.known.decisions is None:
            self.open_ended = self.open_ended or not variable
        elif key not in self.known.decisions:
            self.add(
                "unknown-decision", element, key=key, near=service_checks.near(key, self.known.decisions)
            )
            self.open_ended = True
        else:
            inputs, outputs = self.known.decisions[key]
            where = Text("决策表“{key}”", "The decision “{key}” ").format(key=key)
            self._uses(element, where, inputs, self.local_names(shape))
            if not variable:
                self.set |= set(outputs)

    def service_task(self, shape: Shape) -> None:
        element = shape.element
        for name in CODE:
            if attribute(element, CAMUNDA + name):
                self.add("java-service", element, what=f"camunda:{name}")
                return
        if shape.kind == "sendTask" and attribute(element, "messageRef"):
            self.message(shape, element)
            return
        topic = attribute(element, f"{CAMUNDA}topic")
        if not topic:
            self.add("no-topic", element)
        elif self.known.topics is not None and topic not in self.known.topics:
            self.add("unknown-topic", element, topic=topic, known=", ".join(sorted(self.known.topics)))
        self.named(element)
        self.needed(element, topic)
        outputs = self.parameters(shape)
        if not outputs and topic != "notify":
            self.open_ended = True  # what the service answers becomes variables

    def named(self, element: Element) -> None:
        """Check that the registers, fields, charge items and papers that a service names are there."""
        names = self.known.names
        for use in service_checks.uses(element) if names is not None else ():
            if names is not None and not service_checks.is_there(use, names):
                near = service_checks.near_to(use, names)
                within = ".".join(use.within)
                self.add(service_checks.CODES[use.kind], element, name=use.name, within=within, near=near)

    def needed(self, element: Element, topic: str) -> None:
        """Check that a service gets the inputs that it cannot do without."""
        given = {
            attribute(one, "name")
            for extensions in children(element, "extensionElements")
            for one in extensions.iter(f"{CAMUNDA}inputParameter")
        }
        for name in (self.known.topics or {}).get(topic, ()):
            if name not in given:
                self.add("missing-input", element, topic=topic, name=name)

    def parameters(self, shape: Shape) -> bool:
        """Check the input and output parameters; whether there are outputs."""
        outputs = False
        for extensions in children(shape.element, "extensionElements"):
            for one in extensions.iter(f"{CAMUNDA}inputParameter", f"{CAMUNDA}outputParameter"):
                is_output = local_name(one) == "outputParameter"
                outputs = outputs or is_output
                self.parameter(shape, one, is_output)
                if is_output:
                    self._sets(shape.element, attribute(one, "name"))
        return outputs

    def parameter(self, shape: Shape, parameter: Element, is_output: bool) -> None:
        name = attribute(parameter, "name")
        where = Text("参数“{name}”", "The parameter “{name}” ").format(name=name)
        if child(parameter, "script") is not None or child(parameter, "map") is not None:
            self.add("unsupported-parameter", shape.element, name=name)
            return
        listed = child(parameter, "list")
        texts = [text_in(one) for one in children(listed)] if listed is not None else [text_in(parameter)]
        for text in texts:
            if is_output:  # may read what the service answers
                try:
                    expressions.compile_template(text)
                except InvalidExpression as error:
                    self._wrong(shape.element, where, text, error)
            else:
                self.template(shape.element, text, where, self.local_names(shape))

    def receive_task(self, shape: Shape) -> None:
        self.message(shape, shape.element)

    def message(self, shape: Shape, holder: Element) -> None:
        reference = attribute(holder, "messageRef").rpartition(":")[2]
        messages = {attribute(one, "id"): attribute(one, "name") for one in children(self.root, "message")}
        what = Text("消息", "message")
        if holder is shape.element:  # of an event, the drawing check tells
            if not reference:
                self.add("no-reference", shape.element, what=what)
            elif reference not in messages:
                self.add("unknown-reference", shape.element, what=what, id=reference)
        name = messages.get(reference) or reference
        if reference in messages and self.known.messages is not None and name not in self.known.messages:
            self.add("unknown-message", shape.element, name=name)
        for extensions in (
            *children(shape.element, "extensionElements"),
            *children(holder, "extensionElements"),
        ):
            for one in extensions.iter(f"{CAMUNDA}inputParameter"):
                self.parameter(shape, one, is_output=False)
                # what is sent is what the receivers get as variables
                if attribute(one, "name").isidentifier():
                    self.set.add(attribute(one, "name"))

    def call_activity(self, shape: Shape) -> None:
        element = shape.element
        key = attribute(element, "calledElement")
        if not key or "{" in key:
            self.add("no-called-process", element)
        elif self.known.processes is not None and key not in self.known.processes | {self.drawing.id}:
            self.add("unknown-process", element, key=key, near=service_checks.near(key, self.known.processes))
        elif path := self.way_back(key):
            self.add("recursive-call", element, path=" → ".join(path))
        self.binding(element, attribute(element, f"{CAMUNDA}calledElementBinding"))
        mapped = [
            one
            for extensions in children(element, "extensionElements")
            for one in children(extensions, "in", "out")
            if not attribute(one, "businessKey")
        ]
        for one in mapped:
            self.mapping(shape, one)
        if not mapped:
            self.add("everything-mapped", element)
        if not any(local_name(one) == "out" for one in mapped):
            self.open_ended = self.open_ended or not mapped

    def mapping(self, shape: Shape, mapping: Element) -> None:
        element = shape.element
        is_out = local_name(mapping) == "out"
        if attribute(mapping, "variables") == "all":
            self.open_ended = self.open_ended or is_out
            return
        source, text = attribute(mapping, "source"), attribute(mapping, "sourceExpression")
        target = attribute(mapping, "target")
        if not target or not (source or text):
            self.add("bad-mapping", element)
            return
        where = Text("映射“{target}”", "The mapping to “{target}” ").format(target=target)
        if is_out:
            self._sets(element, target)
            if text:
                try:
                    expressions.compile(text)
                except InvalidExpression as error:
                    self._wrong(element, where, text, error)
        elif text:
            self.expression(element, text, where, self.local_names(shape))

    def way_back(self, key: str) -> list[str]:
        """Return the processes on the way from this one back to itself, or nothing."""
        calls = self.known.calls or {}
        waiting: list[list[str]] = [[self.drawing.id, key]]
        seen: set[str] = set()
        while waiting:
            path = waiting.pop()
            if path[-1] == self.drawing.id:
                return path
            if path[-1] not in seen:
                seen.add(path[-1])
                waiting += [[*path, each] for each in calls.get(path[-1], ())]
        return []

    # -- events and repetition

    def event(self, shape: Shape, definition: Element) -> None:
        kind = shape.event
        if kind == "timer":
            self.timer(shape, definition)
        elif kind == "message":
            self.message(shape, definition)
        elif kind == "signal":
            self.parameters(shape)
        for name in ("errorCodeVariable", "errorMessageVariable", "escalationCodeVariable"):
            if attribute(definition, CAMUNDA + name):
                self._sets(shape.element, attribute(definition, CAMUNDA + name))
        message = attribute(definition, f"{CAMUNDA}errorMessageVariable")
        if message:
            self._sets(shape.element, message + IN_ENGLISH)

    def timer(self, shape: Shape, definition: Element) -> None:
        texts = {kind: text_in(child(definition, kind)) for kind in ("timeDuration", "timeDate", "timeCycle")}
        written = {kind: text for kind, text in texts.items() if text}
        for kind, text in written.items():
            self.time(shape, kind, text)
        if not written:
            self.add("timer-empty", shape.element)
        elif len(written) > 1:
            self.add("timer-several", shape.element, kinds=", ".join(written))

    def time(self, shape: Shape, kind: str, text: str) -> None:
        element = shape.element
        if expressions.is_expression(text):
            self.expression(element, text, Text("定时", "The timer "), self.local_names(shape))
            return
        duration, cycle = timers.parse_duration(text), timers.parse_cycle(text)
        right = {
            "timeCycle": cycle is not None,
            "timeDuration": duration is not None,
            "timeDate": _is_instant(text) or duration is not None,
        }[kind]
        if right:
            return
        if kind == "timeCycle" and _CRON.fullmatch(text) and not re.search(r"[(\"']", text):
            self.add("timer-cron", element, text=text)
            return
        looks_written = (
            re.fullmatch(r"([+-]?[P\d]|R-?\d*/).*", text) or duration is not None or cycle is not None
        )
        try:
            if looks_written:
                raise InvalidExpression(Text("", ""))
            found = expressions.compile(text)
        except InvalidExpression:
            self.add("timer-malformed", element, text=text)
        else:
            self._uses(element, Text("定时", "The timer "), found.names, self.local_names(shape))

    def repeated(self, shape: Shape) -> None:
        element = shape.element
        many = child(element, "multiInstanceLoopCharacteristics")
        if many is not None:
            self.multi_instance(shape, many)
        loop = child(element, "standardLoopCharacteristics")
        if loop is not None:
            condition, most = text_in(child(loop, "loopCondition")), attribute(loop, "loopMaximum")
            if condition:
                self.expression(
                    element, condition, Text("循环条件", "The loop condition "), frozenset({"loopCounter"})
                )
            elif not most.isdecimal():
                self.add("no-loop-end", element)

    def multi_instance(self, shape: Shape, many: Element) -> None:
        element = shape.element
        collection = attribute(many, f"{CAMUNDA}collection") or text_in(child(many, "loopDataInputRef"))
        cardinality = text_in(child(many, "loopCardinality"))
        if bool(collection) == bool(cardinality):
            self.add("no-collection", element)
        for text, where in (
            (collection, Text("集合", "The collection ")),
            (cardinality, Text("次数", "The number ")),
        ):
            if text:
                self.expression(element, text, where)
        condition = text_in(child(many, "completionCondition"))
        own = self.local_names(shape)
        if condition:
            self.expression(element, condition, Text("完成条件", "The completion condition "), own)
        for name in own - {"loopCounter", *_COUNTERS}:
            self._sets(element, name)
        for each in properties(element).get("collect", "").split(","):
            if "->" in each:
                self._sets(element, each.split("->", 1)[1].strip())
        output = text_in(child(many, "loopDataOutputRef"))
        if output:
            self._sets(element, output)

    def local_names(self, shape: Shape) -> frozenset[str]:
        """Return the names that a repeated activity, and all inside it, has for itself."""
        names: set[str] = set()
        for holder in (shape, *self.drawing.enclosing(shape)):
            if child(holder.element, "standardLoopCharacteristics") is not None:
                names.add("loopCounter")
            many = child(holder.element, "multiInstanceLoopCharacteristics")
            if many is not None:
                item = child(many, "inputDataItem")
                names |= {
                    "loopCounter",
                    *_COUNTERS,
                    attribute(many, f"{CAMUNDA}elementVariable"),
                    attribute(item, "name") or attribute(item, "id"),
                }
        return frozenset(names - {""})


_COUNTERS = ("nrOfInstances", "nrOfActiveInstances", "nrOfCompletedInstances")
_BY_KIND: Mapping[str, Callable[[ContentCheck, Shape], None]] = {
    "startEvent": ContentCheck.start_event,
    "userTask": ContentCheck.user_task,
    "task": ContentCheck.passed_task,
    "manualTask": ContentCheck.passed_task,
    "scriptTask": ContentCheck.script_task,
    "businessRuleTask": ContentCheck.rule_task,
    "serviceTask": ContentCheck.service_task,
    "sendTask": ContentCheck.service_task,
    "receiveTask": ContentCheck.receive_task,
    "callActivity": ContentCheck.call_activity,
}


def _listed(text: str) -> Iterator[str]:
    return (part.strip() for part in text.split(",") if part.strip())


def _is_instant(text: str) -> bool:
    return re.match(r"\d{4}-\d\d-\d\d", text) is not None and timers.parse_instant(text, UTC) is not None
