"""What checks of diagrams and tables say, and what to do instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.errors import Severity
from engine.texts import Text


@dataclass(frozen=True)
class Fault:
    """A kind of mistake: how bad it is, what to say, what to do instead."""

    severity: Severity
    message: Text
    hint: Text


FAULTS: Mapping[str, Fault] = {
    "not-bpmn": Fault(
        "error",
        Text("这不是 BPMN 2.0 流程图。", "This is not a BPMN 2.0 diagram."),
        Text(
            "请用 Camunda 7 类建模工具保存 .bpmn 文件。",
            "Save a .bpmn file with a modeller of the Camunda 7 kind.",
        ),
    ),
    "no-process": Fault(
        "error",
        Text("文件里没有流程。", "The file holds no process."),
        Text("至少画一个流程。", "Draw at least one process."),
    ),
    "not-executable": Fault(
        "error",
        Text("文件里没有可执行的流程。", "No process in the file is executable."),
        Text("在流程属性里勾选“可执行”。", "Tick “executable” in the properties of the process."),
    ),
    "several-processes": Fault(
        "error",
        Text("文件里有多个可执行的流程：{names}。", "The file holds several executable processes: {names}."),
        Text(
            "只留一个可执行；其他的放到各自的文件，或取消勾选作为说明。",
            "Keep one executable; put the others into files of their own, or untick them as documentation.",
        ),
    ),
    "too-many-shapes": Fault(
        "error",
        Text(
            "流程有 {count} 个元素，太大了（最多 {most}）。",
            "The process has {count} elements; {most} are allowed.",
        ),
        Text("把它分成几个被调用的流程。", "Split it into processes that call each other."),
    ),
    "missing-id": Fault(
        "error",
        Text("有一个 {kind} 没有标识。", "A {kind} has no id."),
        Text("在建模工具里填写标识。", "Enter its id in the modeller."),
    ),
    "duplicate-id": Fault(
        "error",
        Text("标识“{id}”出现了多次。", "The id “{id}” occurs more than once."),
        Text("给每个元素不同的标识。", "Give every element an id of its own."),
    ),
    "bad-id": Fault(
        "error",
        Text(
            "标识“{id}”里有不能用的字符，或太长。",
            "The id “{id}” has characters that it cannot have, or is too long.",
        ),
        Text(
            "以字母或下划线开头，只用字母、数字、下划线、点和横线，最多 200 个字符。",
            "Begin with a letter or underscore; use letters, digits, _ . and - only, at most 200 characters.",
        ),
    ),
    "reserved-id": Fault(
        "error",
        Text("标识“{id}”是保留的。", "The id “{id}” is reserved."),
        Text("请改成别的标识。", "Choose another id."),
    ),
    "unsupported-element": Fault(
        "error", Text("不支持“{kind}”。", "“{kind}” is not supported."), Text("{instead}", "{instead}")
    ),
    "unknown-element": Fault(
        "error",
        Text("不认识的元素“{kind}”，会被略过。", "“{kind}” is no BPMN element known here."),
        Text("请删去它，或换成普通的任务。", "Delete it, or use an ordinary task."),
    ),
    "unsupported-event": Fault(
        "error",
        Text("这里不支持这种事件：{kind}。", "This kind of event is not supported here: {kind}."),
        Text("{instead}", "{instead}"),
    ),
    "compensation": Fault(
        "error",
        Text("不支持补偿。", "Compensation is not supported."),
        Text("把撤销的工作画成普通的任务。", "Draw the tasks that undo the work."),
    ),
    "quantity": Fault(
        "error",
        Text(
            "不支持 startQuantity、completionQuantity。",
            "startQuantity and completionQuantity are not supported.",
        ),
        Text("需要多次时请用多实例。", "Use a multi-instance where something happens several times."),
    ),
    "multi-instance-behavior": Fault(
        "error",
        Text(
            "不支持多实例的 behavior“{value}”。", "The multi-instance behaviour “{value}” is not supported."
        ),
        Text(
            "改为默认（All），需要的事件画在任务之后。",
            "Leave it at “All”, and draw the events after the task.",
        ),
    ),
    "instantiating": Fault(
        "error",
        Text("不支持由它来启动流程（instantiate）。", "It cannot start the process (instantiate)."),
        Text("改用消息开始事件。", "Use a message start event."),
    ),
    "several-events": Fault(
        "error",
        Text("一个事件只能有一种类型。", "An event can have one kind only."),
        Text("请分成几个事件。", "Draw one event for each."),
    ),
    "no-event": Fault(
        "error",
        Text("事件没有类型，不知道等待什么。", "The event waits for nothing: it has no kind."),
        Text("请选择消息、信号、定时等。", "Choose message, signal, timer …"),
    ),
    "no-start": Fault(
        "error",
        Text("没有开始事件。", "There is no start event."),
        Text("画一个开始事件。", "Draw a start event."),
    ),
    "several-starts": Fault(
        "error",
        Text("有多个普通的开始事件。", "There are several plain start events."),
        Text("只留一个；其他的改成消息开始事件。", "Keep one; make the others message start events."),
    ),
    "bad-start": Fault(
        "error",
        Text(
            "流程只能由人（普通开始事件）或消息开始。",
            "A process is started by a person (plain start event) or by a message.",
        ),
        Text("改成普通或消息开始事件。", "Use a plain or a message start event."),
    ),
    "sub-process-start": Fault(
        "error",
        Text("子流程需要恰好一个普通的开始事件。", "A sub-process needs exactly one plain start event."),
        Text("画一个，删去其他的。", "Draw one, and remove any other."),
    ),
    "event-sub-process-start": Fault(
        "error",
        Text(
            "事件子流程需要恰好一个带事件的开始事件。",
            "An event sub-process needs exactly one start event with a kind.",
        ),
        Text("给开始事件选择消息、定时、错误等。", "Choose message, timer, error … for its start event."),
    ),
    "event-sub-process-flow": Fault(
        "error",
        Text("事件子流程不能有顺序流进出。", "No sequence flow may enter or leave an event sub-process."),
        Text("删去这些顺序流。", "Remove these flows."),
    ),
    "no-end": Fault(
        "error",
        Text(
            "没有结束事件，也没有能结束的地方。", "There is no end event, nor any place where it could end."
        ),
        Text("画一个结束事件。", "Draw an end event."),
    ),
    "dangling": Fault(
        "warning",
        Text(
            "“{name}”没有流出的顺序流，到此就结束了。", "“{name}” has no outgoing flow: the path ends there."
        ),
        Text("若是有意的，请画上结束事件。", "If that is meant, draw an end event."),
    ),
    "dead-gateway": Fault(
        "error",
        Text("网关没有流出的顺序流。", "The gateway has no outgoing flow."),
        Text("连接到下一步，或删去网关。", "Connect it to the next step, or delete it."),
    ),
    "unreachable": Fault(
        "error",
        Text("没有路径能走到“{name}”。", "No path leads to “{name}”."),
        Text("从前一步连过来，或删去它。", "Connect it with the step before, or delete it."),
    ),
    "loose-flow": Fault(
        "error",
        Text(
            "顺序流没有连接两个存在的元素（{what}“{id}”）。",
            "The flow does not join two elements: {what} “{id}”.",
        ),
        Text("重新连接或删去它。", "Connect it again or delete it."),
    ),
    "flow-across": Fault(
        "error",
        Text("顺序流穿过了子流程的边界。", "The flow crosses the edge of a sub-process."),
        Text("请连接到子流程本身。", "Connect it with the sub-process itself."),
    ),
    "flow-into-start": Fault(
        "error",
        Text("顺序流不能进入开始事件或边界事件。", "No flow may enter a start or boundary event."),
        Text("改连到它后面的元素。", "Connect it with the element after it."),
    ),
    "flow-out-of-end": Fault(
        "error",
        Text("顺序流不能从结束事件流出。", "No flow may leave an end event."),
        Text("改成中间事件，或删去顺序流。", "Use an intermediate event, or delete the flow."),
    ),
    "boundary-host": Fault(
        "error",
        Text("边界事件没有附在任何活动上。", "The boundary event is attached to no activity."),
        Text("把它放到任务或子流程的边上。", "Put it on the edge of a task or sub-process."),
    ),
    "boundary-no-way-out": Fault(
        "error",
        Text("边界事件没有流出的顺序流。", "The boundary event has no outgoing flow."),
        Text("画出它发生之后的步骤。", "Draw what happens after it."),
    ),
    "boundary-always-interrupts": Fault(
        "warning",
        Text("错误和取消事件总是中断活动。", "An error or cancel event always interrupts."),
        Text("改成实线的（中断）边界事件。", "Draw it as an interrupting event."),
    ),
    "cancel-outside-transaction": Fault(
        "error",
        Text("取消事件只能用在事务子流程。", "A cancel event belongs to a transaction."),
        Text("改用错误事件，或画成事务子流程。", "Use an error event, or draw a transaction."),
    ),
    "no-condition": Fault(
        "error",
        Text(
            "网关“{name}”有多条流出，这一条既没有条件也不是默认。",
            "This flow out of “{name}” has no condition and is not the default.",
        ),
        Text("写上条件，或设为默认流。", "Give it a condition, or make it the default flow."),
    ),
    "no-conditions": Fault(
        "error",
        Text(
            "网关“{name}”有 {count} 条流出既没有条件也不是默认：通往{targets}。",
            "{count} flows out of “{name}” have no condition and are not the default: those to {targets}.",
        ),
        Text(
            "给每一条写上条件，其中一条可设为默认流。",
            "Give each of them a condition; one may be the default flow.",
        ),
    ),
    "no-default": Fault(
        "warning",
        Text(
            "“{name}”没有默认流：条件都不成立时案件会停在这里。",
            "“{name}” has no default flow: the case is stuck when no condition holds.",
        ),
        Text("把其中一条设为默认流。", "Make one of its flows the default."),
    ),
    "bad-default": Fault(
        "error",
        Text("默认流“{id}”不是从这里流出的。", "The default flow “{id}” does not leave this element."),
        Text("重新选择默认流。", "Choose the default flow again."),
    ),
    "default-with-condition": Fault(
        "warning",
        Text("默认流上的条件不起作用。", "The condition on the default flow does not count."),
        Text("删去条件。", "Remove the condition."),
    ),
    "condition-ignored": Fault(
        "error",
        Text(
            "“{name}”是这种网关，流出的条件不起作用：通往{targets}。",
            "“{name}” is a gateway whose flows have no conditions: those to {targets}.",
        ),
        Text("改用排他或包容网关。", "Use an exclusive or inclusive gateway."),
    ),
    "join-after-choice": Fault(
        "warning",
        Text(
            "并行网关“{name}”等待所有分支，但前面的“{split}”只走一条。",
            "“{name}” waits for all its flows, but “{split}” before it takes one only.",
        ),
        Text("改用排他网关汇合。", "Merge with an exclusive gateway."),
    ),
    "parallel-loop": Fault(
        "error",
        Text(
            "并行网关“{name}”等待一条要先经过它自己才能到的流，永远等不到。",
            "“{name}” waits for a flow that can only come after it: it waits for ever.",
        ),
        Text("循环请用排他网关汇合。", "Merge the loop with an exclusive gateway."),
    ),
    "event-gateway-target": Fault(
        "error",
        Text(
            "事件网关之后只能是中间接收事件或接收任务。",
            "An event-based gateway leads to catching events or receive tasks only.",
        ),
        Text("请改成消息、信号或定时事件。", "Use message, signal or timer events."),
    ),
    "event-gateway-few": Fault(
        "warning",
        Text("事件网关只有一个出口。", "The event-based gateway has one way out only."),
        Text("直接画那个事件。", "Draw the event alone."),
    ),
    "link-without-catch": Fault(
        "error",
        Text("没有名为“{name}”的链接接收事件。", "No catching link is called “{name}”."),
        Text("给两个链接事件同样的名称。", "Give both link events the same name."),
    ),
    "link-without-throw": Fault(
        "error",
        Text("没有链接指向“{name}”。", "No throwing link leads to “{name}”."),
        Text("给两个链接事件同样的名称。", "Give both link events the same name."),
    ),
    "link-twice": Fault(
        "error",
        Text("有两个接收链接都叫“{name}”。", "Two catching links are called “{name}”."),
        Text("改名或合并。", "Rename one, or merge them."),
    ),
    "no-reference": Fault(
        "error",
        Text("没有选择{what}。", "No {what} is chosen."),
        Text("在属性面板里选择。", "Choose it in the properties panel."),
    ),
    "unknown-reference": Fault(
        "error",
        Text("引用的{what}“{id}”不存在。", "There is no {what} “{id}”."),
        Text("在属性面板里重新选择。", "Choose it again in the properties panel."),
    ),
    "unknown-message": Fault(
        "error",
        Text("没有人会发出消息“{name}”。", "The message “{name}” is not known."),
        Text("核对名称。", "Check its name."),
    ),
    "uncaught-error": Fault(
        "warning",
        Text(
            "本图没有接住错误“{code}”：除非调用它的流程接住，案件会停在这里等人处理。",
            "Nothing here catches the error “{code}”: unless a calling process does, the case stops there.",
        ),
        Text(
            "在外层的子流程上画错误边界事件，或改用普通结束事件。",
            "Draw an error boundary event around it, or use a plain end event.",
        ),
    ),
    "timer-empty": Fault(
        "error",
        Text("定时事件没有填写时间。", "The timer has no time."),
        Text("填写时长、日期或周期。", "Enter a duration, a date or a cycle."),
    ),
    "timer-several": Fault(
        "error",
        Text("定时事件填写了几个时间：{kinds}。", "The timer has several times: {kinds}."),
        Text("只留一个。", "Leave one of them."),
    ),
    "timer-malformed": Fault(
        "error",
        Text("“{text}”不是有效的时间。", "“{text}” is no valid time."),
        Text(
            "例如 PT5M、P2D、R3/PT1H、${{workdays(2)}}。",
            "Write PT5M, P2D, R3/PT1H or ${{workdays(2)}}, for example.",
        ),
    ),
    "timer-cron": Fault(
        "error",
        Text("不支持 cron 周期“{text}”。", "Cron cycles such as “{text}” are not supported."),
        Text(
            '每天定时请写 ${{daily("17:00")}}，每个工作日写 ${{every_workday("17:00")}}。',
            'Write ${{daily("17:00")}}, or ${{every_workday("17:00")}} for working days.',
        ),
    ),
    "bad-expression": Fault(
        "error",
        Text("{where}“{text}”写得不对：{reason}", "{where}“{text}” is not understood: {reason}"),
        Text("按“表达式”说明改写。", "Rewrite it as the page on expressions says."),
    ),
    "bad-script": Fault(
        "error",
        Text("脚本写得不对：{reason}", "The script is not understood: {reason}"),
        Text(
            "脚本的每一行是“变量 = 表达式”；其他计算请用决策表或服务任务。",
            "Each line is “name = expression”; use a decision table or a service task for all else.",
        ),
    ),
    "script-language": Fault(
        "error",
        Text("不支持用“{what}”编写的脚本。", "Scripts in “{what}” are not supported."),
        Text("改成“变量 = 表达式”的行。", "Write lines “name = expression”."),
    ),
    "bad-variable-name": Fault(
        "error",
        Text("“{name}”不能作变量名。", "“{name}” cannot be the name of a variable."),
        Text("只用字母、数字、下划线，以字母开头。", "Use letters, digits and underscores, a letter first."),
    ),
    "unknown-variable": Fault(
        "warning",
        Text(
            "{where}用到“{name}”，但本流程没有任何表单、脚本、决策或映射给它赋值。",
            "{where}uses “{name}”, which no form, script, decision or mapping of this process sets.",
        ),
        Text(
            "核对拼写；可能没有值的请写 get({name}, null)。",
            "Check the spelling; where it may be missing write get({name}, null).",
        ),
    ),
    "restricted-copied": Fault(
        "error",
        Text(
            "“{name}”不是人人可看的，抄到“{target}”里却没有限制：看得到案件的人都能看到{where}。",
            "“{name}” is restricted; its copy “{target}” is not: all who see the case see it{where}.",
        ),
        Text(
            "在流程的扩展属性 restricted 里列出“{target}”，或在表单里把这个字段设为 restricted，或不要抄。",
            "List “{target}” in the process's property restricted, mark its form field, or do not copy it.",
        ),
    ),
    "restricted-computed": Fault(
        "warning",
        Text(
            "“{target}”由不是人人可看的“{name}”算出，自己却没有限制，可能泄露它{where}。",
            "“{target}” is computed from “{name}”, which is restricted, and may give it away{where}.",
        ),
        Text(
            "若会泄露，请在流程的扩展属性 restricted 里列出“{target}”。",
            "If it does, list “{target}” in the process's property restricted.",
        ),
    ),
    "no-form": Fault(
        "warning",
        Text("用户任务没有表单。", "The user task has no form."),
        Text("在属性里填写表单标识（formRef 或 formKey）。", "Enter the form's id as formRef or formKey."),
    ),
    "unknown-form": Fault(
        "error",
        Text("没有表单“{key}”。", "There is no form “{key}”."),
        Text(
            "是不是：{near}。或先部署、或一起上传这个表单。",
            "Is one of these meant: {near}? Or deploy the form first, or upload it with the diagram.",
        ),
    ),
    "generated-form": Fault(
        "error",
        Text(
            "不支持写在图里的表单字段（formData）。",
            "Form fields inside the diagram (formData) are not supported.",
        ),
        Text(
            "用表单编辑器做 .form 文件，填写它的标识。",
            "Make a .form file with the form editor and enter its id.",
        ),
    ),
    "nobody": Fault(
        "warning",
        Text(
            "没有写谁可以办理这个任务：每位员工都可以。",
            "Nobody is named who may do this task: every employee may.",
        ),
        Text("填写候选组、候选人或办理人。", "Enter candidate groups, candidate users or an assignee."),
    ),
    "nobody-starts": Fault(
        "warning",
        Text(
            "没有写谁可以发起，也没有流程调用它，没有消息启动它：永远不会开始。",
            "Nobody is named who starts it, no process calls it and no message begins it: it never begins.",
        ),
        Text(
            "填写 candidateStarterGroups；只供调用的，请和调用它的流程一起上传。",
            "Enter candidateStarterGroups; one that is only called is uploaded with the one that calls it.",
        ),
    ),
    "unknown-group": Fault(
        "error",
        Text("没有组“{group}”。", "There is no group “{group}”."),
        Text(
            "是不是：{near}。新的组由管理员在“人员 → 岗位组”里新建。",
            "Is one of these meant: {near}? An administrator adds new groups under People → Groups.",
        ),
    ),
    "bad-not-by": Fault(
        "error",
        Text("{named_in} 里的“{id}”不是任何用户任务。", "“{id}” in {named_in} is no user task."),
        Text(
            "填写用户任务的标识；notBy 里还可写 start。",
            "Enter ids of user tasks; notBy may name “start”, too.",
        ),
    ),
    "bad-priority": Fault(
        "error",
        Text(
            "优先级“{text}”不是 0 到 100 的整数。", "The priority “{text}” is no whole number from 0 to 100."
        ),
        Text("填写 0 到 100，或 ${{…}} 表达式。", "Enter 0 to 100, or an expression ${{…}}."),
    ),
    "bad-date": Fault(
        "error",
        Text("{where}“{text}”不是日期或时长。", "{where}“{text}” is no date or duration."),
        Text(
            "写 P2D、2026-03-01T17:00 或 ${{workdays(2)}}。",
            "Write P2D, 2026-03-01T17:00 or ${{workdays(2)}}.",
        ),
    ),
    "nothing-done": Fault(
        "warning",
        Text(
            "没有类型的任务和手工任务会直接通过，不等任何人。",
            "A task without a type and a manual task are passed at once: nobody is asked.",
        ),
        Text("要人办理请改成用户任务。", "Make it a user task if a person is to do it."),
    ),
    "no-topic": Fault(
        "error",
        Text("服务任务没有主题。", "The service task has no topic."),
        Text("选择“外部”（external）并填写主题（topic）。", "Choose “external” and enter the topic."),
    ),
    "unknown-topic": Fault(
        "error",
        Text("没有服务“{topic}”。", "There is no service “{topic}”."),
        Text("可用：{known}。", "Use one of {known}."),
    ),
    "unknown-register": Fault(
        "error",
        Text("没有登记簿“{name}”。", "There is no register “{name}”."),
        Text(
            "是不是：{near}。或一起上传 registers.toml。",
            "Is one of these meant: {near}? Or upload registers.toml together with the diagram.",
        ),
    ),
    "unknown-register-field": Fault(
        "error",
        Text("登记簿“{within}”没有字段“{name}”。", "The register “{within}” has no field “{name}”."),
        Text(
            "是不是：{near}。或一起上传 registers.toml。",
            "Is one of these meant: {near}? Or upload registers.toml together with the diagram.",
        ),
    ),
    "field-not-indexed": Fault(
        "error",
        Text("登记簿“{within}”不能按“{name}”查找。", "The register “{within}” is not searched by “{name}”."),
        Text(
            "可以按这些查找：{near}；或给字段写 indexed = true。",
            "It is searched by {near}; or give the field indexed = true.",
        ),
    ),
    "unknown-choice": Fault(
        "error",
        Text("“{within}”没有选项“{name}”。", "“{within}” has no choice “{name}”."),
        Text("是不是：{near}。", "Is one of these meant: {near}?"),
    ),
    "unknown-charge-item": Fault(
        "error",
        Text("没有收费项目“{name}”。", "There is no charge item “{name}”."),
        Text(
            "是不是：{near}。或一起上传 registers.toml。",
            "Is one of these meant: {near}? Or upload registers.toml together with the diagram.",
        ),
    ),
    "no-deposit-item": Fault(
        "error",
        Text("收费项目“{name}”不是押金。", "The charge item “{name}” is no deposit."),
        Text("押金有：{near}。", "Deposits are: {near}."),
    ),
    "unknown-method": Fault(
        "error",
        Text("没有付款方式“{name}”。", "There is no way of paying “{name}”."),
        Text("是不是：{near}。", "Is one of these meant: {near}?"),
    ),
    "unknown-paper": Fault(
        "error",
        Text("没有单据“{name}”。", "There is no paper “{name}”."),
        Text(
            "是不是：{near}。或一起上传这个单据（.html）。",
            "Is one of these meant: {near}? Or upload the paper (.html) together with the diagram.",
        ),
    ),
    "unknown-labels": Fault(
        "warning",
        Text("“{name}”没有选项，表格会显示编码。", "“{name}” has no choices; the table will show codes."),
        Text(
            "写登记簿的选项字段，如 key.kind，或 ledger.item、ledger.method。",
            "Write a choice of a register, such as key.kind; or ledger.item, ledger.method.",
        ),
    ),
    "missing-input": Fault(
        "error",
        Text("服务“{topic}”缺少输入“{name}”。", "The service “{topic}” lacks its input “{name}”."),
        Text("在输入参数里填写它。", "Enter it among the input parameters."),
    ),
    "java-service": Fault(
        "error",
        Text("不支持 {what}。", "{what} is not supported."),
        Text("改为外部任务（external）并填写主题（topic）。", "Choose “external” and enter a topic."),
    ),
    "event-implementation": Fault(
        "error",
        Text("事件的 {what} 不会执行。", "{what} of an event is not carried out."),
        Text(
            "删去它：事件自己会把消息发给等待它的案件；要做别的事，请用服务任务。",
            "Remove it: the event itself sends its message to the case that waits; else use a service task.",
        ),
    ),
    "listener": Fault(
        "warning",
        Text("监听器不会执行。", "Listeners are not carried out."),
        Text("把要做的事画成任务。", "Draw what it does as a task."),
    ),
    "ignored-mapping": Fault(
        "error",
        Text("这里的 {what} 不起作用。", "{what} has no effect here."),
        Text(
            "改用脚本任务，或调用活动的 in/out 映射。",
            "Use a script task, or the in and out mappings of a call activity.",
        ),
    ),
    "unsupported-parameter": Fault(
        "error",
        Text(
            "参数“{name}”里的脚本或映射表不受支持。",
            "The script or map of the parameter “{name}” is not supported.",
        ),
        Text("写文字、${{…}} 或列表。", "Write a text, ${{…}} or a list."),
    ),
    "no-decision-ref": Fault(
        "error",
        Text("没有选择决策表。", "No decision is chosen."),
        Text("填写 decisionRef。", "Enter decisionRef."),
    ),
    "unknown-decision": Fault(
        "error",
        Text("没有决策“{key}”。", "There is no decision “{key}”."),
        Text(
            "是不是：{near}。或先部署、或一起上传这个决策表。",
            "Is one of these meant: {near}? Or deploy the table first, or upload it with the diagram.",
        ),
    ),
    "bad-decision-mapping": Fault(
        "error",
        Text("不认识的 mapDecisionResult“{value}”。", "“{value}” is no mapDecisionResult known here."),
        Text(
            "用 singleEntry、singleResult、collectEntries 或 resultList。",
            "Use singleEntry, singleResult, collectEntries or resultList.",
        ),
    ),
    "decision-needs-variable": Fault(
        "error",
        Text("这种结果需要 resultVariable。", "This kind of result needs a resultVariable."),
        Text("填写结果变量名。", "Enter the result variable."),
    ),
    "no-called-process": Fault(
        "error",
        Text("没有写调用哪个流程。", "The call activity names no process."),
        Text(
            "填写被调用流程的标识（不能是表达式）。",
            "Enter the id of the called process; it cannot be an expression.",
        ),
    ),
    "unknown-process": Fault(
        "error",
        Text("没有流程“{key}”。", "There is no process “{key}”."),
        Text(
            "是不是：{near}。或先部署、或一起上传这个流程。",
            "Is one of these meant: {near}? Or deploy the process first, or upload it with this one.",
        ),
    ),
    "recursive-call": Fault(
        "error",
        Text("流程绕一圈又调用它自己：{path}。", "The process calls itself in the end: {path}."),
        Text("用循环代替。", "Draw a loop instead."),
    ),
    "everything-mapped": Fault(
        "warning",
        Text(
            "没有写 in/out 映射：所有变量都传进传出。",
            "No in and out mappings: all variables are copied both ways.",
        ),
        Text("写明要传的变量。", "Enter which variables are passed."),
    ),
    "bad-mapping": Fault(
        "error",
        Text("映射不完整。", "The mapping is incomplete."),
        Text(
            "填写 source（或 sourceExpression）和 target。", "Enter source (or sourceExpression) and target."
        ),
    ),
    "binding-ignored": Fault(
        "warning",
        Text(
            "版本绑定“{value}”不起作用，总是用最新版本。",
            "The binding “{value}” has no effect: the newest version is used.",
        ),
        Text("改为 latest。", "Choose “latest”."),
    ),
    "no-collection": Fault(
        "error",
        Text("多实例要么给集合，要么给次数。", "A multi-instance needs either a collection or a number."),
        Text(
            "填写 collection 或 loopCardinality 其中之一。", "Fill in one of collection and loopCardinality."
        ),
    ),
    "no-loop-end": Fault(
        "error",
        Text("循环没有条件，也没有次数。", "The loop has neither a condition nor a maximum."),
        Text("填写循环条件。", "Fill in the loop condition."),
    ),
    "property-misspelt": Fault(
        "warning",
        Text(
            "扩展属性“{name}”不起作用，是不是 {near}？",
            "The property “{name}” has no effect. Is {near} meant?",
        ),
        Text("核对拼写。", "Check its spelling."),
    ),
    "extension-ignored": Fault(
        "warning",
        Text("{what} 不起作用。", "{what} has no effect."),
        Text("删去它；把它要做的事画出来。", "Remove it, and draw what it is meant to do."),
    ),
    "camunda-8": Fault(
        "error",
        Text(
            "流程图里有 Camunda 8（Zeebe）的设置，这里都不起作用。",
            "The diagram holds settings of Camunda 8 (Zeebe), which have no effect here.",
        ),
        Text(
            "在建模工具里把执行平台改为 Camunda 7，再填写这些设置。",
            "Choose Camunda 7 as its platform in the modeller, and enter these settings again.",
        ),
    ),
    "correlation-ignored": Fault(
        "error",
        Text(
            "BPMN 的 {kind} 不起作用：消息会到达任何等待它的案件。",
            "The {kind} of BPMN has no effect: a message would reach any case that waits for it.",
        ),
        Text(
            "删去它，在等待消息的事件上填写扩展属性 correlationKey。",
            "Delete it; enter the extension property correlationKey at the events that wait for the message.",
        ),
    ),
    "io-ignored": Fault(
        "error",
        Text(
            "调用活动的 ioSpecification 不起作用。", "The ioSpecification of a call activity has no effect."
        ),
        Text("改用 in/out 映射。", "Use in and out mappings."),
    ),
    "wrong-ending": Fault(
        "error",
        Text("只接受 .bpmn、.dmn 和 .form 文件。", "Only .bpmn, .dmn and .form files are accepted."),
        Text("核对文件名。", "Check the file's name."),
    ),
    "bare-word": Fault(
        "warning",
        Text(
            "第 {row} 行的“{name}”不是这个表的输入：它被当作案件的变量，没有时是空值。",
            "“{name}” in rule {row} is no input of this table: it is read as a variable, null where missing.",
        ),
        Text(
            '如果是文字，请加双引号："{name}"；如果是变量，请把它画成输入数据。',
            'Put double quotes round a text: "{name}"; draw a variable as input data.',
        ),
    ),
    "overlapping-rules": Fault(
        "warning",
        Text(
            "第 {first} 行和第 {second} 行会同时符合，而命中策略是“唯一”。",
            "Rules {first} and {second} can fit at once, but the hit policy is UNIQUE.",
        ),
        Text("改小其中一行的范围，或改用 FIRST。", "Narrow one of them, or use FIRST."),
    ),
    "never-reached": Fault(
        "warning",
        Text(
            "第 {first} 行什么都符合，第 {second} 行起永远轮不到。",
            "Rule {first} fits everything: rule {second} and those below are never reached.",
        ),
        Text("把第 {first} 行移到最后。", "Move rule {first} to the end."),
    ),
}
