// Changes decision tables.
import "dmn-js/dist/assets/diagram-js.css";
import "dmn-js/dist/assets/dmn-js-shared.css";
import "dmn-js/dist/assets/dmn-js-drd.css";
import "dmn-js/dist/assets/dmn-js-decision-table.css";
import "dmn-js/dist/assets/dmn-js-decision-table-controls.css";
import "dmn-js/dist/assets/dmn-js-literal-expression.css";
import "dmn-js/dist/assets/dmn-font/css/dmn.css";
import Modeler from "dmn-js/lib/Modeler";
import { markBy, model, speaksChinese } from "./page.js";
import { HIT_POLICIES } from "dmn-js-decision-table/lib/features/hit-policy/HitPolicies";
import { inChinese, nameHitPolicies, speakChinese } from "./chinese.js";

if (speaksChinese) nameHitPolicies(HIT_POLICIES);
const ours = speaksChinese ? [{ translate: ["value", inChinese] }] : [];

model(async ({ canvas, views }) => {
  const part = { additionalModules: ours };
  const modeler = new Modeler({ container: canvas, drd: part, decisionTable: part, literalExpression: part });
  const wanted = canvas.dataset.decisionId;
  const marked = markBy("data-element-id");
  const active = () => modeler.getActiveViewer();
  let hasChanged = () => {};
  canvas.modeler = modeler;
  if (speaksChinese) speakChinese([canvas]);
  // Each table has its own editor, made when it is first opened.
  modeler.on("viewer.created", ({ viewer }) => {
    viewer.on("commandStack.changed", (event) => { if (event.trigger !== "clear") hasChanged(); });
  });

  // A file may hold several decisions: one button each, beside their diagram.
  function list() {
    const open = modeler.getActiveView();
    views.replaceChildren(...modeler.getViews().map((view) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = `btn btn-sm${view.id === open?.id ? " active" : ""}`;
      button.setAttribute("aria-pressed", view.id === open?.id);
      button.textContent = view.type === "drd" ? views.dataset.drd : view.name || view.id;
      button.addEventListener("click", () => modeler.open(view));
      return button;
    }));
  }
  modeler.on("views.changed", list);

  const holds = (view, id) => view.element.id === id || JSON.stringify(ids(view.element)).includes(`"${id}"`);
  return {
    async load(text) {
      await modeler.importXML(text);
      const found = modeler.getViews().filter((view) => view.type !== "drd");
      const view = found.find((one) => one.element.id === wanted) ?? found[0];
      if (view) await modeler.open(view);
    },
    text: async () => (await modeler.saveXML({ format: true })).xml,
    changed: (then) => { hasChanged = then; },
    mark: marked,
    async show(id) {
      const view = modeler.getViews().find((one) => one.type !== "drd" && holds(one, id));
      if (view && modeler.getActiveView()?.id !== view.id) await modeler.open(view);
      canvas.querySelector(`[data-element-id="${CSS.escape(id)}"]`)?.scrollIntoView({ block: "center", inline: "center" });
    },
    undo: () => active()?.get("commandStack").undo(),
    redo: () => active()?.get("commandStack").redo(),
  };
});

function ids(element) {
  const logic = element.decisionLogic ?? {};
  const columns = [...(logic.input ?? []), ...(logic.output ?? [])];
  const rules = (logic.rule ?? []).flatMap((rule) => [rule, ...(rule.inputEntry ?? []), ...(rule.outputEntry ?? [])]);
  return [logic, ...columns, ...columns.map((one) => one.inputExpression ?? {}), ...rules].map((one) => one.id);
}
