// What somebody typed and could not send is found again in this tab: after a login that had expired, a failure,
// a change of language, the way back. <form data-keeps>; forms with data-draft (draft.js) use the same place.
const PLACE = "banjie:typed";
const user = document.body.dataset.user;      // nobody on the pages for logging in and for what went wrong

function all() {
  try {
    return JSON.parse(sessionStorage.getItem(PLACE)) ?? {};
  } catch {
    return {};
  }
}

function store(kept) {
  try {
    sessionStorage.setItem(PLACE, JSON.stringify(kept));
  } catch { /* no room: the browser then keeps nothing */ }
}

const keyOf = (form) => form.dataset.draft || form.getAttribute("action") || window.location.pathname;

// `sent`: it is on its way; if a page of the program answers, it has arrived.
export function keep(form, entries) {
  if (ended) return;
  const kept = all();
  const isDraft = form.dataset.draft !== undefined;
  if (entries.length) kept[keyOf(form)] = { user, entries, isDraft, sent: form.dataset.sent !== undefined };
  else delete kept[keyOf(form)];
  store(kept);
}

export const kept = (form) => all()[keyOf(form)]?.entries;

export function forget(form) {
  const kept = all();
  delete kept[keyOf(form)];
  store(kept);
}

// Whoever logs out leaves nothing behind.
let ended = false;
document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-ends-session]")) return;
  ended = true;
  sessionStorage.removeItem(PLACE);
}, true);

// ---- what became of what was sent before this page ----

export const isRefused = document.querySelector("[data-refused], #form-mistakes") !== null;
const cameBack = performance.getEntriesByType("navigation")[0]?.type === "back_forward";
const before = all();
if (user) {
  const here = [...document.forms].map(keyOf);
  for (const [key, one] of Object.entries(before)) {
    // A draft went to the program as its page was left; only where that page stood in the way may it not have arrived.
    const arrived = one.sent ? !cameBack : one.isDraft && !one.isStopped && !here.includes(key);
    if (one.user !== user || arrived) delete before[key];
  }
} else {
  const stopped = Object.values(before).filter((one) => one.sent);
  for (const one of Object.values(before)) Object.assign(one, { sent: false, isStopped: true });
  tell(stopped.length ? stopped : Object.values(before));
}
store(before);

// Words, not numbers or marks of the page.
function isText(name, value) {
  return name !== "csrf_token" && typeof value === "string" && /\s|[^\x00-\x7f]/.test(value.trim());
}

// The login page says that nothing is lost; a page about a failure shows what was typed, for copying.
function tell(stopped) {
  const note = document.querySelector("[data-typed]");
  if (!note || !stopped.length) return;
  const list = note.querySelector("[data-typed-list]");
  if (list) {
    const texts = stopped.flatMap((one) => one.entries).filter(([name, value]) => isText(name, value));
    if (!texts.length) return;
    for (const [, value] of texts) list.appendChild(document.createElement("dd")).textContent = value;
  }
  note.hidden = false;
}

// ---- forms that keep no draft ----

const controls = (form) => [...form.querySelectorAll("input, textarea, select")].filter((control) =>
  control.name && !/^(hidden|file|password|submit)$/.test(control.type) && control.name !== "password");
const isBox = (control) => /^(checkbox|radio)$/.test(control.type);

function isChanged(control) {
  if (isBox(control)) return control.checked !== control.defaultChecked;
  if (control.options) return [...control.options].some((option) => option.selected !== option.defaultSelected);
  return control.value !== control.defaultValue;
}

// Untouched fields stay what the page says. What was refused stands in the page without being stored anywhere.
const typed = (form) => controls(form).filter((control) => isRefused || isChanged(control)).map((control) =>
  (isBox(control) ? [control.name, control.value, control.checked] : [control.name, control.value]));

function fillIn(form, entries) {
  let count = 0;
  for (const [name, value, checked] of entries) {
    const wanted = (control) => control.name === name && (checked === undefined || control.value === value);
    const control = controls(form).find(wanted);
    if (!control) continue;
    if (checked === undefined ? control.value === value : control.checked === checked) continue;
    if (checked === undefined) control.value = value;
    else control.checked = checked;
    count += 1;
  }
  if (count) say(form);
}

function say(form) {
  const note = document.getElementById("filled-in-again").content.firstElementChild.cloneNode(true);
  (form.querySelector(".card-body, .modal-body") ?? form).prepend(note);
  note.querySelector("[data-forgets]").addEventListener("click", () => {
    form.reset();
    forget(form);
    note.remove();
  });
}

const forms = [...document.querySelectorAll("form[data-keeps]")];
if (!isRefused) for (const form of forms) fillIn(form, kept(form) ?? []);
window.addEventListener("pagehide", () => { for (const form of forms) keep(form, typed(form)); });
