// Shows a decision table: <div data-decision="ADDRESS">.
import "dmn-js/dist/assets/diagram-js.css";
import "dmn-js/dist/assets/dmn-js-shared.css";
import "dmn-js/dist/assets/dmn-js-drd.css";
import "dmn-js/dist/assets/dmn-js-decision-table.css";
import "dmn-js/dist/assets/dmn-js-literal-expression.css";
import "dmn-js/dist/assets/dmn-font/css/dmn.css";
import "./decision.css";
import NavigatedViewer from "dmn-js/lib/NavigatedViewer";
import { HIT_POLICIES } from "dmn-js-decision-table/lib/features/hit-policy/HitPolicies";
import { english } from "./english.js";
import { inChinese, nameHitPolicies } from "./modeller/chinese.js";

const speaksChinese = document.documentElement.lang !== "en";
if (speaksChinese) nameHitPolicies(HIT_POLICIES);
const own = speaksChinese ? [{ translate: ["value", inChinese] }] : [];
const part = { additionalModules: own };

function speakEnglish(elements) {
  for (const element of elements) {
    const label = english(element, "labelEn");
    const note = english(element, "documentationEn");
    const isClause = element.$instanceOf("dmn:InputClause") || element.$instanceOf("dmn:OutputClause");
    if (label) element[isClause ? "label" : "name"] = label;
    if (note) element.description = note;
  }
}

async function show(box) {
  const viewer = new NavigatedViewer({ container: box, drd: part, decisionTable: part, literalExpression: part });
  const answer = await fetch(box.dataset.decision);
  if (!answer.ok) throw new Error(`The decision could not be fetched (${answer.status}).`);
  if (!speaksChinese) viewer.on("import.parse.complete", ({ elementsById }) => speakEnglish(Object.values(elementsById ?? {})));
  await viewer.importXML(await answer.text());
  // A file may hold several decisions; one may be an expression instead of a table.
  const views = viewer.getViews().filter((view) => view.type !== "drd");
  const wanted = views.find((view) => view.element.id === box.dataset.decisionId) ??
    views.find((view) => view.type === "decisionTable");
  if (wanted) await viewer.open(wanted);
  const scrolled = box.querySelector(".tjs-table-container");      // wide tables: reachable by keyboard
  if (scrolled) {
    scrolled.tabIndex = 0;
    scrolled.setAttribute("role", "region");
    scrolled.setAttribute("aria-label", box.getAttribute("aria-label") || "");
  }
  box.setAttribute("data-drawn", "");
}

for (const box of document.querySelectorAll("[data-decision]")) {
  show(box).catch((error) => { box.textContent = box.dataset.failed || error.message; });
}
