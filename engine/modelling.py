"""Changing a definition in the page: what its modeller begins with, and what is told of the work."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID
from xml.sax.saxutils import quoteattr

from engine import definitions, uploads
from engine.database import UnitOfWork
from engine.definitions import Kind, Version
from engine.errors import Conflict, InvalidInput, NotFound
from engine.identity import Capability, User, require
from engine.texts import Text
from engine.uploads import Upload

ENDINGS: Final[Mapping[Kind, str]] = {"process": ".bpmn", "decision": ".dmn", "form": ".form"}
LONGEST_NAME = 200
_KEY = re.compile(r"[a-z][a-z0-9_]{0,59}")


@dataclass(frozen=True)
class Sheet:
    """What a modeller opens."""

    kind: Kind
    key: str
    name: Text
    file_name: str
    base: Version | None  # None: it is new
    source: str


@dataclass(frozen=True)
class Report:
    """What is told of work in a modeller."""

    upload: Upload
    newer: Version | None  # somebody has deployed it since the work began

    @property
    def is_unchanged(self) -> bool:
        """Whether the work is what is in force already."""
        return all(candidate.is_same for candidate in self.upload.candidates)


def begin(uow: UnitOfWork, definition_id: int, *, by: User) -> Sheet:
    """
    Return the newest version of what this is a version of, to be changed.

    Raises:
        NotFound: there is no such version, or no modeller for its kind.
    """
    require(by, Capability.DEPLOY)
    asked = definitions.version(uow, definition_id)
    newest = definitions.latest(uow, asked.kind, asked.key)
    if newest is None or asked.kind not in ENDINGS:
        raise NotFound(Text("这一种不能在网页里编辑。", "This kind cannot be edited in the page."))
    source = definitions.source(uow, newest.id)
    return Sheet(newest.kind, newest.key, newest.name, newest.file_name, newest, source)


def begin_new(uow: UnitOfWork, kind: str, key: str, name: Text, *, by: User) -> Sheet:
    """
    Return a small valid process, table or form to begin with; nothing is stored.

    Raises:
        NotFound: there is no modeller for this kind.
        InvalidInput: the key or a name cannot be used.
        Conflict: the key is taken.
    """
    require(by, Capability.DEPLOY)
    wanted = next((known for known in ENDINGS if known == kind), None)
    if wanted is None:
        raise NotFound(Text("这一种不能在网页里新建。", "This kind cannot be begun in the page."))
    if not _KEY.fullmatch(key):
        raise InvalidInput(
            Text(
                "标识只用小写字母、数字和 _，以字母开头，最多 60 个字符。",
                "The key begins with a small letter; then small letters, digits, _; 60 characters at most.",
            )
        )
    if not all(
        each.strip() and len(each) <= LONGEST_NAME and each.isprintable() for each in (name.zh, name.en)
    ):
        raise InvalidInput(
            Text(
                "请填写中文和英文名称，各不超过 200 字。",
                "Enter a Chinese and an English name of 200 characters at most.",
            )
        )
    file_name = key + ENDINGS[wanted]
    if any(
        (each.key == key and each.kind == wanted) or each.file_name == file_name
        for each in definitions.all_latest(uow)
    ):
        raise Conflict(Text("标识“{key}”已经有了。", "The key “{key}” is taken."), key=key)
    group = min(by.groups, default="")
    return Sheet(wanted, key, name, file_name, None, _BEGINNINGS[wanted](key, name, group))


def check(
    uow: UnitOfWork,
    files: Mapping[str, bytes],
    *,
    of: tuple[Kind, str],
    base_id: int | None,
    replaces: UUID | None,
    by: User,
) -> Report:
    """
    Keep the work as an upload in the place of an earlier one, and return all that is wrong with it.

    ``base_id`` is the version that the work began with.

    Raises:
        InvalidInput: there is no file, or it is of another kind.
    """
    kept = uploads.keep(uow, files.items(), by=by)
    if replaces is not None:
        uploads.forget(uow, replaces, by=by)
    newest = definitions.latest(uow, *of)
    newer = newest if newest is not None and newest.id != base_id else None
    return Report(uploads.look(uow, kept, by=by), newer)


# ---- what a new one begins with --------------------------------------------------------------------------


def _process(key: str, name: Text, group: str) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" \
xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" \
xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" \
id="{key}_definitions" targetNamespace="http://bpmn.io/schema/bpmn">
  <bpmn:process id="{key}" name={quoteattr(name.zh)} isExecutable="true" \
camunda:candidateStarterGroups={quoteattr(group)}>
    <bpmn:extensionElements>
      <camunda:properties>
        <camunda:property name="labelEn" value={quoteattr(name.en)} />
      </camunda:properties>
    </bpmn:extensionElements>
    <bpmn:startEvent id="started" name="开始">
      <bpmn:outgoing>flow_1</bpmn:outgoing>
    </bpmn:startEvent>
    <bpmn:sequenceFlow id="flow_1" sourceRef="started" targetRef="first_task" />
    <bpmn:userTask id="first_task" name="第一步" camunda:candidateGroups={quoteattr(group)}>
      <bpmn:extensionElements>
        <camunda:properties>
          <camunda:property name="labelEn" value="First step" />
        </camunda:properties>
      </bpmn:extensionElements>
      <bpmn:incoming>flow_1</bpmn:incoming>
      <bpmn:outgoing>flow_2</bpmn:outgoing>
    </bpmn:userTask>
    <bpmn:sequenceFlow id="flow_2" sourceRef="first_task" targetRef="done" />
    <bpmn:endEvent id="done" name="办结">
      <bpmn:incoming>flow_2</bpmn:incoming>
    </bpmn:endEvent>
  </bpmn:process>
  <bpmndi:BPMNDiagram id="{key}_diagram">
    <bpmndi:BPMNPlane id="{key}_plane" bpmnElement="{key}">
      <bpmndi:BPMNShape id="started_di" bpmnElement="started">
        <dc:Bounds x="180" y="162" width="36" height="36" />
        <bpmndi:BPMNLabel><dc:Bounds x="187" y="205" width="22" height="14" /></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="first_task_di" bpmnElement="first_task">
        <dc:Bounds x="280" y="140" width="100" height="80" />
      </bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="done_di" bpmnElement="done">
        <dc:Bounds x="444" y="162" width="36" height="36" />
        <bpmndi:BPMNLabel><dc:Bounds x="451" y="205" width="22" height="14" /></bpmndi:BPMNLabel>
      </bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="flow_1_di" bpmnElement="flow_1">
        <di:waypoint x="216" y="180" />
        <di:waypoint x="280" y="180" />
      </bpmndi:BPMNEdge>
      <bpmndi:BPMNEdge id="flow_2_di" bpmnElement="flow_2">
        <di:waypoint x="380" y="180" />
        <di:waypoint x="444" y="180" />
      </bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""


def _decision(key: str, name: Text, _group: str) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" \
xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/" \
xmlns:dc="http://www.omg.org/spec/DMN/20180521/DC/" xmlns:camunda="http://camunda.org/schema/1.0/dmn" \
id="{key}_definitions" name={quoteattr(name.zh)} namespace="{key}">
  <decision id="{key}" name={quoteattr(name.zh)}>
    <extensionElements>
      <camunda:properties>
        <camunda:property name="labelEn" value={quoteattr(name.en)} />
      </camunda:properties>
    </extensionElements>
    <decisionTable id="{key}_table" hitPolicy="FIRST">
      <input id="{key}_input" label="金额">
        <inputExpression id="{key}_input_expression" typeRef="number"><text>amount</text></inputExpression>
      </input>
      <output id="{key}_output" label="结果" name="result" typeRef="string" />
      <rule id="{key}_rule_1">
        <inputEntry id="{key}_rule_1_input"><text>&gt;= 1000</text></inputEntry>
        <outputEntry id="{key}_rule_1_output"><text>"large"</text></outputEntry>
      </rule>
      <rule id="{key}_rule_2">
        <inputEntry id="{key}_rule_2_input"><text></text></inputEntry>
        <outputEntry id="{key}_rule_2_output"><text>"small"</text></outputEntry>
      </rule>
    </decisionTable>
  </decision>
  <dmndi:DMNDI>
    <dmndi:DMNDiagram id="{key}_diagram">
      <dmndi:DMNShape id="{key}_shape" dmnElementRef="{key}">
        <dc:Bounds height="80" width="180" x="160" y="100" />
      </dmndi:DMNShape>
    </dmndi:DMNDiagram>
  </dmndi:DMNDI>
</definitions>
"""


def _form(key: str, name: Text, _group: str) -> str:
    field = {
        "type": "textarea",
        "id": "Field_note",
        "key": "note",
        "label": "说明",
        "properties": {"labelEn": "Note"},
        "validate": {"required": True},
    }
    form = {
        "type": "default",
        "id": key,
        "schemaVersion": 18,
        "name": name.zh,
        "properties": {"nameEn": name.en},
        "components": [field],
    }
    return json.dumps(form, ensure_ascii=False, indent=2) + "\n"


_BEGINNINGS = {"process": _process, "decision": _decision, "form": _form}
