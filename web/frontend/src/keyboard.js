// The list by keyboard: j and k move, Enter opens, c claims, / searches, ? helps.
const typing = (element) => element.closest("input, textarea, select, [contenteditable]") !== null;
const rows = () => [...document.querySelectorAll("[data-row]")];

function move(step) {
  const all = rows();
  if (!all.length) return;
  const at = all.indexOf(document.activeElement.closest("[data-row]"));
  const next = at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1);
  const link = all[next].querySelector("[data-opens]");
  link.focus();
  all[next].scrollIntoView({ block: "nearest" });
}

// A list drawn anew leaves whoever was in it where they were: at their task, or at the one that took its place.
let place = -1;
document.addEventListener("htmx:beforeSwap", () => {
  place = rows().indexOf(document.activeElement.closest("[data-row]"));
});
document.addEventListener("htmx:afterSwap", () => {
  const all = rows();
  if (place < 0 || !all.length || document.activeElement.closest("[data-row]")) return;
  all[Math.min(place, all.length - 1)].querySelector("[data-opens]").focus({ preventScroll: true });
});

const keys = {
  j: () => move(1),
  k: () => move(-1),
  ArrowDown: () => rows().length && document.activeElement.closest("[data-row], body") && move(1),
  ArrowUp: () => rows().length && move(-1),
  c: () => (rows().length ? document.activeElement.closest("[data-row]") : document)?.querySelector("[data-claims]")?.click(),
  "/": () => document.querySelector("[data-searches]")?.focus(),
  "?": () => document.querySelector("[data-helps]")?.click(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && event.target.matches("[data-searches]")) event.target.blur();
  if (typing(event.target) || document.querySelector(".modal.show, .dropdown-menu.show")) return;
  const act = keys[event.key];
  if (!act || (event.key.startsWith("Arrow") && !rows().length)) return;
  event.preventDefault();
  act();
});
