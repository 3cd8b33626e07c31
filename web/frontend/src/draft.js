// A half-filled form keeps itself: <form data-draft="ADDRESS"> with a [data-draft-state] to say so.
import { forget, isRefused, keep, kept } from "./kept.js";

const PAUSE = 2000;   // milliseconds without typing
const PATIENCE = 3000;   // milliseconds that a submission waits for the draft before it

for (const form of document.querySelectorAll("form[data-draft]")) attend(form);

function attend(form) {
  const state = form.querySelector("[data-draft-state]");
  const login = form.querySelector("[data-draft-login]");
  let waiting = null;
  let saving = null;
  let hasEnded = false;

  function say(key) {
    if (key === "kept") form.querySelector("[data-draft-discards]")?.removeAttribute("hidden");
    if (state) state.textContent = state.dataset[key];
    hasEnded = key === "ended";
    if (login) login.hidden = !hasEnded;
  }

  const typed = () => [...new FormData(form)].filter(([, value]) => !(value instanceof File));
  const text = (entries) => new URLSearchParams(entries.filter(([name]) => name !== "csrf_token")).toString();
  const chosen = () => [...form.querySelectorAll("input[type=file]")].some((field) => field.files.length);
  // What was refused stands in the page, and nowhere else.
  let before = isRefused ? null : text(typed());

  function send(withFiles) {
    const data = new FormData(form);
    if (!withFiles) for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
    return fetch(form.dataset.draft, {
      method: "POST",
      body: data,
      headers: { "X-Requested-With": "draft", "X-CSRFToken": form.elements.csrf_token.value },
    });
  }

  async function save(withFiles) {
    clearTimeout(waiting);
    waiting = null;
    const now = text(typed());
    if (form.dataset.sent !== undefined || (now === before && !(withFiles && chosen()))) return;
    try {
      let answer = await send(withFiles);
      if (answer.status === 400 && await renewToken()) answer = await send(withFiles);
      if (answer.ok) before = now;
      say(answer.ok ? "kept" : { 400: "ended", 401: "ended", 403: "over", 404: "over", 409: "over" }[answer.status] ?? "lost");
    } catch {
      say("lost");
    }
  }
  function saveNow(withFiles = false) {
    saving = (saving ?? Promise.resolve()).then(() => save(withFiles)).finally(() => { saving = null; });
    return saving;
  }
  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(saveNow, PAUSE);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  if (isRefused) later();

  // A draft that is on its way must not arrive after what it was a draft of.
  form.addEventListener("submit", (event) => {
    clearTimeout(waiting);
    if (!saving || form.dataset.sent !== undefined) return;
    event.preventDefault();
    if (form.dataset.waits !== undefined) return;
    form.dataset.waits = "";
    const patience = new Promise((done) => { setTimeout(done, PATIENCE); });
    Promise.race([saving, patience]).then(() => {
      delete form.dataset.waits;
      saving = null;
      form.requestSubmit(event.submitter);
    });
  });

  // The language is changed when the draft has been kept, with the files that were chosen.
  document.addEventListener("submit", (event) => {
    const switching = event.target;
    if (!switching.matches("[data-language]") || switching.dataset.ready !== undefined) return;
    if (text(typed()) === before && !chosen()) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    saveNow(true).then(() => {
      switching.dataset.ready = "";
      switching.requestSubmit(event.submitter);
    });
  }, true);

  // Somebody has logged in again in another window: the draft goes on.
  document.addEventListener("visibilitychange", async () => {
    if (!document.hidden && hasEnded && await renewToken()) saveNow();
  });

  // Closing the page within the pause must not lose the last words.
  window.addEventListener("pagehide", () => {
    const entries = typed();
    const isSent = form.dataset.sent !== undefined;
    if (waiting && !isSent) navigator.sendBeacon(form.dataset.draft, new URLSearchParams(entries));
    keep(form, isSent || text(entries) !== before ? entries : []);
  });

  // What could not be sent becomes the draft, and the page is drawn with it.
  const found = isRefused ? null : kept(form);
  if (found) {
    const data = new URLSearchParams(found.filter(([name]) => name !== "csrf_token"));
    data.set("csrf_token", form.elements.csrf_token.value);
    const isNews = text(found) !== before;
    forget(form);
    if (isNews) {
      fetch(form.dataset.draft, { method: "POST", body: data, headers: { "X-Requested-With": "draft" } })
        .then((answer) => (answer.ok ? window.location.reload() : say("lost")), () => say("lost"));
    }
  }
}

// A page outlives its token where its reader has logged in again elsewhere. Says whether it has a good one now.
async function renewToken() {
  const answer = await fetch(document.body.dataset.tokenAt, { headers: { "X-Polls": "1" } });
  if (!answer.ok || answer.redirected) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (page.body.dataset.user !== document.body.dataset.user) return false;
  const token = page.querySelector("[name=csrf_token]").value;
  for (const field of document.querySelectorAll("[name=csrf_token]")) field.value = token;
  document.body.setAttribute("hx-headers", JSON.stringify({ "X-CSRFToken": token }));
  return true;
}
