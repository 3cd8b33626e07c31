"""What can be wrong with a form file, in a process owner's words."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from engine.errors import Finding, Severity
from engine.texts import Text

Json = dict[str, Any]

#: code → severity, message, hint
PROBLEMS: dict[str, tuple[Severity, Text, Text]] = {
    "properties": (
        "error",
        Text("properties 的值必须都是文字。", "All values of “properties” must be texts."),
        Text('把 true 写成 "true"。', 'Write true as "true".'),
    ),
    "wrong-value": (
        "error",
        Text("“{name}”的值不对。", "The value of “{name}” is not possible."),
        Text("请在表单编辑器里改正。", "Correct it in the form editor."),
    ),
    "html": (
        "error",
        Text("文字里不能有 HTML。", "HTML is not allowed in a text."),
        Text("用 **粗体**、# 标题、- 列表。", "Use **bold**, # headings, - lists."),
    ),
    "group-path": (
        "error",
        Text("分组不能有 path。", "A group cannot have a path."),
        Text(
            "清空 path；要重复的行请用 dynamiclist。", "Clear the path; for repeated rows use a dynamic list."
        ),
    ),
    "table-columns": (
        "error",
        Text("表格没有列。", "The table has no columns."),
        Text("加上列。", "Add its columns."),
    ),
    "table-source": (
        "error",
        Text("表格没有数据来源（dataSource）。", "The table has no data source."),
        Text("填写 dataSource，例如 =grants。", "Give it a data source such as =grants."),
    ),
    "duplicate-option": (
        "error",
        Text("有两个选项的 value 相同。", "Two options have the same value."),
        Text("给每个选项不同的 value。", "Give every option a value of its own."),
    ),
    "no-options": (
        "error",
        Text("没有选项。", "There are no options."),
        Text("加上 values、valuesKey 或 valuesExpression。", "Add values, valuesKey or valuesExpression."),
    ),
    "boolean-options": (
        "error",
        Text(
            "kind=boolean 的选项只能是 true 和 false（单选）。",
            "With kind=boolean, the options are true and false, of a radio or select.",
        ),
        Text("改正选项的 value。", "Correct the options' values."),
    ),
    "no-expression": (
        "error",
        Text("没有表达式。", "The expression is missing."),
        Text("填写 expression。", "Fill in the expression."),
    ),
    "form-id": (
        "error",
        Text(
            "表单缺少 id，或 id 含有字母、数字、_、- 以外的字符。",
            "The form has no id, or one with other characters than letters, digits, _ and -.",
        ),
        Text("在表单属性里填写 id，例如 complaint_intake。", "Give the form an id such as complaint_intake."),
    ),
    "file-name": (
        "warning",
        Text(
            "文件名“{base}.form”与表单 id“{key}”不同。",
            "The file is called “{base}.form”, the form “{key}”.",
        ),
        Text("把文件改名为 {key}.form。", "Rename the file to {key}.form."),
    ),
    "form-type": (
        "error",
        Text("这不是表单文件（type 不是 default）。", "This is no form (its type is not “default”)."),
        Text("请用表单编辑器保存。", "Save it with a form editor."),
    ),
    "schema-version": (
        "error",
        Text("schemaVersion 必须是不小于 4 的整数。", "schemaVersion must be a whole number of at least 4."),
        Text("用较新的表单编辑器重新保存。", "Save the form again with a newer editor."),
    ),
    "no-components": (
        "error",
        Text("表单没有 components 列表。", "The form has no list of components."),
        Text("请用表单编辑器保存。", "Save it with a form editor."),
    ),
    "too-deep": (
        "error",
        Text("表单嵌套太深。", "The form is nested too deeply."),
        Text("减少分组的层数。", "Use fewer levels of groups."),
    ),
    "no-type": (
        "error",
        Text("有一个组件没有 type。", "A component has no type."),
        Text("请用表单编辑器保存。", "Save it with a form editor."),
    ),
    "button": (
        "warning",
        Text(
            "按钮会被忽略：页面自己有“完成”和“保存草稿”。",
            "The button is ignored: the page has its own buttons.",
        ),
        Text("删除这个按钮。", "Delete the button."),
    ),
    "attribute-ignored": (
        "warning",
        Text("以下设置不起作用：{names}。", "These settings have no effect: {names}."),
        Text("删除它们，以免误解。", "Remove them, so that nobody relies on them."),
    ),
    "no-english": (
        "warning",
        Text("“{text}”没有英文（属性 {english}）。", "“{text}” has no English text (property {english})."),
        Text("在属性里加上 {english}。", "Add the property {english}."),
    ),
    "duplicate-id": (
        "error",
        Text("id“{identity}”用了两次。", "The id “{identity}” is used twice."),
        Text("给每个组件不同的 id。", "Give every component an id of its own."),
    ),
    "no-label": (
        "error",
        Text("字段“{key}”没有标签。", "The field “{key}” has no label."),
        Text("填写 label。", "Give it a label."),
    ),
    "key": (
        "error",
        Text(
            "“{attribute}”必须是变量名：字母开头，只含字母、数字和 _。",
            "“{attribute}” must be the name of a variable: a letter, then letters, digits and _.",
        ),
        Text("例如 claim_amount。", "For example claim_amount."),
    ),
    "reserved-key": (
        "error",
        Text(
            "“{key}”在表达式里另有含义，不能作变量名。",
            "“{key}” means something else in expressions and cannot be a variable.",
        ),
        Text("换一个名字。", "Choose another name."),
    ),
    "duplicate-key": (
        "error",
        Text("变量“{key}”在表单里用了两次。", "The variable “{key}” stands twice in the form."),
        Text("给每个字段不同的 key。", "Give every field a key of its own."),
    ),
    "option": (
        "error",
        Text("每个选项都要有文字的 value。", "Every option needs a text as its value."),
        Text("填写选项的 value。", "Give every option a value."),
    ),
    "too-many": (
        "error",
        Text("表单超过 {most} 个组件。", "The form has more than {most} components."),
        Text("请拆分表单。", "Split the form."),
    ),
    "expression-here": (
        "error",
        Text("“{attribute}”不能是表达式。", "“{attribute}” cannot be an expression."),
        Text("用 conditional.hide 或属性 requiredIf。", "Use conditional.hide, or the property requiredIf."),
    ),
    "pattern": (
        "error",
        Text("正则表达式不能用：{reason}。", "The pattern cannot be used: {reason}."),
        Text("写得简单些：重复里不要再有重复。", "Make it simpler: no repeat inside a repeat."),
    ),
    "not-utf8": (
        "error",
        Text("文件不是 UTF-8 编码。", "The file is not UTF-8."),
        Text("请用 UTF-8 编码保存。", "Save it as UTF-8."),
    ),
    "too-large": (
        "error",
        Text("文件超过 1 MB。", "The file is larger than 1 MB."),
        Text("请把表单拆成几个。", "Split the form."),
    ),
    "not-json": (
        "error",
        Text("第 {line} 行不是正确的 JSON。", "Line {line} is not JSON: {reason}."),
        Text("请用表单编辑器保存后再上传。", "Save it with a form editor and try again."),
    ),
    "twice-in-object": (
        "error",
        Text("同一对象里“{name}”写了两次。", "“{name}” stands twice in one object."),
        Text("删除其中一个。", "Delete one of them."),
    ),
    "not-a-form": (
        "error",
        Text("文件不是表单。", "The file is not a form."),
        Text("请用表单编辑器保存后再上传。", "Save it with a form editor and try again."),
    ),
    "bad-json-value": (
        "error",
        Text("JSON 嵌套太深，或含有 {reason}。", "The JSON is nested too deeply, or holds {reason}."),
        Text("请用表单编辑器保存后再上传。", "Save it with a form editor and try again."),
    ),
    "unknown-type": (
        "error",
        Text("不支持的组件类型“{kind}”。", "Components of type “{kind}” are not supported."),
        Text("请改用：{types}。", "Use one of: {types}."),
    ),
    "not-one-of": (
        "error",
        Text("“{name}”不能是“{value}”。", "“{name}” cannot be “{value}”."),
        Text("可以是：{allowed}。", "It can be: {allowed}."),
    ),
    "default": (
        "error",
        Text(
            "“{name}”的值“{value}”不适合这个字段：{reason}",
            "“{value}” as “{name}” does not fit the field: {reason}",
        ),
        Text("改正这个值。", "Correct the value."),
    ),
}


@dataclass
class Problems:
    """Gathers what is wrong with one file, with the line of each component."""

    source: str
    file_name: str
    findings: list[Finding] = field(default_factory=list)

    def find(self, code: str, component: Json | None = None, line: int | None = None, **values: Any) -> None:
        """Add a finding; ``values`` fill the places in its texts."""
        severity, message, hint = PROBLEMS[code]
        key = name = None
        if component is not None:
            key = text_of(component, "key") or text_of(component, "path") or text_of(component, "id") or None
            name = text_of(component, "label") or text_of(component, "dateLabel") or None
            line = self._line_of(component)
        self.findings.append(
            Finding(
                severity,
                code,
                message.format(line=line, **values),
                hint.format(**values),
                self.file_name,
                key,
                name,
                line or 1,
            )
        )

    @property
    def has_errors(self) -> bool:
        return any(finding.severity == "error" for finding in self.findings)

    def _line_of(self, component: Json) -> int:
        for attribute in ("id", "key", "path", "label", "text"):
            value = text_of(component, attribute)
            for quoted in (json.dumps(value), json.dumps(value, ensure_ascii=False)) if value else ():
                found = re.search(rf'"{attribute}"\s*:\s*{re.escape(quoted)}', self.source)
                if found:
                    return self.source.count("\n", 0, found.start()) + 1
        return 1


def text_of(item: Json, name: str) -> str:
    """The text that an object has under this name, else an empty one."""
    value = item.get(name)
    return value if isinstance(value, str) else ""
