"""A small housing estate for the tests: its registers, its papers, a process that uses them."""

REGISTERS = """
[[register]]
key = "building"
name_zh = "楼宇"
name_en = "Building"
number = "code"
title = "{name}"
may_see = ["*"]
may_change = ["front_desk"]
[[register.field]]
key = "code"
name_zh = "楼号"
name_en = "Code"
type = "text"
required = true
[[register.field]]
key = "name"
name_zh = "名称"
name_en = "Name"
type = "text"
indexed = true

[[register]]
key = "unit"
name_zh = "单元"
name_en = "Unit"
number = "code"
title = "{code}"
may_see = ["*"]
may_change = ["front_desk"]
[[register.field]]
key = "code"
name_zh = "房号"
name_en = "Code"
type = "text"
required = true
[[register.field]]
key = "building"
name_zh = "楼宇"
name_en = "Building"
type = "reference"
reference = "building"
[[register.field]]
key = "area"
name_zh = "面积"
name_en = "Area"
type = "decimal"
least = 1
most = 100000
[[register.field]]
key = "use"
name_zh = "用途"
name_en = "Use"
type = "choice"
indexed = true
choices = [{value = "office", name_zh = "写字楼", name_en = "Office"}, {value = "flat", name_zh = "住宅", name_en = "Flat"}]

[[register]]
key = "customer"
name_zh = "客户"
name_en = "Customer"
number_series = "KH-{n:05}"
title = "{name}"
may_see = ["front_desk"]
may_change = ["front_desk"]
may_see_restricted = ["cs_manager"]
[[register.field]]
key = "name"
name_zh = "姓名"
name_en = "Name"
type = "text"
required = true
indexed = true
[[register.field]]
key = "phone"
name_zh = "电话"
name_en = "Phone"
type = "phone"
indexed = true
[[register.field]]
key = "id_card"
name_zh = "身份证号"
name_en = "ID number"
type = "id_number"
restricted = true

[[register]]
key = "lease"
name_zh = "租约"
name_en = "Lease"
number_series = "ZL-{year}-{n:04}"
may_see = ["front_desk"]
may_change = ["front_desk"]
[[register.field]]
key = "unit"
name_zh = "单元"
name_en = "Unit"
type = "reference"
reference = "unit"
required = true
[[register.field]]
key = "customer"
name_zh = "客户"
name_en = "Customer"
type = "reference"
reference = "customer"
[[register.field]]
key = "first_day"
name_zh = "起租日"
name_en = "First day"
type = "date"
required = true
[[register.field]]
key = "last_day"
name_zh = "到期日"
name_en = "Last day"
type = "date"
[[register.field]]
key = "rent"
name_zh = "月租"
name_en = "Rent"
type = "amount"
[[register.field]]
key = "status"
name_zh = "状态"
name_en = "Status"
type = "choice"
indexed = true
choices = ["running", "cancelled"]
[register.no_overlap]
by = "unit"
first = "first_day"
last = "last_day"
unless = {status = "cancelled"}

[[register]]
key = "pass"
name_zh = "证件"
name_en = "Pass"
number_series = "ZHZ-{year}-{n:05}"
title = "{number} {holder}"
may_see = ["*"]
may_change = ["front_desk"]
[[register.field]]
key = "holder"
name_zh = "持证人"
name_en = "Holder"
type = "text"
[[register.field]]
key = "first"
name_zh = "签发日"
name_en = "Issued on"
type = "date"
[[register.field]]
key = "last"
name_zh = "有效至"
name_en = "Valid until"
type = "date"
[[register.field]]
key = "status"
name_zh = "状态"
name_en = "Status"
type = "choice"
choices = ["valid", "lost"]
[register.verification]
holder = "holder"
first = "first"
last = "last"
status = "status"
good = ["valid"]

[ledger]
unit_register = "unit"
customer_register = "customer"
receipt_series = "SJ-{year}-{n:05}"
may_see = ["front_desk"]
may_correct = ["cs_manager"]
[[ledger.item]]
key = "rent"
name_zh = "租金"
name_en = "Rent"
[[ledger.item]]
key = "rent_deposit"
name_zh = "房租押金"
name_en = "Rent deposit"
deposit = true
[[ledger.item]]
key = "damage"
name_zh = "损坏赔偿"
name_en = "Damage"
[[ledger.item]]
key = "late_fee"
name_zh = "滞纳金"
name_en = "Late fee"
"""

RECEIPT = """{#
name_zh: 收据
name_en: Receipt
series: ZJ-{year}-{n:04}
#}
<h1>收据 {{ number }}</h1>
<p>{{ customer_name }} {{ money(amount) }} {{ money_in_words(amount) }} {{ date_zh(issued_at) }}</p>
{% for line in lines|default([]) %}<li>{{ loop.index }} {{ line.item }} {{ money(line.amount * 2) }}</li>{% endfor %}
"""

PASS = """{#
name_zh: 住户证
name_en: Resident pass
series: PZ-{n:05}
#}
<h1>{{ holder }}</h1>{{ check_qr() }}{{ photo(picture) }}
"""

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" targetNamespace="test"
  xmlns:camunda="http://camunda.org/schema/1.0/bpmn" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">
"""


def service(
    topic: str, inputs: dict[str, str], outputs: dict[str, str] | None = None, *, catches: bool = True
) -> dict[str, str]:
    """Return the file of a process that asks a service once, tells of a refusal, then waits for a person."""
    given = "".join(
        f'<camunda:inputParameter name="{k}">{v}</camunda:inputParameter>' for k, v in inputs.items()
    )
    taken = "".join(
        f'<camunda:outputParameter name="{k}">{v}</camunda:outputParameter>'
        for k, v in (outputs or {}).items()
    )
    boundary = """<boundaryEvent id="Refused" attachedToRef="Ask"><outgoing>f4</outgoing>
      <errorEventDefinition id="d1" errorRef="E" camunda:errorMessageVariable="refusal"/></boundaryEvent>
    <sequenceFlow id="f4" sourceRef="Refused" targetRef="Explain"/>
    <userTask id="Explain" name="说明" camunda:candidateGroups="front_desk"><incoming>f4</incoming><outgoing>f5</outgoing></userTask>
    <sequenceFlow id="f5" sourceRef="Explain" targetRef="Told"/>
    <endEvent id="Told"><incoming>f5</incoming></endEvent>"""
    return {
        "ask.bpmn": f"""{_HEAD}<error id="E" name="refused" errorCode="refused"/>
  <process id="ask" name="办理" isExecutable="true" camunda:candidateStarterGroups="front_desk">
    <startEvent id="Begin"><outgoing>f1</outgoing></startEvent>
    <sequenceFlow id="f1" sourceRef="Begin" targetRef="Ask"/>
    <serviceTask id="Ask" name="办" camunda:type="external" camunda:topic="{topic}">
      <extensionElements><camunda:inputOutput>{given}{taken}</camunda:inputOutput></extensionElements>
      <incoming>f1</incoming><outgoing>f2</outgoing></serviceTask>
    <sequenceFlow id="f2" sourceRef="Ask" targetRef="Look"/>
    <userTask id="Look" name="看" camunda:candidateGroups="front_desk"><incoming>f2</incoming><outgoing>f3</outgoing></userTask>
    <sequenceFlow id="f3" sourceRef="Look" targetRef="Done"/>
    <endEvent id="Done"><incoming>f3</incoming></endEvent>
    {boundary if catches else ""}
  </process></definitions>"""
    }
