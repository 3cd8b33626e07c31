// What the modellers of diagrams, tables and forms share: checking, deploying, a copy of unsaved work.
//   <section data-modeller data-source="ADDRESS" data-check="ADDRESS" data-kept="KEY" …> with [data-canvas],
//   [data-panel], [data-findings], [data-state], [data-kept-offer] and buttons [data-act].
import "./modeller.css";

const WIDE = window.matchMedia("(min-width: 992px)");      // as in modeller.css
const PAUSE = 1000;                                        // milliseconds after a change until it is kept
const MOMENT = 350;                                        // milliseconds: longer than the editors wait
const words = (text) => (text || "").split(" ").filter(Boolean);

export const speaksChinese = document.documentElement.lang !== "en";

// `open(places)` builds the editor: { load(text), text(), changed(then), mark(errors, warnings), show(id), undo(), redo() }.
export function model(open) {
  const page = document.querySelector("[data-modeller]");
  const start = () => {
    if (!WIDE.matches || page.dataset.opened !== undefined) return;
    page.dataset.opened = "";
    run(page, open).catch((error) => {
      say(page, "failed");
      console.error(error);
    });
  };
  WIDE.addEventListener("change", start);
  start();
}

function say(page, key) {
  const state = page.querySelector("[data-state]");
  state.textContent = page.dataset[`say${key[0].toUpperCase()}${key.slice(1)}`] || "";
  state.dataset.state = key;
}

async function run(page, open) {
  const place = (name) => page.querySelector(`[data-${name}]`);
  const original = await source(page);
  const editor = await open({ canvas: place("canvas"), panel: place("panel"), views: place("views") });
  const copy = kept(page);
  let base = page.dataset.base;
  let saved = original;            // the text that is deployed, or was offered and taken
  let upload = "";                 // the last check's, replaced by the next
  let waiting = null;
  let leaving = false;
  let changes = 0;

  await editor.load(original);
  page.editor = editor;
  page.setAttribute("data-drawn", "");
  say(page, "ready");

  // ---- unsaved work ----

  async function keep() {
    clearTimeout(waiting);
    waiting = null;
    if (!changes) return;
    const text = await editor.text();
    try {
      localStorage.setItem(page.dataset.kept, JSON.stringify({ text, base, at: new Date().toISOString() }));
    } catch {
      say(page, "full");           // no room, or the browser keeps nothing: leaving still warns
    }
  }
  editor.changed(() => {
    changes += 1;
    leaving = false;
    say(page, "changed");
    clearTimeout(waiting);
    waiting = setTimeout(keep, PAUSE);
  });
  window.addEventListener("beforeunload", (event) => {
    if (!changes || leaving) return;
    keep();
    event.preventDefault();
    event.returnValue = "";
  });
  if (copy && copy.text !== original) {
    const offer = place("kept-offer");
    offer.querySelector("time").textContent = new Date(copy.at).toLocaleString(document.documentElement.lang);
    offer.hidden = false;
    offer.scrollIntoView({ block: "center" });
    offer.addEventListener("click", async (event) => {
      const answer = event.target.closest("[data-answer]")?.dataset.answer;
      if (!answer) return;
      offer.hidden = true;
      if (answer === "forget") { localStorage.removeItem(page.dataset.kept); return; }
      base = copy.base;
      await editor.load(copy.text);
      changes += 1;
      say(page, "changed");
    });
  } else if (copy) localStorage.removeItem(page.dataset.kept);      // it was deployed meanwhile

  // ---- checking and deploying ----

  async function check(acts = {}) {
    say(page, "checking");
    await finishTyping(page);
    await keep();
    const before = changes;
    const text = before ? await editor.text() : saved;
    const data = new FormData();
    data.append("files", new Blob([text], { type: "text/plain" }), page.dataset.fileName);
    data.append("base", base);
    data.append("upload", upload);
    data.append("kind", page.dataset.kind);
    data.append("key", page.dataset.key);
    if (acts.newerKnown) data.append("newer_known", "1");
    const findings = place("findings");
    let answer;
    try {
      answer = await fetch(page.dataset.check, {
        method: "POST",
        body: data,
        headers: { "X-CSRFToken": page.dataset.token, "HX-Request": "true" },
      });
    } catch {
      say(page, "unreached");
      return null;
    }
    if (answer.status === 401) { say(page, "loggedOut"); return null; }
    findings.innerHTML = await answer.text();
    const report = findings.querySelector("[data-report]");
    if (!report) { say(page, "failed"); return null; }
    upload = report.dataset.upload || "";
    if (page.dataset.checked === undefined) {
      page.dataset.checked = "";
      editor.resized?.();
    }
    editor.mark(words(report.dataset.errors), words(report.dataset.warnings));
    say(page, before === changes ? "checked" : "changed");
    return report;
  }

  async function deploy(acts) {
    const report = await check(acts);
    if (!report) return;
    if (report.dataset.goesOn) {
      leaving = true;              // the work is in the upload, and the copy stays until it is deployed
      window.location.assign(report.dataset.goesOn);
    } else place("findings").querySelector("[tabindex]")?.focus();
  }

  const acts = {
    undo: () => editor.undo(),
    redo: () => editor.redo(),
    in: () => editor.zoom?.(1),
    out: () => editor.zoom?.(-1),
    fit: () => editor.zoom?.(0),
    check: () => check(),
    deploy: () => deploy(),
    "deploy-over": () => deploy({ newerKnown: true }),
  };
  let busy = false;
  async function act(name) {
    if (busy) return;
    busy = true;
    try { await acts[name](); } finally { busy = false; }
  }
  page.addEventListener("click", (event) => {
    const button = event.target.closest("[data-act]");
    if (button) act(button.dataset.act);
    const link = event.target.closest("[data-show-element]");
    if (!link) return;
    event.preventDefault();
    editor.show(link.dataset.showElement);
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.key.toLowerCase() !== "s") return;
    event.preventDefault();
    act("check");
  });
}

// The editors take over what is being typed when its field is left, or after a moment.
async function finishTyping(page) {
  const field = document.activeElement;
  if (!page.contains(field) || !field.matches("input, textarea, select, [contenteditable]")) return;
  field.blur();
  await new Promise((then) => { setTimeout(then, MOMENT); });
  if (field.isConnected) field.focus();
}

async function source(page) {
  const inline = page.querySelector("[data-template]");
  if (inline) return JSON.parse(inline.dataset.template);
  const answer = await fetch(page.dataset.source);
  if (!answer.ok) throw new Error(`The source could not be fetched (${answer.status}).`);
  return answer.text();
}

function kept(page) {
  try {
    return JSON.parse(localStorage.getItem(page.dataset.kept));
  } catch {
    return null;
  }
}

// Marks whatever carries an id in an attribute, by a style sheet: it holds when the editor draws itself anew.
export function markBy(attribute) {
  const sheet = new CSSStyleSheet();
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  return (errors, warnings) => {
    const rule = (ids, colour, ground) => ids.map((id) =>
      `[data-canvas] [${attribute}="${CSS.escape(id)}"] { box-shadow: inset 0 0 0 2px ${colour}; background: ${ground} !important; }`);
    sheet.replaceSync([...rule(warnings, "#a34b00", "#fff6ec"), ...rule(errors, "#b92525", "#fdeaea")].join("\n"));
  };
}
