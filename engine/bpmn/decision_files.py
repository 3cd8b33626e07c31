"""DMN files: reading their decisions, and saying all that is wrong with them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine.bpmn import expressions, grammar, safe_xml
from engine.bpmn.decision_cells import compile_cell, kind_of
from engine.bpmn.decisions import (
    AGGREGATIONS,
    SEVERAL_HITS,
    SINGLE_HIT,
    Column,
    DecisionTable,
    Naming,
    Output,
    Rule,
)
from engine.bpmn.drawing import properties
from engine.bpmn.expressions import Run
from engine.bpmn.functions import shown
from engine.bpmn.grammar import InvalidExpression
from engine.bpmn.safe_xml import Element, attribute, child, children, line_of, local_name, text_in
from engine.errors import Finding, InvalidDefinition
from engine.texts import Text

NAMESPACES = (
    "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
    "http://www.omg.org/spec/DMN/20180521/MODEL/",
    "https://www.omg.org/spec/DMN/20191111/MODEL/",
)
DEEPEST_REQUIREMENT = 30
MOST_RULES = 2000  # of one table
_NO_LABEL = Text("", "")

# What can be wrong with a file: the message, and what to do instead.
_WRONG: Mapping[str, tuple[Text, Text]] = {
    "bad-expression": (
        Text("{where}“{text}”写得不对。{reason}", "{where}“{text}” is not understood. {reason}"),
        Text("按表达式说明改写这一格。", "Rewrite it as the page on expressions says."),
    ),
    "not-dmn": (
        Text("这不是 DMN 1.1–1.3 决策文件。", "This is not a DMN 1.1 to 1.3 decision file."),
        Text(
            "请用 Camunda 7 类建模工具保存 .dmn 文件。",
            "Save a .dmn file with a modeller of the Camunda 7 kind.",
        ),
    ),
    "no-decision": (
        Text("文件里没有决策。", "The file holds no decision."),
        Text("至少画一个决策表。", "Draw at least one decision table."),
    ),
    "duplicate-id": (
        Text("标识“{id}”出现了多次。", "The id “{id}” occurs more than once."),
        Text("给每个元素不同的标识。", "Give every element an id of its own."),
    ),
    "unsupported-dmn": (
        Text(
            "不支持业务知识模型和决策服务。",
            "Business knowledge models and decision services are not supported.",
        ),
        Text("请把内容写成单独的决策。", "Write its content as a decision of its own."),
    ),
    "missing-id": (
        Text("决策没有标识。", "A decision has no id."),
        Text("在建模工具里填写标识。", "Enter its id in the modeller."),
    ),
    "no-output": (
        Text("决策表没有输出列。", "The table has no output."),
        Text("加一个输出列。", "Add an output column."),
    ),
    "too-many-rules": (
        Text("决策表有 {count} 条规则，最多 {most} 条。", "The table has {count} rules; {most} at most."),
        Text(
            "分成几个决策表，或改用登记簿。", "Divide it into several tables, or keep the data in a register."
        ),
    ),
    "empty-table": (
        Text("决策表没有规则。", "The table has no rules."),
        Text("至少写一行规则。", "Write at least one rule."),
    ),
    "duplicate-output": (
        Text("有两个输出都叫“{name}”。", "Two outputs are called “{name}”."),
        Text("给它们不同的名称。", "Give them different names."),
    ),
    "unsupported-hit-policy": (
        Text("不支持命中策略“{policy}”。", "The hit policy “{policy}” is not supported."),
        Text("可用：{all}。", "Use one of {all}."),
    ),
    "unsupported-aggregation": (
        Text("汇总方式“{how}”不能用于“{policy}”。", "The aggregation “{how}” does not go with {policy}."),
        Text("只有 COLLECT 可以用 SUM、MIN、MAX、COUNT 汇总。", "Only COLLECT takes SUM, MIN, MAX or COUNT."),
    ),
    "sum-of-another-kind": (
        Text("“{name}”不是数字，不能求和。", "“{name}” is no number: it cannot be added up."),
        Text("把输出列的类型改为数字，或用 COUNT。", "Make the output a number, or use COUNT."),
    ),
    "no-priorities": (
        Text(
            "“{policy}”需要输出列列出按优先级排列的值。",
            "{policy} needs an output column that lists its values by priority.",
        ),
        Text(
            "在输出列里填写允许的值，最重要的在前；或改用 FIRST。",
            "List the allowed values of the output, the most important first; or use FIRST.",
        ),
    ),
    "unsupported-language": (
        Text("不支持表达式语言“{language}”。", "The expression language “{language}” is not supported."),
        Text("请改成 FEEL。", "Choose FEEL."),
    ),
    "no-input-expression": (
        Text(
            "第 {place} 个输入列没有写看哪个变量。", "Input {place} does not say which variable it looks at."
        ),
        Text("在列头填写变量名或表达式。", "Enter a variable or an expression in its head."),
    ),
    "bad-output-name": (
        Text(
            "第 {place} 个输出列的名称“{name}”不能作变量名。",
            "Output {place} is named “{name}”, which cannot be a variable.",
        ),
        Text("只用字母、数字和下划线，以字母开头。", "Use letters, digits and underscores, a letter first."),
    ),
    "wrong-number-of-cells": (
        Text("第 {row} 行的格子数与列数不符。", "Rule {row} has another number of cells than the table."),
        Text("请在建模工具里重新保存这个表。", "Save the table in the modeller again."),
    ),
    "output-of-another-kind": (
        Text(
            "第 {row} 行的输出 {value} 与该列的类型（{kind}）不符。",
            "Rule {row}: the output {value} is not of the column's kind ({kind}).",
        ),
        Text(
            '文字要加双引号，数字不加，日期写 date("2026-03-01")；或改列的类型。',
            'Texts stand in double quotes, numbers without, dates as date("2026-03-01"); '
            "or change the column's type.",
        ),
    ),
    "requirements-too-deep": (
        Text("决策之间的依赖超过 {most} 层。", "Decisions require each other over more than {most} levels."),
        Text("合并一些决策。", "Put some of them together."),
    ),
    "circular-decision": (
        Text("决策“{key}”绕一圈又需要它自己。", "The decision “{key}” requires itself in the end."),
        Text("删去其中一条连线。", "Remove one of the connections."),
    ),
    "no-decision-logic": (
        Text("决策里没有决策表，也没有表达式。", "The decision holds neither a table nor an expression."),
        Text("在建模工具里给它一个决策表。", "Give it a decision table in the modeller."),
    ),
    "aggregation-of-several": (
        Text("有多个输出时不能用 {how} 汇总。", "{how} cannot add up several outputs."),
        Text("拆成几个决策表，每个一个输出。", "Split the table: one output each."),
    ),
    "cell-of-another-kind": (
        Text(
            "第 {row} 行“{label}”：{value} 与该列的类型（{kind}）不符，永远不会命中。",
            "Rule {row}, column “{label}”: {value} is not of the column's kind ({kind}) and never fits.",
        ),
        Text(
            '文字要加双引号，数字不加，日期写 date("2026-03-01")；或改列的类型。',
            'Texts stand in double quotes, numbers without, dates as date("2026-03-01"); '
            "or change the column's type.",
        ),
    ),
    "unknown-decision": (
        Text("所需的决策“{key}”不在本文件中。", "The required decision “{key}” is not in this file."),
        Text("把它画在同一个文件里。", "Draw it in the same file."),
    ),
}


class _Findings:
    def __init__(self, file_name: str) -> None:
        self.file_name = file_name
        self.found: list[Finding] = []

    def add(self, code: str, element: Element, **values: object) -> None:
        message, hint = _WRONG[code]
        self.found.append(
            Finding(
                "error",
                code,
                message.format(**values),
                hint.format(**values),
                file=self.file_name,
                element_id=element.get("id"),
                element_name=element.get("name") or element.get("label"),
                line=line_of(element),
            )
        )


def read(source: bytes | str, file_name: str = "") -> list[DecisionTable]:
    """
    Read every decision of a DMN 1.1–1.3 file.

    Raises:
        InvalidDefinition: with all that is wrong.
    """
    decisions, findings = examine(source, file_name)
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        raise InvalidDefinition(findings)
    return decisions


def examine(source: bytes | str, file_name: str = "") -> tuple[list[DecisionTable], list[Finding]]:
    """Return the decisions that could be read, and all that is wrong or doubtful about the file."""
    try:
        root = safe_xml.read(source, file_name)
    except InvalidDefinition as error:
        return [], list(error.findings)
    return _File(root, file_name).read()


class _File:
    def __init__(self, root: Element, file_name: str) -> None:
        self.root = root
        self.findings = _Findings(file_name)
        self.nodes = {node.get("id", ""): node for node in children(root, "decision")}
        self.types = {
            name: kind
            for data in children(root, "inputData")
            if (variable := child(data, "variable")) is not None
            if (name := variable.get("name", "")) and (kind := kind_of(variable.get("typeRef")))
        }
        self.namings = {
            attribute(variable, "name"): _naming(data, "name")
            for data in children(root, "inputData")
            if (variable := child(data, "variable")) is not None
        }
        self.done: dict[str, DecisionTable | None] = {}

    def read(self) -> tuple[list[DecisionTable], list[Finding]]:
        namespace = str(self.root.tag).partition("}")[0].strip("{")
        if local_name(self.root) != "definitions" or namespace not in NAMESPACES:
            self.findings.add("not-dmn", self.root)
            return [], self.findings.found
        if not self.nodes:
            self.findings.add("no-decision", self.root)
        ids = [one for element in self.root.iter() if (one := element.get("id"))]
        for repeated in sorted({one for one, count in Counter(ids).items() if count > 1}):
            element = next(element for element in self.root.iter() if element.get("id") == repeated)
            self.findings.add("duplicate-id", element, id=repeated)
        for unsupported in children(self.root, "businessKnowledgeModel", "decisionService"):
            self.findings.add("unsupported-dmn", unsupported)
        read = [self.decision(node, ()) for node in self.nodes.values()]
        return [decision for decision in read if decision is not None], self.findings.found

    def decision(self, node: Element, path: tuple[str, ...]) -> DecisionTable | None:
        key = node.get("id", "")
        if key in self.done:
            return self.done[key]
        required = self.required(node, (*path, key))
        self.done[key] = found = _Reader(node, self.findings, self.types, self.namings, required).read()
        return found

    def required(self, node: Element, path: tuple[str, ...]) -> tuple[DecisionTable, ...]:
        found: list[DecisionTable] = []
        for requirement in children(node, "informationRequirement"):
            reference = child(requirement, "requiredDecision")
            if reference is None:
                continue
            key = reference.get("href", "").removeprefix("#")
            if len(path) > DEEPEST_REQUIREMENT:
                self.findings.add("requirements-too-deep", node, most=DEEPEST_REQUIREMENT)
            elif key in path:
                self.findings.add("circular-decision", node, key=key)
            elif key not in self.nodes:
                self.findings.add("unknown-decision", node, key=key)
            elif other := self.decision(self.nodes[key], path):
                found.append(other)
        return tuple(found)


class _Reader:
    """Reads one decision."""

    def __init__(
        self,
        node: Element,
        findings: _Findings,
        types: Mapping[str, str],
        namings: Mapping[str, Naming],
        required: tuple[DecisionTable, ...],
    ) -> None:
        self.node = node
        self.findings = findings
        self.types = dict(types)
        self.namings = dict(namings)
        self.required = required
        self.used: set[str] = set()
        self.failed = False

    def wrong(self, code: str, element: Element, **values: object) -> None:
        self.failed = True
        self.findings.add(code, element, **values)

    def read(self) -> DecisionTable | None:
        key = self.node.get("id") or ""
        if not key:
            self.wrong("missing-id", self.node)
        table, literal = child(self.node, "decisionTable"), child(self.node, "literalExpression")
        if table is not None:
            found = self.table(table)
        elif literal is not None:
            found = self.literal(literal)
        else:
            self.wrong("no-decision-logic", self.node)
            return None
        return None if self.failed else found

    def made(self, **parts: Any) -> DecisionTable:
        variable = child(self.node, "variable")
        types = {name: kind for other in self.required for name, kind in other.types.items()} | self.types
        namings = {name: one for other in self.required for name, one in other.namings.items()} | self.namings
        given: dict[str, Any] = {
            "hit_policy": "UNIQUE",
            "aggregation": None,
            "columns": (),
            "rules": (),
            "literal": None,
        }
        return DecisionTable(
            key=attribute(self.node, "id"),
            name=_labelled(self.node, "name", self.node.get("id")),
            line=line_of(self.node),
            variable=attribute(variable, "name") or attribute(self.node, "id"),
            required=self.required,
            types=types,
            used=frozenset(self.used),
            documentation=_described(self.node),
            namings=namings,
            **{**given, **parts},
        )

    def literal(self, literal: Element) -> DecisionTable:
        self.language(literal)
        variable = child(self.node, "variable")
        name = attribute(variable, "name") or attribute(self.node, "id")
        kind = kind_of(attribute(variable, "typeRef") or attribute(literal, "typeRef"))
        self.namings[name] = _naming(self.node, "name")
        run = self.expression(literal, text_in(child(literal, "text")))
        return self.made(literal=run, output_clauses=(Output(name, kind),))

    def table(self, table: Element) -> DecisionTable:
        policy = table.get("hitPolicy") or "UNIQUE"
        aggregation = table.get("aggregation") or None
        columns = tuple(
            self.column(place, clause) for place, clause in enumerate(children(table, "input"), 1)
        )
        clauses = list(children(table, "output"))
        outputs = tuple(self.output(place, clause, len(clauses)) for place, clause in enumerate(clauses, 1))
        rows = list(children(table, "rule"))
        if len(rows) > MOST_RULES:
            self.wrong("too-many-rules", table, count=len(rows), most=MOST_RULES)
            rows = rows[:1]
        rules = tuple(self.rule(number, row, columns, outputs) for number, row in enumerate(rows, 1))
        self.policy(table, policy, aggregation, outputs)
        if not clauses:
            self.wrong("no-output", table)
        if not rules:
            self.wrong("empty-table", table)
        names = [output.name for output in outputs]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.wrong("duplicate-output", table, name=name)
        return self.made(
            hit_policy=policy, aggregation=aggregation, columns=columns, output_clauses=outputs, rules=rules
        )

    def policy(self, table: Element, policy: str, aggregation: str | None, outputs: Sequence[Output]) -> None:
        if policy not in (*SINGLE_HIT, *SEVERAL_HITS):
            self.wrong(
                "unsupported-hit-policy", table, policy=policy, all=", ".join((*SINGLE_HIT, *SEVERAL_HITS))
            )
        if aggregation and (policy != "COLLECT" or aggregation not in AGGREGATIONS):
            self.wrong("unsupported-aggregation", table, how=aggregation, policy=policy)
        elif aggregation and aggregation != "COUNT" and len(outputs) > 1:
            self.wrong("aggregation-of-several", table, how=aggregation)
        elif (
            aggregation == "SUM" and outputs and outputs[0].type not in ("", "number", "integer", "duration")
        ):
            self.wrong("sum-of-another-kind", table, name=outputs[0].name)
        if policy in ("PRIORITY", "OUTPUT ORDER") and not any(output.ranking for output in outputs):
            self.wrong("no-priorities", table, policy=policy)

    def language(self, element: Element) -> None:
        language = (element.get("expressionLanguage") or "").lower()
        if language and "feel" not in language and language != "juel":
            self.wrong("unsupported-language", element, language=language)

    def column(self, place: int, clause: Element) -> Column:
        inside = child(clause, "inputExpression")
        label = _labelled(clause, "label", text_in(inside) or str(place))
        kind = ""
        node: grammar.Node = grammar.Constant(0, None)
        run: Run | None = None
        text = text_in(child(inside, "text")) if inside is not None else ""
        if inside is not None:
            self.language(inside)
            kind = kind_of(inside.get("typeRef"))
            run = self.expression(inside, text)
            if run is not None:
                node = expressions.compile(text).node
                if isinstance(node, grammar.Name):
                    self.namings.setdefault(node.name, _naming(clause, "label"))
                    if kind:
                        self.types.setdefault(node.name, kind)
        else:
            self.wrong("no-input-expression", clause, place=place)
        return Column(label, text, kind, run or (lambda scope: None), node)

    def output(self, place: int, clause: Element, how_many: int) -> Output:
        name = clause.get("name") or ""
        if not name and how_many == 1:
            name = self.node.get("id") or ""
        if not name.isidentifier() or name.startswith("_") or name in (*grammar.WORDS, "typename"):
            self.wrong("bad-output-name", clause, place=place, name=name)
        kind = kind_of(clause.get("typeRef"))
        values = child(clause, "outputValues")
        ranking: list[Any] = []
        for test in self.tests(clause, text_in(child(values, "text"))).tests if values is not None else ():
            if test.operator == "equals or in" and isinstance(test.value, grammar.Constant):
                ranking.append(test.value.value)
        default = child(clause, "defaultOutputEntry")
        otherwise = self.entry(default, kind) if default is not None else None
        self.namings[name] = _naming(clause, "label")
        return Output(name, kind, tuple(ranking), otherwise)

    def rule(self, row: int, rule: Element, columns: Sequence[Column], outputs: Sequence[Output]) -> Rule:
        ins, outs = list(children(rule, "inputEntry")), list(children(rule, "outputEntry"))
        if len(ins) != len(columns) or len(outs) != len(outputs):
            self.wrong("wrong-number-of-cells", rule, row=row)
            return Rule(rule.get("id", f"#{row}"), row, line_of(rule), (), (), ())
        tests = tuple(self.cell(row, entry, column) for entry, column in zip(ins, columns, strict=True))
        return Rule(
            id=rule.get("id") or f"#{row}",
            row=row,
            line=line_of(rule),
            tests=tests,
            cells=tuple(compile_cell(each, column.type) for each, column in zip(tests, columns, strict=True)),
            outputs=tuple(
                self.entry(entry, output.type, row) for entry, output in zip(outs, outputs, strict=True)
            ),
            documentation=_described(rule),
        )

    def cell(self, row: int, entry: Element, column: Column) -> grammar.Tests:
        self.language(entry)
        tests = self.tests(entry, text_in(child(entry, "text")), row, column.label)
        for test in tests.tests:
            if isinstance(test.value, grammar.Constant) and not _goes_with(test.value.value, column.type):
                self.wrong(
                    "cell-of-another-kind",
                    entry,
                    row=row,
                    label=column.label,
                    value=shown(test.value.value),
                    kind=column.type,
                )
        return tests

    def tests(
        self, entry: Element, text: str, row: int | None = None, label: Text = _NO_LABEL
    ) -> grammar.Tests:
        try:
            tests = grammar.parse_tests(text)
            for test in tests.tests:
                expressions.require_known_functions(test.value)
                self.note_names(test.value)
        except InvalidExpression as error:
            self.bad_expression(entry, text, error, row, label)
            return grammar.Tests(0, ())
        return tests

    def expression(self, element: Element, text: str, row: int | None = None) -> Run | None:
        try:
            node = expressions.compile(text).node
        except InvalidExpression as error:
            self.bad_expression(element, text, error, row)
            return None
        self.note_names(node)
        return expressions.bind(node, expressions.quiet_comparisons)

    def entry(self, entry: Element, kind: str, row: int | None = None) -> Run | None:
        self.language(entry)
        text = text_in(child(entry, "text"))
        if not text:
            return None
        run = self.expression(entry, text, row)
        node = expressions.compile(text).node if run is not None else None
        if isinstance(node, grammar.Constant) and not _goes_with(node.value, kind):
            self.wrong("output-of-another-kind", entry, row=row or "", value=shown(node.value), kind=kind)
        return run

    def note_names(self, node: grammar.Node) -> None:
        needed, asked = expressions.names_in(node)
        self.used |= needed | asked

    def bad_expression(
        self,
        element: Element,
        text: str,
        error: InvalidExpression,
        row: int | None = None,
        label: Text = _NO_LABEL,
    ) -> None:
        where = Text("", "")
        if row is not None:
            where = Text("第 {row} 行{label}：", "Rule {row}{label}: ").format(
                row=row,
                label=Text("“{label}”", ", column “{label}”").format(label=label) if label.zh else "",
            )
        self.wrong("bad-expression", element, where=where, text=text[:80], reason=error.message)


def _labelled(element: Element, attribute_name: str, otherwise: str | None) -> Text:
    """Return what an element is called; its English stands in the extension property ``labelEn``."""
    name = element.get(attribute_name) or otherwise or ""
    return Text(name, properties(element).get("labelEn") or name)


def _described(element: Element) -> Text:
    """Return the description of an element; its English stands in the property ``documentationEn``."""
    description = text_in(child(element, "description"))
    return Text(description, properties(element).get("documentationEn") or description)


def _naming(element: Element, attribute_name: str) -> Naming:
    """Return how a variable is called; properties ``label.CODE``, ``labelEn.CODE`` say it of its codes."""
    own = properties(element)
    codes = {name.partition(".")[2] for name in own if name.startswith(("label.", "labelEn."))}
    told = {code: own.get(f"label.{code}") or code for code in codes}
    words = {code: Text(label, own.get(f"labelEn.{code}") or label) for code, label in told.items()}
    return Naming(
        _labelled(element, attribute_name, ""), words, own.get("labels", ""), own.get("kind") == "amount"
    )


def _goes_with(value: Any, kind: str) -> bool:
    """Whether a written value can be of a column's kind."""
    if value is None or not kind:
        return True
    if kind in ("number", "integer"):
        return type(value) in (int, Decimal) and (kind == "number" or value == int(value))
    if kind in ("string", "boolean"):
        return isinstance(value, str if kind == "string" else bool)
    return False  # dates, times and spans are written as functions
