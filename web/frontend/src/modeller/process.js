// Changes a process diagram, with the attributes that the engine reads.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "bpmn-js/dist/assets/bpmn-font/css/bpmn.css";
import "@bpmn-io/properties-panel/dist/assets/properties-panel.css";
import "../diagram.css";
import { SelectEntry } from "@bpmn-io/properties-panel";
import Modeler from "bpmn-js/lib/Modeler";
import {
  BpmnPropertiesPanelModule,
  BpmnPropertiesProviderModule,
  CamundaPlatformPropertiesProviderModule,
  useService,
} from "bpmn-js-properties-panel";
import behaviours from "camunda-bpmn-js-behaviors/lib/camunda-platform";
import camunda from "camunda-bpmn-moddle/resources/camunda.json";
import { markFindings } from "../findings.js";
import { model, speaksChinese } from "./page.js";
import { inChinese, speakChinese } from "./chinese.js";

// What the engine does not know is not offered; what a diagram has of it already can be taken out.
const NEVER = /__(AsynchronousContinuations|ExternalTask|JobExecution|HistoryCleanup|Tasklist|BusinessKey|StartInitiator|ProcessVariables)$/;
const IF_THERE = /__(ExecutionListener|TaskListener|FieldInjection|ConnectorInput|ConnectorOutput|FormData)$/;

// The engine takes a decision's result as it is where nothing is said; to Camunda that means "resultList", and an
// attribute that says so would be left out when the diagram is saved.
const attributes = structuredClone(camunda);
for (const type of attributes.types) {
  for (const property of type.properties ?? []) if (property.name === "mapDecisionResult") delete property.default;
}
const RESULTS = ["", "singleEntry", "singleResult", "collectEntries", "resultList"];

function DecisionResult({ element }) {
  const modeling = useService("modeling");
  const translate = useService("translate");
  return SelectEntry({
    element,
    id: "mapDecisionResult",
    label: translate("Map decision result"),
    getValue: () => element.businessObject.get("camunda:mapDecisionResult") ?? "",
    setValue: (value) => modeling.updateProperties(element, { "camunda:mapDecisionResult": value || undefined }),
    getOptions: () => RESULTS.map((value) => ({ value, label: translate(value || "As it is") })),
  });
}

class OnlyWhatIsRun {
  constructor(propertiesPanel) {
    propertiesPanel.registerProvider(200, this);
  }

  getGroups() {
    return (groups) => {
      for (const entry of groups.flatMap((group) => group.entries ?? [])) {
        if (entry.id === "mapDecisionResult") entry.component = DecisionResult;
      }
      return groups.filter((group) => !NEVER.test(group.id) && !(IF_THERE.test(group.id) && !group.items?.length));
    };
  }
}
OnlyWhatIsRun.$inject = ["propertiesPanel"];

const ours = { __init__: ["onlyWhatIsRun"], onlyWhatIsRun: ["type", OnlyWhatIsRun] };
if (speaksChinese) ours.translate = ["value", inChinese];

model(async ({ canvas, panel }) => {
  const modeler = new Modeler({
    container: canvas,
    propertiesPanel: { parent: panel },
    additionalModules: [
      BpmnPropertiesPanelModule, BpmnPropertiesProviderModule, CamundaPlatformPropertiesProviderModule, behaviours, ours,
    ],
    moddleExtensions: { camunda: attributes },
  });
  const get = (name) => modeler.get(name);
  canvas.modeler = modeler;
  if (speaksChinese) speakChinese([canvas, panel]);
  return {
    async load(text) {
      await modeler.importXML(text);
      get("canvas").zoom("fit-viewport", "auto");
      if (get("canvas").zoom() >= 0.45) return;
      const first = get("elementRegistry").find((element) => element.type === "bpmn:StartEvent");
      get("canvas").zoom(0.7);
      if (first) get("canvas").scrollToElement(first, { top: 120, bottom: 120, left: 160, right: 160 });
    },
    text: async () => (await modeler.saveXML({ format: true })).xml,
    changed: (then) => modeler.on("commandStack.changed", (event) => { if (event.trigger !== "clear") then(); }),
    mark: (errors, warnings) => markFindings(modeler, errors, warnings),
    show(id) {
      const element = get("elementRegistry").get(id);
      if (!element) return;
      if (get("canvas").zoom() < 0.45) get("canvas").zoom(0.7);
      get("canvas").scrollToElement(element, { top: 120, bottom: 120, left: 160, right: 160 });
      get("selection").select(element);
      get("canvas").focus();
    },
    resized: () => get("canvas").resized(),
    undo: () => get("commandStack").undo(),
    redo: () => get("commandStack").redo(),
    zoom: (step) => (step ? get("zoomScroll").stepZoom(step) : get("canvas").zoom("fit-viewport", "auto")),
  };
});
