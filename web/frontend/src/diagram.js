// Draws a process diagram with its tokens: <div data-diagram="ADDRESS" data-tokens="A B" data-passed="C D">.
import "bpmn-js/dist/assets/diagram-js.css";
import "bpmn-js/dist/assets/bpmn-js.css";
import "./diagram.css";
import NavigatedViewer from "bpmn-js/lib/NavigatedViewer";
import { english } from "./english.js";
import { markFindings } from "./findings.js";

const words = (text) => (text || "").split(" ").filter(Boolean);

// The staff's name for a shape is Chinese; its English label is an extension property.
function speakEnglish(elements) {
  for (const element of Object.values(elements)) {
    const label = english(element, "labelEn");
    if (label) element.name = label;
  }
  for (const shape of Object.values(elements)) if (shape.label?.bounds && shape.bpmnElement?.name) widen(shape);
}

const LETTER = 6.5;              // pixels, of the 11 in which names outside of shapes are written
const WIDEST = 90;

// The place of a name is as wide as the Chinese needs it: it grows to both sides, so that no word is broken.
function widen({ label: { bounds }, bpmnElement: { name } }) {
  const longest = Math.max(...name.split(/\s+/).map((word) => word.length)) * LETTER;
  const width = Math.max(bounds.width, longest, Math.min(name.length * LETTER, WIDEST));
  bounds.x -= (width - bounds.width) / 2;
  bounds.width = width;
}

function mark(canvas, registry, ids, marker) {
  for (const id of ids) if (registry.get(id)) canvas.addMarker(id, marker);
}

async function draw(box) {
  const viewer = new NavigatedViewer({ container: box, zoomScroll: { enabled: false } });
  if (document.documentElement.lang === "en") {
    viewer.on("import.parse.complete", (event) => speakEnglish(event.elementsById ?? {}));
  }
  const answer = await fetch(box.dataset.diagram);
  if (!answer.ok) throw new Error(`The diagram could not be fetched (${answer.status}).`);
  await viewer.importXML(await answer.text());
  const canvas = viewer.get("canvas");
  const registry = viewer.get("elementRegistry");
  mark(canvas, registry, words(box.dataset.passed), "passed");
  mark(canvas, registry, words(box.dataset.flows), "passed");
  mark(canvas, registry, words(box.dataset.incidents), "incident");
  mark(canvas, registry, words(box.dataset.tokens), "token");
  markFindings(viewer, words(box.dataset.errors), words(box.dataset.warnings));
  mark(canvas, registry, words(box.dataset.focus), "here");
  const way = [...words(box.dataset.focus), ...words(box.dataset.incidents), ...words(box.dataset.tokens)];
  fit(canvas, registry, [...way, ...words(box.dataset.passed).reverse()]);
  box.setAttribute("data-drawn", "");
  box.viewer = viewer;
  letMove(box, canvas, viewer.get("zoomScroll"));
  box.closest("[data-diagram-frame]")?.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom]");
    if (!button) return;
    if (button.dataset.zoom === "fit") canvas.zoom("fit-viewport", "auto");
    else viewer.get("zoomScroll").stepZoom(button.dataset.zoom === "in" ? 1 : -1);
  });
}

// Wheel and finger move the page, until somebody presses into the diagram: then they move that.
function letMove(box, canvas, zoomScroll) {
  let finger = null;
  const hold = (isHeld) => {
    box.classList.toggle("held", isHeld);
    zoomScroll.toggle(isHeld);
  };
  document.addEventListener("click", (event) => hold(box.contains(event.target)));
  box.addEventListener("pointerleave", (event) => { if (event.pointerType === "mouse") hold(false); });
  box.addEventListener("pointerdown", (event) => { finger = event.pointerType === "touch" ? event : null; });
  box.addEventListener("pointermove", (event) => {
    if (!finger || !box.classList.contains("held") || event.pointerId !== finger.pointerId) return;
    canvas.scroll({ dx: event.clientX - finger.clientX, dy: event.clientY - finger.clientY });
    finger = event;
  });
}

const READABLE = 0.65;           // names of 12 pixels are still letters
const TINY = 0.15;               // not even its outline tells anything
const NEAR = 0.8;

// A whole large diagram in a small window cannot be read: then go near the first of these that is on it instead.
function fit(canvas, registry, places) {
  canvas.zoom("fit-viewport", "auto");
  const place = places.map((id) => registry.get(id)).find((element) => element?.width);
  if (canvas.zoom() < READABLE && place) goTo(canvas, place);
  else if (canvas.zoom() < TINY) {
    const start = registry.find((element) => element.type === "bpmn:StartEvent" && element.parent.type !== "bpmn:SubProcess");
    if (start) goTo(canvas, start);
  }
}

// The element in the middle; at the diagram's border no emptier than need be.
function goTo(canvas, element) {
  const { outer, inner } = canvas.viewbox();
  const [width, height] = [outer.width / NEAR, outer.height / NEAR];
  const margin = 20;
  const within = (wanted, from, length, room) => {
    const last = from + length + margin - room;
    return Math.max(Math.min(wanted, last), Math.min(from - margin, last));
  };
  canvas.viewbox({
    x: within(element.x + element.width / 2 - width / 2, inner.x, inner.width, width),
    y: within(element.y + element.height / 2 - height / 2, inner.y, inner.height, height),
    width, height,
  });
}

const drawn = new Map();

function show(box) {
  if (!drawn.has(box)) {
    drawn.set(box, draw(box).catch((error) => {
      box.classList.add("diagram-failed");
      box.textContent = box.dataset.failed || error.message;
    }));
  }
  return drawn.get(box);
}

// A page that lists elements (findings, timers) may ask to see one: <a data-show-element="ID">; with
// data-in-diagram="NAME" in the diagram of that data-diagram-name only. It may stand in a folded card or tab.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-show-element]");
  if (!link) return;
  const id = link.dataset.showElement;
  const name = link.dataset.inDiagram;
  const boxes = [...document.querySelectorAll("[data-diagram]")].filter((box) => !name || box.dataset.diagramName === name);
  if (!boxes.length) return;
  event.preventDefault();
  boxes.sort((one, other) => (other.offsetParent !== null) - (one.offsetParent !== null));    // those in sight first
  for (const box of boxes) {
    unfold(box);
    await show(box);
    if (!box.viewer?.get("elementRegistry").get(id)) continue;
    const canvas = box.viewer.get("canvas");
    for (const old of box.querySelectorAll(".shown")) old.classList.remove("shown");
    canvas.addMarker(id, "shown");
    const element = box.viewer.get("elementRegistry").get(id);
    if (element.width) goTo(canvas, element);
    else canvas.scrollToElement(id);
    box.scrollIntoView({ block: "center" });
    return;
  }
});

function unfold(box) {
  box.closest("details")?.setAttribute("open", "");
  const pane = box.closest(".tab-pane:not(.active)");
  if (pane) document.querySelector(`[data-bs-target="#${pane.id}"]`)?.click();
}

// A diagram that somebody unfolds at the end of the page comes into sight.
document.addEventListener("toggle", (event) => {
  if (event.target.open && event.target.querySelector("[data-diagram]")) event.target.scrollIntoView({ block: "nearest" });
}, true);

// Drawn only when it comes into view, so that a folded diagram costs nothing.
const watcher = new IntersectionObserver((entries) => {
  for (const entry of entries) {
    if (!entry.isIntersecting) continue;
    watcher.unobserve(entry.target);
    show(entry.target);
  }
});
for (const box of document.querySelectorAll("[data-diagram]")) watcher.observe(box);
