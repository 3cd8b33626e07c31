// What every page needs: Tabler's look, htmx, the keyboard, drafts that keep themselves.
import "@tabler/core/dist/css/tabler.min.css";
import "../../static/forms.css";
import "./app.css";
import "./registers.css";
import "@tabler/core/dist/js/tabler.min.js";
import htmx from "htmx.org";
import "./keyboard.js";
import { kept } from "./kept.js";
import "./draft.js";
import "../../static/forms.js";

window.htmx = htmx;

// A list that only asks for news says so: that does not keep a session alive.
document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.matches?.("[data-polls]")) event.detail.headers["X-Polls"] = "1";
});

// Nobody looks at a hidden tab: let it ask again when it is looked at.
document.addEventListener("htmx:beforeRequest", (event) => {
  const polls = event.detail.elt.matches?.("[data-polls]") && event.detail.requestConfig.verb === "get";
  if (polls && document.hidden) event.preventDefault();
});
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const part of document.querySelectorAll("[data-polls]")) htmx.trigger(part, "looked-at");
});

// Somebody pressed, and the program did not answer: say so once.
function tellOfNoAnswer(event) {
  const polls = event.detail.elt.matches?.("[data-polls]") && event.detail.requestConfig.verb === "get";
  const answered = event.type === "htmx:responseError" && ![502, 503, 504].includes(event.detail.xhr.status);
  const messages = document.getElementById("messages");
  if (polls || answered || messages.querySelector("[data-no-answer]")) return;
  const told = document.getElementById("no-answer").content.firstElementChild.cloneNode(true);
  told.dataset.noAnswer = "";
  messages.append(told);
}
document.addEventListener("htmx:sendError", tellOfNoAnswer);
document.addEventListener("htmx:responseError", tellOfNoAnswer);

// The count in the tab's title follows the list.
function countInTitle() {
  const source = document.querySelector("[data-title-count]");
  if (!source) return;
  const title = document.title.replace(/^\(\d+\+?\) /, "");
  const count = source.dataset.titleCount;
  document.title = count && count !== "0" ? `(${count}) ${title}` : title;
}
document.addEventListener("htmx:afterSettle", countInTitle);
countInTitle();

// A form is sent once, however often its button is pressed; one that waits for long says so.
const A_WHILE = 600;   // milliseconds
const buttonsOf = (form) => [...form.querySelectorAll("button[type=submit]"),
  ...(form.id ? document.querySelectorAll(`button[form="${form.id}"]`) : [])];
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent !== undefined) { event.preventDefault(); return; }
  form.dataset.sent = "";
  // Disabled only after the browser has read the form: a disabled button's own value would not be sent.
  setTimeout(() => { for (const button of buttonsOf(form)) button.disabled = true; });
  setTimeout(() => { if (form.dataset.sent !== undefined) event.submitter?.classList.add("btn-loading"); }, A_WHILE);
});
window.addEventListener("pageshow", (event) => {          // back from the next page, as this one was left
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) {
    if (!kept(form) && form.matches("[data-draft], [data-keeps]")) { window.location.reload(); return; }      // it has arrived
    delete form.dataset.sent;
    for (const button of buttonsOf(form)) { button.disabled = false; button.classList.remove("btn-loading"); }
  }
});

// A choice that is a filter applies at once; without scripts the button beside it does.
document.addEventListener("change", (event) => {
  if (event.target.matches("[data-applies]")) event.target.form.requestSubmit();
});
document.addEventListener("submit", (event) => {          // an address says only what was chosen
  if (event.target.method !== "get") return;
  for (const field of event.target.querySelectorAll("input, select")) {
    if (field.name && !field.value) field.disabled = true;
  }
});

// A refused form says so where the eye is.
const wrong = document.querySelector("[data-refused]");
if (wrong) {
  wrong.focus();
  const first = document.querySelector("form .is-invalid");
  if (first) first.scrollIntoView({ block: "center" });
}

// A message about what went well goes away by itself.
function fadeMessages() {
  for (const message of document.querySelectorAll(".toast.show[data-fades]:not([data-fading])")) {
    message.dataset.fading = "";
    setTimeout(() => message.remove(), 5000);
  }
}
document.addEventListener("htmx:afterSettle", fadeMessages);
fadeMessages();
document.addEventListener("click", (event) => {
  event.target.closest("[data-closes-message]")?.closest(".toast")?.remove();
});
