"""Reading BPMN: our parser, extension attributes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from engine.bpmn import checks, normalise, safe_xml
from engine.bpmn.compiling import CAMUNDA, Compiler, line_of, names_of_references, properties
from engine.bpmn.elements import Process
from engine.bpmn.events import CatchingEvent
from engine.bpmn.safe_xml import child, children, local_name, text_in
from engine.bpmn.service_checks import Use, uses
from engine.errors import Finding, InvalidDefinition
from engine.texts import Text

NAMED = frozenset(
    {
        "task",
        "userTask",
        "manualTask",
        "scriptTask",
        "businessRuleTask",
        "serviceTask",
        "sendTask",
        "receiveTask",
        "subProcess",
        "transaction",
        "callActivity",
        "startEvent",
        "endEvent",
        "intermediateCatchEvent",
        "intermediateThrowEvent",
        "boundaryEvent",
        "exclusiveGateway",
        "parallelGateway",
        "inclusiveGateway",
        "eventBasedGateway",
        "sequenceFlow",
        "lane",
    }
)


@dataclass(frozen=True)
class Element:
    """A shape or flow of a diagram, as a page or a check needs it."""

    id: str
    kind: str  # local BPMN name: "userTask", "exclusiveGateway", "sequenceFlow" …
    name: Text  # the diagram's name; property labelEn beside it
    process_id: str
    line: int  # counted from 1
    documentation: Text  # bpmn:documentation; property documentationEn beside it
    form_key: str | None
    properties: Mapping[str, str]  # camunda:properties
    lane: str | None


@dataclass(frozen=True)
class Diagram:
    """One BPMN file, read, rewritten where needed, and found free of errors."""

    process_id: str
    name: Text
    documentation: Text  # of the process
    file_name: str
    source: str  # as it was deployed
    elements: Mapping[str, Element]
    properties: Mapping[str, str]  # of the process
    called: tuple[str, ...]  # process ids of its call activities
    decisions: tuple[str, ...]  # decision keys it uses
    topics: Mapping[str, str]  # service task → the service that it asks
    uses: Mapping[str, tuple[Use, ...]]  # service task → the registers, charge items and papers it names
    starter_groups: tuple[str, ...]  # camunda:candidateStarterGroups; empty: nobody; "*": everybody
    start_form_key: str | None
    start_messages: Mapping[str, str]  # message name -> start event id
    process: Process = field(repr=False, compare=False)  # what runs; of use inside engine.bpmn only

    @cached_property
    def messages(self) -> frozenset[str]:
        """The names of the messages that something in it waits for."""
        elements = self.process.task_specs.values()
        caught = [element.event for element in elements if isinstance(element, CatchingEvent)]
        return frozenset(event.name for event in caught if event.kind == "message")


@dataclass(frozen=True)
class Program:
    """A diagram with those it calls, ready to run; shared by all its instances, never changed."""

    root: Diagram
    diagrams: Mapping[str, Diagram]  # by process id
    processes: Mapping[str, Process] = field(repr=False, compare=False)


def read(source: bytes | str, file_name: str = "") -> Diagram:
    """
    Read one BPMN file that is to be deployed.

    Raises:
        InvalidDefinition: with every finding of ``checks.check`` that is an error.
    """
    raw = source.encode() if isinstance(source, str) else source
    known = checks.Known()
    found = checks.check(raw, file_name if file_name.endswith(".bpmn") else f"{file_name}.bpmn", known)
    errors = [finding for finding in found if finding.severity == "error"]
    if errors:
        raise InvalidDefinition(errors)
    return load(source, file_name)


def load(source: bytes | str, file_name: str = "") -> Diagram:
    """
    Read one BPMN file that was deployed before.

    Checks that came later do not stop the instances of a version that has been deployed.

    Raises:
        InvalidDefinition: it cannot be run.
    """
    root = safe_xml.read(source, file_name)
    text = source if isinstance(source, str) else _text(source, root)
    normalise.put_definitions_in_place(root)
    node = _process(root, file_name)
    compiler = Compiler(root, node, file_name)
    process = compiler.compile()
    if compiler.findings:
        raise InvalidDefinition(compiler.findings)
    own = properties(node)
    elements = {element.id: element for element in _elements(node)}
    starts = list(children(node, "startEvent"))
    plain = next((each for each in starts if not normalise.event_definitions(each)), None)
    services = list(node.iter("{*}serviceTask", "{*}sendTask", "{*}businessRuleTask"))
    return Diagram(
        process_id=process.name,
        name=_named(node, own),
        documentation=_documented(node, own),
        file_name=file_name,
        source=text,
        elements=elements,
        properties=own,
        called=_references(node, "callActivity", "calledElement"),
        decisions=_references(node, "businessRuleTask", f"{CAMUNDA}decisionRef"),
        topics={each.get("id", ""): each.get(f"{CAMUNDA}topic", "") for each in services},
        uses={each.get("id", ""): tuple(uses(each)) for each in services},
        starter_groups=_list(node.get(f"{CAMUNDA}candidateStarterGroups")),
        start_form_key=None if plain is None else elements[plain.get("id", "")].form_key,
        start_messages=_start_messages(root, starts),
        process=process,
    )


def assemble(root: Diagram, called: Sequence[Diagram]) -> Program:
    """
    Put a diagram and all those it calls (directly or not) together; parse them once.

    Raises:
        InvalidDefinition: a called process is missing.
    """
    diagrams = {diagram.process_id: diagram for diagram in (*called, root)}
    findings = [
        Finding(
            "error",
            "called-process",
            Text("被调用的流程“{name}”没有部署。", "The called process “{name}” is not deployed.").format(
                name=name
            ),
            Text("请一起部署它。", "Deploy it together with this one."),
            file=diagram.file_name,
        )
        for diagram in diagrams.values()
        for name in diagram.called
        if name not in diagrams
    ]
    if findings:
        raise InvalidDefinition(findings)
    return Program(root, diagrams, {name: diagram.process for name, diagram in diagrams.items()})


def _text(source: bytes, root: safe_xml.Element) -> str:
    encoding = root.getroottree().docinfo.encoding or "utf-8"
    return source.decode(encoding, "replace").lstrip("\ufeff")


def _process(root: safe_xml.Element, file_name: str) -> safe_xml.Element:
    processes = [each for each in children(root, "process") if each.get("isExecutable") not in ("false", "0")]
    if len(processes) != 1 or not processes[0].get("id"):
        raise safe_xml.refused(
            "processes",
            Text("文件里应有且只有一个可执行的流程。", "The file must hold exactly one executable process."),
            Text(
                "请勾选“可执行”，其他流程放到各自的文件里。",
                "Tick “executable”, and put other processes into files of their own.",
            ),
            file_name,
        )
    return processes[0]


def _named(node: safe_xml.Element, own: Mapping[str, str]) -> Text:
    name = node.get("name") or node.get("id") or ""
    return Text(name, own.get("labelEn") or name)


def _elements(process: safe_xml.Element) -> Iterator[Element]:
    lanes = {
        text_in(reference): lane.get("name") or lane.get("id")
        for lane in process.iter("{*}lane")
        for reference in children(lane, "flowNodeRef")
    }
    for node in process.iter():
        element_id = node.get("id")
        if not element_id or local_name(node) not in NAMED:
            continue
        own = properties(node)
        name = node.get("name", "")
        yield Element(
            id=element_id,
            kind=local_name(node),
            name=Text(name, own.get("labelEn") or name),
            process_id=process.get("id", ""),
            line=line_of(node),
            documentation=_documented(node, own),
            form_key=node.get(f"{CAMUNDA}formKey") or node.get(f"{CAMUNDA}formRef"),
            properties=own,
            lane=_lane(node, lanes),
        )


def _documented(node: safe_xml.Element, own: Mapping[str, str]) -> Text:
    documentation = text_in(child(node, "documentation"))
    return Text(documentation, own.get("documentationEn") or documentation)


def _lane(node: safe_xml.Element, lanes: Mapping[str, str | None]) -> str | None:
    """Return the lane of an element; what stands in a sub-process has the sub-process's."""
    at: safe_xml.Element | None = node
    while at is not None:
        lane = lanes.get(at.get("id", ""))
        if lane is not None:
            return lane
        at = at.getparent()
    return None


def _references(process: safe_xml.Element, kind: str, attribute: str) -> tuple[str, ...]:
    found = (node.get(attribute) for node in process.iter(f"{{*}}{kind}"))
    return tuple(dict.fromkeys(name for name in found if name))


def _list(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _start_messages(root: safe_xml.Element, starts: Sequence[safe_xml.Element]) -> dict[str, str]:
    names = names_of_references(root)
    found = {}
    for start in starts:
        for definition in normalise.event_definitions(start):
            name = names.get(definition.get("messageRef", ""))
            if name:
                found[name] = start.get("id", "")
    return found
