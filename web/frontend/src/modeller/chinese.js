// The modellers' own words in Chinese: bpmn-js-i18n covers the canvas of process diagrams, these lists the rest.
import canvas from "bpmn-js-i18n/translations/zn.js";

// Better words than the package's, and what it leaves out.
const diagrams = {
  "Activate hand tool": "移动画布",
  "Activate lasso tool": "框选",
  "Activate create/remove space tool": "增减空间",
  "Activate global connect tool": "连线",
  "Add text annotation": "添加注释",
  "Append {type}": "接着加{type}",
  "Create {type}": "新建{type}",
  "Append element": "接着加一个元素",
  "Create element": "新建元素",
  "Change element": "更改类型",
  "Search for elements": "查找元素",
  "Set color": "设置颜色",
  "Toggle non-interrupting": "切换是否中断",
  "Task": "任务", "User task": "用户任务", "Service task": "服务任务", "Send task": "发送任务",
  "Receive task": "接收任务", "Business rule task": "业务规则任务", "Script task": "脚本任务",
  "Manual task": "手工任务", "Call activity": "调用流程",
  "Exclusive gateway": "排他网关（只走一条）", "Parallel gateway": "并行网关（全部走）",
  "Inclusive gateway": "包容网关（走符合条件的）", "Event-based gateway": "事件网关", "Complex gateway": "复杂网关",
  "Terminate end event": "终止结束事件", "End event": "结束事件", "Start event": "开始事件",
  "Message end event": "消息结束事件", "Error end event": "错误结束事件", "Escalation end event": "升级结束事件",
  "Signal end event": "信号结束事件", "Compensation end event": "补偿结束事件", "Cancel end event": "取消结束事件",
  "Message intermediate catch event": "等待消息", "Timer intermediate catch event": "等待时间",
  "Signal intermediate catch event": "等待信号", "Conditional intermediate catch event": "等待条件",
  "Message intermediate throw event": "发出消息", "Signal intermediate throw event": "发出信号",
  "Escalation intermediate throw event": "发出升级", "Compensation intermediate throw event": "发出补偿",
  "Link intermediate catch event": "链接（接收）", "Link intermediate throw event": "链接（发出）",
  "Intermediate throw event": "中间事件", "Intermediate/boundary event": "中间或边界事件",
  "Sub-process": "子流程", "Sub-process (expanded)": "子流程（展开）", "Sub-process (collapsed)": "子流程（折叠）",
  "Create expanded sub-process": "新建子流程（展开）", "Create pool/participant": "新建泳池",
  "Create start event": "新建开始事件", "Create end event": "新建结束事件", "Create gateway": "新建网关",
  "Create task": "新建任务", "Create group": "新建分组", "Create intermediate/boundary event": "新建中间或边界事件",
  "Create data object reference": "新建数据对象", "Create data store reference": "新建数据存储",
  "Append end event": "接着加结束事件", "Append gateway": "接着加网关", "Append task": "接着加任务",
  "Append intermediate/boundary event": "接着加中间或边界事件",
  "Divide into two lanes": "分成两条泳道", "Divide into three lanes": "分成三条泳道",
  "Add lane above": "在上方加泳道", "Add lane below": "在下方加泳道",
  "Data object": "数据对象", "Data store": "数据存储", "Text annotation": "注释", "Group": "分组", "Association": "关联",
  "Participant": "泳池", "Pool": "泳池", "Lane": "泳道", "Process": "流程", "Collaboration": "协作", "Label": "标签",
  "Tasks": "任务", "Gateways": "网关", "Sub-processes": "子流程", "Events": "事件", "Data": "数据",
  "Participants": "泳池", "Start events": "开始事件", "Intermediate events": "中间事件", "Boundary events": "边界事件",
  "End events": "结束事件", "Search": "查找", "Open menu": "打开菜单", "Tools": "工具",
};

// The panel at the side.
const panel = {
  "Select an element to edit its properties.": "选中一个元素，在这里填写它的属性。",
  "Multiple elements are selected. Select a single element to edit its properties.": "选中了多个元素。只选一个才能填写属性。",
  "General": "基本", "Documentation": "说明", "Name": "名称", "ID": "ID", "Element documentation": "元素说明",
  "Process documentation": "流程说明", "Process ID": "流程 ID", "Process name": "流程名称", "Participant Name": "泳池名称",
  "Participant ID": "泳池 ID", "Executable": "可执行", "Version tag": "版本标签", "Format": "格式",
  "User assignment": "由谁办理", "Assignment": "由谁办理", "Assignee": "办理人", "Candidate groups": "候选组", "Candidate users": "候选人",
  "Due date": "到期时间", "Follow up date": "提醒时间", "Priority": "优先级",
  "Specify more than one group as a comma separated list.": "多个组用逗号分开。",
  "Specify more than one user as a comma separated list.": "多个人用逗号分开。",
  "The due date as an EL expression (e.g. ${someDate}) or an ISO date (e.g. 2015-06-26T09:54:00).":
    "表达式(如 ${workdays(2)}、${hours(12)})或 ISO 时间。",
  "The follow up date as an EL expression (e.g. ${someDate}) or an ISO date (e.g. 2015-06-26T09:54:00).":
    "表达式(如 ${workdays(1)})或 ISO 时间。",
  "Candidate starter": "谁可以发起", "Candidate starter groups": "可发起的组", "Candidate starter users": "可发起的人",
  "Form": "表单", "Forms": "表单", "Form key": "表单 key", "Form ID": "表单 ID", "Form reference": "表单引用", "Type": "类型",
  "Camunda Forms": "引用表单（formRef）", "Embedded or External Task Forms": "按 key 引用（formKey）", "Generated Task Forms": "自动生成",
  "Form fields": "表单字段", "Binding": "版本绑定", "latest": "最新", "deployment": "同一次部署", "version": "版本", "Version": "版本",
  "Implementation": "实现方式", "DMN": "决策表", "Decision reference": "决策表 key", "Decision ID": "决策表 ID", "Map decision result": "结果取法", "As it is": "原样",
  "singleEntry": "一个值（singleEntry）", "singleResult": "一行（singleResult）", "collectEntries": "每行一个值（collectEntries）", "resultList": "所有行（resultList）",
  "Result variable": "结果变量", "External": "外部服务", "External task": "外部服务", "Topic": "服务名（topic）", "Expression": "表达式",
  "Java class": "Java 类", "Delegate expression": "委托表达式", "Connector": "连接器",
  "Script": "脚本", "Script type": "脚本来源", "Inline script": "直接写在图里", "External resource": "外部文件", "Resource": "文件",
  "Called element": "被调用的流程", "Called Element": "被调用的流程", "CallActivity Type": "调用类型", "In mappings": "传入", "Out mappings": "传出",
  "In mapping propagation": "全部传入", "Out mapping propagation": "全部传出", "Propagate all variables": "全部变量",
  "Source": "来源变量", "Source expression": "来源表达式", "Target": "目标变量", "Local": "仅本地", "Variable": "变量",
  "Inputs": "输入参数", "Outputs": "输出参数", "Local variable name": "变量名", "Process variable name": "流程变量名",
  "Assignment type": "取值方式", "Variable assignment value": "值", "String or expression": "文字或表达式",
  "List": "列表", "List values": "列表的值", "Map": "映射", "Map entries": "映射的项", "Key": "键", "Value": "值", "Values": "值",
  "Extension properties": "扩展属性", "Properties": "属性",
  "Condition": "条件", "Condition Expression": "条件表达式", "Condition expression": "条件表达式",
  "Multi-instance": "多实例", "Loop cardinality": "次数", "Collection": "集合", "Element variable": "元素变量",
  "Completion condition": "提前结束条件", "Input collection": "输入集合", "Input element": "输入元素",
  "Timer": "定时", "Date": "日期", "Duration": "时长", "Cycle": "周期",
  "A specific point in time defined as ISO 8601 combined date and time representation.": "某一时刻：ISO 时间或表达式。",
  "A time duration defined as ISO 8601 durations format.": "时长：PT12H、P2D 或表达式(如 ${workdays(2)})。",
  "A cycle defined as ISO 8601 repeating intervals format, or a cron expression.": "周期：R3/PT1H 或 ${daily(\"17:00\")}。",
  "A cycle defined as ISO 8601 repeating intervals format.": "周期：R3/PT1H 或 ${daily(\"17:00\")}。",
  "Message": "消息", "Global message reference": "消息", "Signal": "信号", "Global signal reference": "信号",
  "Error": "错误", "Errors": "错误", "Global error reference": "错误", "Code": "代码", "Code variable": "代码存入变量", "Message variable": "消息存入变量",
  "Escalation": "升级", "Global escalation reference": "升级", "Link": "链接", "Compensation": "补偿", "Wait for completion": "等待完成",
  "Activity reference": "活动", "Throw expression": "抛出表达式", "Variable name": "变量名", "Variable events": "变量事件",
  "Execution listeners": "执行监听器", "Task listeners": "任务监听器", "Field injections": "字段注入",
  "Create": "新建", "Create new ...": "新建……", "Create new list item": "新建一项", "Delete item": "删除这一项",
  "Toggle list item": "展开或收起这一项", "Toggle section": "展开或收起", "Section contains an error": "这一组里有错误",
  "Section contains edits": "这一组里有内容", "Open documentation": "打开说明", "Open pop-up editor": "在大窗口里编辑",
  "Opened in editor": "已在大窗口里打开", "<empty>": "(空)", "<none>": "(无)", "List contains {numOfItems} item": "共 {numOfItems} 项",
  "List contains {numOfItems} items": "共 {numOfItems} 项",
  "ID must not be empty.": "ID 不能为空。", "ID must be unique.": "ID 不能重复。", "ID must not contain spaces.": "ID 不能有空格。",
  "ID must be a valid QName.": "ID 只能用字母、数字、_、- 和 .,不能以数字开头。", "ID must not contain prefix.": "ID 不能有前缀。",
  "This maps to the process definition key.": "流程的 key。改了就是另一个流程。",
  "Specifies the priority of a user task. Must be an integer between 0 and 100. If no value is provided, the default value is 50. ":
    "0 到 100 的整数，不填为 50。",
};

const tables = {
  "Input": "输入", "Output": "输出", "When": "当", "And": "且", "Then": "则", "Annotations": "备注", "Annotation": "备注",
  "Hit policy": "命中规则", "Hit policy:": "命中规则：", "Add rule": "加一条规则", "Add input": "加一列输入", "Add output": "加一列输出",
  "Add rule above": "在上方加规则", "Add rule below": "在下方加规则", "Remove rule": "删除规则", "Copy rule": "复制规则", "Cut rule": "剪切规则",
  "Paste rule above": "粘贴到上方", "Paste rule below": "粘贴到下方", "Move rule": "移动规则",
  "Add input column left": "在左边加输入列", "Add input column right": "在右边加输入列", "Remove input column": "删除输入列",
  "Copy input column": "复制输入列", "Cut input column": "剪切输入列", "Paste input column left": "粘贴到左边", "Paste input column right": "粘贴到右边",
  "Add output column left": "在左边加输出列", "Add output column right": "在右边加输出列", "Remove output column": "删除输出列",
  "Copy output column": "复制输出列", "Cut output column": "剪切输出列", "Paste output column left": "粘贴到左边", "Paste output column right": "粘贴到右边",
  "Add cell description": "加单元格说明", "Remove cell description": "删除单元格说明", "Change cell expression language": "更改单元格的表达式语言",
  "Edit": "编辑", "Edit input": "编辑输入", "Edit output": "编辑输出", "Delete": "删除", "Rule": "规则", "Resize": "调整宽度",
  "Input expression": "输入表达式", "Input expression: ": "输入表达式：", "Input label": "输入列名", "Input label: ": "输入列名：",
  "Input type": "输入类型", "Input values": "可取的值", "Output label": "输出列名", "Output label: ": "输出列名：", "Output name": "输出变量",
  "Output name: ": "输出变量：", "Output type": "输出类型", "Output values": "可取的值", "Predefined values": "预设的值", "Custom values": "自定的值",
  "Add values": "添加值", "Add predefined values": "添加预设的值", "Clear predefined values": "清除预设的值", "No values": "没有值",
  "Expression language": "表达式语言", "Expression language:": "表达式语言：", "Enter expression": "填写表达式",
  "Type": "类型", "Variable name": "变量名", "Variable name:": "变量名：", "Variable type": "变量类型", "Variable type:": "变量类型：",
  "Decision name": "决策表名称", "Decision name: ": "决策表名称：", "Definition name": "定义名称", "Definition ID": "定义 ID", "Element name": "元素名称",
  "View DRD": "看决策关系图", "Literal expression": "表达式", "Literal expression editor": "表达式编辑", "Change type": "更改类型",
  "Comparison": "比较", "Comparison operator": "比较方式", "Equals": "等于", "Less": "小于", "Less or equals": "小于等于", "Greater": "大于",
  "Greater or equals": "大于等于", "Between": "介于", "Range": "范围", "Exactly": "等于", "Before": "早于", "After": "晚于", "Value": "值", "Values": "值",
  "Start value": "起始值", "End value": "结束值", "Range start value": "起始值", "Range end value": "结束值", "Include": "包含", "Exclude": "不包含",
  "Range start operator": "是否含起始值", "Range end operator": "是否含结束值",
  "Match one": "符合其中之一", "Match none": "都不符合", "Test type": "判断方式", "Yes": "是", "No": "否", "Set value": "设定值",
  "Boolean value": "是否", "String value": "文字", "Strings must be in double quotes": "文字要用双引号", "Date value": "日期", "Time value": "时间",
  "Date": "日期", "Time": "时间", "Date and time": "日期和时间", "Start date": "开始日期", "End date": "结束日期", "Use today": "用今天", "Use now": "用现在",
  "Edit boolean": "编辑是否", "Edit date": "编辑日期", "Edit number": "编辑数字", "Edit string": "编辑文字", "Edit time": "编辑时间",
  "Editing not supported for set expression language": "这种表达式语言不能在这里编辑",
  "Create decision": "新建决策", "Create input data": "新建输入数据", "Create knowledge model": "新建知识模型", "Create knowledge source": "新建依据",
  "Append decision": "接着加决策", "Append input data": "接着加输入数据", "Append knowledge source": "接着加依据",
  "Append business knowledge model": "接着加知识模型", "Connect to other element": "连接到其他元素",
  "Activate hand tool": "移动画布", "Activate lasso tool": "框选", "Add text annotation": "添加注释",
};

const forms = {
  "Components": "组件", "Search components": "查找组件", "Input": "输入", "Selection": "选择", "Presentation": "展示", "Containers": "容器", "Action": "操作",
  "Text field": "单行文字", "Text area": "多行文字", "Number": "数字", "Date time": "日期时间", "Date": "日期", "Time": "时间",
  "Expression": "计算值", "File picker": "文件", "Checkbox": "勾选框", "Checkbox group": "多选", "Radio group": "单选", "Select": "下拉选择",
  "Tag list": "标签", "Text view": "文字说明", "HTML view": "HTML 内容", "Image view": "图片", "Table": "表格", "Document preview": "文件预览",
  "Spacer": "间隔", "Separator": "分隔线", "Group": "分组", "Dynamic list": "可增减的列表", "iFrame": "内嵌页面", "Button": "按钮", "Form": "表单", "Root": "表单",
  "General": "基本", "Form field": "字段", "Condition": "条件", "Layout": "布局", "Appearance": "外观", "Serialization": "数值存法", "Constraints": "限制",
  "Validation": "校验", "Custom properties": "自定属性（英文等）", "Options source": "选项来源", "Static options": "固定选项", "Dynamic options": "动态选项",
  "Options expression": "选项表达式", "Input values key": "选项取自变量", "Header items": "表头", "Headers source": "表头来源", "Data source": "数据来源",
  "List of items": "列表", "Value": "值", "Label": "标签", "Key": "变量名（key）", "Name": "名称", "ID": "ID", "Title": "标题", "Type": "类型", "Text": "文字",
  "Field label": "字段标签", "Group label": "分组标签", "Field description": "字段说明", "Description": "说明", "Default value": "默认值", "Required": "必填",
  "Read only": "只读", "Disabled": "停用", "Columns": "列数", "Column": "列", "Row": "行", "Auto": "自动", "Minimum": "最小值", "Maximum": "最大值",
  "Minimum length": "最短", "Maximum length": "最长", "Validation pattern": "格式", "Custom": "自定", "Email": "邮箱", "Phone": "电话",
  "Custom regular expression": "自定的正则表达式", "Custom error message": "自定的提示", "Decimal digits": "小数位数", "Increment": "步长",
  "Output as string": "存为文字（精确数）", "Prefix": "前缀", "Suffix": "后缀", "Searchable": "可查找", "Subtype": "子类型", "Use 24h": "24 小时制",
  "Time format": "时间格式", "Time interval": "时间间隔", "Time label": "时间标签", "Date label": "日期标签", "Disallow past dates": "不许选过去的日期",
  "Show outline": "显示边框", "Default number of items": "默认行数", "Allow add/delete items": "可增减行", "Disable collapse": "不收起",
  "Number of non-collapsing items": "不收起的行数", "Pagination": "分页", "Number of rows per page": "每页行数", "Path": "路径", "Compute on": "何时计算",
  "Value changes": "值变化时", "Form submission": "提交时", "Target value": "目标值", "Upload multiple files": "可传多个文件",
  "Supported file formats": "允许的文件格式", "Vertical alignment": "竖直对齐", "Top": "上", "Center": "中", "Bottom": "下", "Height": "高度",
  "Alternative text": "替代文字", "Image source": "图片地址", "Version tag": "版本标签", "Hide if": "何时隐藏", "Deactivate if": "何时隐藏",
  "Condition under which the field is hidden": "条件成立时隐藏这个字段",
  "Binds to a form variable": "填写的值存入这个变量",
  "Checked": "已勾选", "Not checked": "未勾选", "<none>": "(无)", "<empty>": "(空)", "Create": "新建", "Add properties": "加属性",
  "Drag and drop components here to start designing.": "把左边的组件拖到这里。",
  "Build your form": "做一张表单", "Select a form field to edit its properties.": "选中一个字段，在这里填写它的属性。",
  "Remove selected element": "删除选中的字段", "Delete item": "删除这一项", "Toggle section": "展开或收起", "Toggle list item": "展开或收起这一项",
  "Create new list item": "新建一项",
};

const words = { ...canvas, ...tables, ...diagrams, ...panel };

// The head of the panel says "User Task" where the palette says "User task"; names of types ("date") stay as they are.
const loosely = (text) => text.charAt(0) + text.slice(1).toLowerCase().replace(/-/g, " ");
const known = new Map(Object.entries(words).map(([text, said]) => [loosely(text), said]));

// In the place of the modellers' `translate`.
export function inChinese(template, replacements) {
  return (words[template] ?? known.get(loosely(template)) ?? template).replace(/{([^}]+)}/g, (_, name) => {
    const value = replacements?.[name];
    return value === undefined ? `{${name}}` : words[value] ?? value;
  });
}

// The editor of forms knows no languages: its words are exchanged where it has drawn them. What somebody typed
// stands in fields and is left alone.
export function speakChinese(places, isItsOwn) {
  const all = { ...panel, ...forms };
  const speak = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.data.trim();
      const said = all[text];
      if (said && said !== text && isItsOwn(node.parentElement)) node.data = node.data.replace(text, said);
      return;
    }
    if (node.nodeType !== Node.ELEMENT_NODE || !isItsOwn(node)) return;
    for (const name of ["title", "placeholder", "aria-label"]) {
      const said = all[node.getAttribute(name)];
      if (said) node.setAttribute(name, said);
    }
    node.childNodes.forEach(speak);
  };
  const options = { subtree: true, childList: true, characterData: true };
  const watcher = new MutationObserver((changes) => {
    for (const change of changes) (change.type === "characterData" ? [change.target] : change.addedNodes).forEach(speak);
  });
  for (const place of places) {
    speak(place);
    watcher.observe(place, options);
  }
}
