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
  "End events": "结束事件", "Search": "查找", "Open menu": "打开菜单", "Tools": "工具", "Results": "结果",
  "Ad-hoc sub-process": "即席子流程", "Ad-hoc sub-process (collapsed)": "即席子流程（折叠）", "Ad-hoc sub-process (expanded)": "即席子流程（展开）",
  "Event based instantiating Gateway": "事件网关（开始）", "Parallel Event based instantiating Gateway": "并行事件网关（开始）",
  "Align elements": "对齐", "Align elements ": "对齐", "Distribute elements horizontally": "水平均分", "Distribute elements vertically": "竖直均分",
  "Expanded pool/participant": "泳池（展开）", "Active elements": "激活的元素",
};

// The head of the panel: what is selected.
const heads = {
  "Collapsed Pool": "泳池（折叠）", "Empty Pool": "泳池（空）", "Expanded Pool": "泳池", "Data Input": "数据输入", "Data Output": "数据输出",
  "Collapsed Sub Process": "子流程（折叠）", "Expanded Sub Process": "子流程", "Event Sub Process": "事件子流程",
  "Collapsed Event Sub Process": "事件子流程（折叠）", "Expanded Event Sub Process": "事件子流程",
  "Transaction": "事务子流程", "Collapsed Transaction": "事务子流程（折叠）", "Expanded Transaction": "事务子流程",
  "Ad Hoc Sub Process": "即席子流程", "Collapsed Ad Hoc Sub Process": "即席子流程（折叠）", "Expanded Ad Hoc Sub Process": "即席子流程",
  "Message Flow": "消息流", "Data Input Association": "数据输入关联", "Data Output Association": "数据输出关联",
  "Intermediate Catch Event": "中间事件（等待）", "Boundary Event": "边界事件",
  "Boundary Event (Non Interrupting)": "边界事件（不中断）", "Start Event (Non Interrupting)": "开始事件（不中断）",
  "Compensate Intermediate Throw Event": "发出补偿", "Compensate End Event": "补偿结束事件", "Compensate Boundary Event": "补偿边界事件",
  "Compensate Start Event": "补偿开始事件", "Link Intermediate Catch Event": "链接（接收）", "Link Intermediate Throw Event": "链接（发出）",
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
    "表达式（如 ${workdays(2)}、${hours(12)}）或 ISO 时间。",
  "The follow up date as an EL expression (e.g. ${someDate}) or an ISO date (e.g. 2015-06-26T09:54:00).":
    "表达式（如 ${workdays(1)}）或 ISO 时间。",
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
  "A time duration defined as ISO 8601 durations format.": "时长：PT12H、P2D 或表达式（如 ${workdays(2)}）。",
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
  "Opened in editor": "已在大窗口里打开", "<empty>": "（空）", "<none>": "（无）", "List contains {numOfItems} item": "共 {numOfItems} 项",
  "List contains {numOfItems} items": "共 {numOfItems} 项",
  "ID must not be empty.": "ID 不能为空。", "ID must be unique.": "ID 不能重复。", "ID must not contain spaces.": "ID 不能有空格。",
  "ID must be a valid QName.": "ID 只能用字母、数字、_、- 和 .，不能以数字开头。", "ID must not contain prefix.": "ID 不能有前缀。",
  "This maps to the process definition key.": "流程的 key。改了就是另一个流程。",
  "Specifies the priority of a user task. Must be an integer between 0 and 100. If no value is provided, the default value is 50. ":
    "0 到 100 的整数，不填为 50。",
  "<no reference>": "（没有引用）", "Start typing \"${}\" to create an expression.": "输入 ${} 开始写表达式。",
  "Asynchronous before": "之前异步", "Asynchronous after": "之后异步", "BPMN": "BPMN 流程", "CMMN": "CMMN 案例", "Case ref": "案例引用",
  "Business key": "业务 key", "Business key expression": "业务 key 表达式", "Class": "类", "Tenant ID": "租户 ID", "Created in": "建立于",
  "Delegate Variable Mapping": "委托变量映射", "Delegate Class": "委托类", "Default value": "默认值", "Constraints": "限制", "Config": "配置",
  "version tag": "版本标签", "versionTag": "版本标签", "Event type": "事件类型", "Listener type": "监听器类型", "Listener ID": "监听器 ID",
  "Scope": "范围", "Update": "更新", "Custom type": "自定类型", "<custom type>": "（自定类型）", "Implementation type": "实现方式",
  "Connector ID": "连接器 ID", "Connector inputs": "连接器输入", "Connector outputs": "连接器输出", "Field injection": "字段注入",
  "Define the name of the variable that will contain the error code.": "错误代码存入这个变量。",
  "Define the name of the variable that will contain the error message.": "错误消息存入这个变量。",
  "Define the name of the variable that will contain the escalation code.": "升级代码存入这个变量。",
  "Refers to the process variable name": "流程变量的名称", "Variable names": "变量名", "Input mapping": "传入", "Output mapping": "传出",
  "collectEntries (List<Object>)": "每行一个值（collectEntries）", "resultList (List<Map<String, Object>>)": "所有行（resultList）",
  "singleEntry (TypedValue)": "一个值（singleEntry）", "singleResult (Map<String, Object>)": "一行（singleResult）",
  "List of process variable names that trigger the condition evaluation.": "这些变量变化时判断条件。",
  "Specify more than one variable change event as a comma separated list. Variable change events are:": "多个变量事件用逗号分开，可以是：",
  "How to configure a timer": "怎样填写定时", "Learn more.": "了解更多。", "FEEL expression is mandatory": "这里写 FEEL 表达式",
  "Click to set a dynamic value with FEEL expression": "点一下改写成 FEEL 表达式", "Click to remove dynamic value with FEEL expression": "点一下改回固定值",
  "Unparsable FEEL expression.": "FEEL 表达式写得不对。", "JSON contains errors": "JSON 写得不对", "Learn how to define conditions.": "怎样写条件。",
  "Must not be empty.": "不能为空。", "Must be unique.": "不能重复。", "Must not contain spaces.": "不能有空格。", "Must not contain prefix.": "不能有前缀。",
  "Must be a valid QName.": "只能用字母、数字、_、- 和 .，不能以数字开头。", "Close": "关闭", "Remove": "删除",
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
  "Move Input": "移动输入列", "Move Output": "移动输出列", "Open decision table": "打开决策表", "Open literal expression": "打开表达式",
  "Decision table context menu": "决策表菜单", "Duration value": "时长", "Date and time value": "日期和时间", "Edit duration": "编辑时长",
  "Edit date and time": "编辑日期和时间", "Edit start date": "编辑开始日期", "Edit end date": "编辑结束日期", "Edit start time": "编辑开始时间",
  "Edit end time": "编辑结束时间", "Edit start date and time": "编辑开始日期和时间", "Edit end date and time": "编辑结束日期和时间",
  "Start time": "开始时间", "End time": "结束时间", "Start date and time": "开始日期和时间", "End date and time": "结束日期和时间",
  "Set date": "设定日期", "Set time": "设定时间", "Set date and time": "设定日期和时间", "Set duration": "设定时长", "e.g. { sample } ": "例如 { sample }",
  "e.g. { sample }": "例如 { sample }", "e.g. { example } ": "例如 { example }", "Must match PnYnM": "写成 PnYnM", "Must match PnDTnH": "写成 PnDTnH",
  "Add parameter": "加参数", "Remove parameter": "删除参数", "Edit formal parameters": "编辑参数", "Edit function kind": "编辑函数种类",
  "Function kind: {kind}": "函数种类：{kind}", "Kind": "种类", "Expression language: {expressionLanguageLabel}": "表达式语言：{expressionLanguageLabel}",
  "\"value\", \"value\", ...": "\"值\", \"值\", ...",
};

// How many rules may apply; the package does not ask its translator for these.
const hitPolicies = {
  "Unique": ["唯一（UNIQUE）", "规则不重叠，只有一条符合"], "First": ["第一条（FIRST）", "规则可以重叠，取最上面符合的一条"],
  "Priority": ["优先（PRIORITY）", "规则可以重叠，取优先级最高的一条"], "Any": ["任一（ANY）", "规则可以重叠，但结果必须相同"],
  "Collect": ["收集（COLLECT）", "收集所有符合的规则的值"], "Collect (Sum)": ["收集并相加（SUM）", "所有符合的规则的值相加"],
  "Collect (Min)": ["收集取最小（MIN）", "取所有符合的规则里最小的值"], "Collect (Max)": ["收集取最大（MAX）", "取所有符合的规则里最大的值"],
  "Collect (Count)": ["收集并计数（COUNT）", "数有几条规则符合"], "Rule order": ["按规则顺序（RULE ORDER）", "按规则的顺序收集值"],
  "Output order": ["按输出顺序（OUTPUT ORDER）", "按输出优先级从高到低收集值"],
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
  "Checked": "已勾选", "Not checked": "未勾选", "<none>": "（无）", "<empty>": "（空）", "Create": "新建", "Add properties": "加属性",
  "Drag and drop components here to start designing.": "把左边的组件拖到这里。",
  "Build your form": "做一张表单", "Select a form field to edit its properties.": "选中一个字段，在这里填写它的属性。",
  "Remove selected element": "删除选中的字段", "Delete item": "删除这一项", "Toggle section": "展开或收起", "Toggle list item": "展开或收起这一项",
  "Create new list item": "新建一项",
  "Static": "固定的选项", "Input data": "取自变量", "Date & Time": "日期和时间", "No timezone": "不分时区", "UTC normalized": "换算成 UTC", "UTC offset": "带时差的 UTC",
  "Table label": "表格标签", "Content": "内容", "Learn more": "了解更多", "Learn more in our": "了解更多：", "Repeatable": "可重复", "Reset": "重填", "Submit": "提交",
  "Supports markdown and templating.": "可用 Markdown 和模板。", "Allows arbitrary precision values": "不丢失小数",
  "Where the child variables of this component are pathed to.": "里面各字段的值存入这个变量。",
  "Specify the source from which to populate the table": "表格的内容取自哪里",
  "Specify an expression to populate column items": "列的内容由这个表达式得出",
  "Enter a form input variable that contains the data for the table or define an expression to populate the data dynamically.": "填写有表格内容的变量，或得出内容的表达式。",
  "A comma-separated list of": "用逗号分开的", "file type specifiers": "文件类型",
  "Define an expression to populate the options from.": "选项由这个表达式得出。", "Define which input property to populate the values from": "选项取自哪个变量",
  "Define an expression to calculate the value of this field": "这个字段的值由这个表达式得出",
  "Condition under which the field is deactivated": "条件成立时停用这个字段",
  "The expression may result in an array of simple values or alternatively follow this schema:": "表达式的结果是一列简单的值，或者写成：",
  "The input property may be an array of simple values or alternatively follow this schema:": "变量是一列简单的值，或者写成：",
  "The error message to display when the input does not match the regular expression.": "填写的内容不符合格式时的提示。",
  "Descriptive text for screen reader accessibility.": "读给看不见图片的人听。",
  "Disable this field when it should not be interactive for end-users. Its data will not be submitted. This setting takes precedence over read-only.":
    "停用的字段不能填写，也不提交；优先于只读。",
  "Make this field read-only when it cannot be edited by the end-user, but its content is important for them to see. Its data will still be submitted.":
    "只读的字段让人看见，但不能改；仍会提交。",
  "Add properties directly to the form schema, useful to configure functionality in custom-built task applications and form renderers.":
    "写在表单文件里的属性，例如英文标签 labelEn。",
  "Version tag by which this form can be referenced.": "引用这张表单时用的版本标签。", "Height of the container in pixels.": "高度（像素）。",
  "Link referring to a hosted image, or use a data URI directly to embed image data into the form.": "图片的地址，或直接写入图片的 data URI。",
  "Supports HTML, styling, and templating. Styles are automatically scoped to the HTML component.": "可用 HTML、样式和模板；样式只在这一块里有效。",
  "Multiple form fields are selected. Select a single form field to edit its properties.": "选中了多个字段。只选一个才能填写属性。",
  "No components found.": "没有找到组件。", "Clear content": "清空", "Drag and drop components here.": "把组件拖到这里。", "Remove form field": "删除这个字段",
  "Drop is not a valid target": "不能放在这里", "Drop not allowed by path registry": "不能放在这里：变量名会重复", "No associated form field in the registry": "找不到这个字段",
  "Must be a variable or a dot separated path.": "写一个变量名，或用点分开的路径。", "Must not be a prohibited path.": "这个路径不能用。", "Must not be empty": "不能为空",
  "Must not cause two binding paths to collide": "不能和别的字段用同一个变量", "Must not contain numerical path segments.": "路径里不能有数字段。",
  "A number is required.": "要填一个数字。", "Must be number": "要填一个数字", "Should be a valid number": "要填一个数字", "Should be a valid number.": "要填一个数字。",
  "Should be an integer.": "要填一个整数。", "Should be greater than or equal to zero.": "不能小于 0。", "Should be greater than zero.": "要大于 0。",
  "Value must be a number.": "要填一个数字。", "Save and close": "保存并关闭", "Opened in popup": "已在大窗口里打开",
  "Document reference": "文件引用", "Max height of preview container": "预览的最大高度", "Security attributes": "安全属性", "Powered by bpmn.io": "由 bpmn.io 提供",
};

// What the editor of forms writes into the form that it shows.
const shown = {
  "Select": "请选择", "Browse": "选择文件", "No files selected": "没有选择文件", "Content": "内容", "Text view is templated": "文字由模板得出",
  "Text view is empty": "文字说明是空的", "Text view is populated by an expression": "文字由表达式得出", "Html view is empty": "HTML 内容是空的",
  "Html view is templated": "HTML 由模板得出", "Html view is populated by an expression": "HTML 由表达式得出", "Increment": "加", "Decrement": "减",
};

// Words around a name or a number.
const patterns = [
  [/^List contains (\d+) items?$/, (_, count) => `共 ${count} 项`],
  [/^Remove (.+)$/, (_, name) => `删除${forms[name] ?? name}`],
  [/^Create an? (.+) element$/, (_, name) => `新建${forms[name] ?? name}`],
  [/^Value (\d+)$/, (_, count) => `值 ${count}`],
  [/^Column (\d+)$/, (_, count) => `第 ${count} 列`],
];

// What the panel of diagrams and the editor of tables do not ask their translator for.
const frame = [
  "<no reference>", "Move Input", "Move Output", "Decision table context menu",
  "<empty>", "Create new list item", "Delete item", "Open pop-up editor", "Opened in editor", "Section contains edits", "Section contains an error",
  "Toggle list item", "Toggle section", "Open documentation", "FEEL expression is mandatory", "Start typing \"${}\" to create an expression.",
  "Click to set a dynamic value with FEEL expression", "Click to remove dynamic value with FEEL expression", "Results", "Align elements",
];

const words = { ...canvas, ...tables, ...heads, ...diagrams, ...panel };

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

const ATTRIBUTES = ["title", "placeholder", "aria-label"];

export function nameHitPolicies(list) {
  for (const policy of list) {
    const named = hitPolicies[policy.label];
    if (named) [policy.label, policy.explanation] = named;
  }
}

// The editor of forms knows no languages: its words are exchanged where it has drawn them. What somebody typed
// stands in fields, or in the form that is shown, and is left alone.
export function speakChinese(places, { isForm = false } = {}) {
  const own = isForm ? { ...panel, ...forms } : Object.fromEntries(frame.map((text) => [text, words[text]]));
  const said = (text, node) => {
    if (!text) return undefined;
    if (node.closest(".fjs-form-container") && !node.closest(".fjs-context-pad")) return shown[text];
    if (own[text] && !node.closest("td")) return own[text];
    for (const [pattern, say] of patterns) if (pattern.test(text)) return text.replace(pattern, say);
    return undefined;
  };
  const speak = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.data.trim();
      const spoken = node.parentElement && said(text, node.parentElement);
      if (spoken && spoken !== text) node.data = node.data.replace(text, spoken);
      return;
    }
    if (node.nodeType !== Node.ELEMENT_NODE) return;
    for (const name of ATTRIBUTES) {
      const spoken = said(node.getAttribute(name), node);
      if (spoken) node.setAttribute(name, spoken);
    }
    node.childNodes.forEach(speak);
  };
  const watcher = new MutationObserver((changes) => {
    for (const change of changes) (change.type === "childList" ? change.addedNodes : [change.target]).forEach(speak);
  });
  for (const place of places) {
    speak(place);
    watcher.observe(place, { subtree: true, childList: true, characterData: true, attributeFilter: ATTRIBUTES });
  }
}
