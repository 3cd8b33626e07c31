// A form that is drawn again while somebody types keeps what was typed since it was sent.
(() => {
  "use strict";
  const typed = ".bj-form-body input:not([type=hidden]):not([type=file]), .bj-form-body textarea, .bj-form-body select";
  const valueOf = (control) => (/^(checkbox|radio)$/.test(control.type) ? control.checked : control.value);
  const present = () => new Map([...document.querySelectorAll(typed)].map((control) => [control.id, valueOf(control)]));
  let sent = new Map();
  let changed = new Map();
  let pressed = null;

  document.addEventListener("htmx:beforeRequest", (event) => {
    sent = present();
    pressed = event.detail.elt.matches?.("button[name=_add], button[name=_remove]") ? event.detail.elt : null;
  });
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (!event.target.classList.contains("bj-form-body")) return;
    changed = new Map([...present()].filter(([id, value]) => id && sent.get(id) !== value));
  });
  document.addEventListener("htmx:afterSwap", () => {
    for (const [id, value] of changed) {
      const control = document.getElementById(id);
      if (!control) continue;
      if (typeof value === "boolean") control.checked = value;
      else control.value = value;
    }
    changed = new Map();
    if (pressed) goOn(pressed.name === "_add", pressed.value);
    pressed = null;
  });

  // Whoever adds a row goes on in it; whoever removes one, in the row that took its place, or where rows are added.
  function goOn(isAdded, value) {
    const list = isAdded ? value : value.replace(/\.\d+$/, "");
    const fields = [...document.querySelectorAll(".bj-row input:not([type=hidden]), .bj-row textarea, .bj-row select")];
    const inRow = (row) => fields.find((field) => field.name.startsWith(`${row}.`));
    const rows = new Set(fields.filter((field) => field.name.startsWith(`${list}.`))
      .map((field) => Number(field.name.slice(list.length + 1).split(".")[0])));
    const field = isAdded ? inRow(`${list}.${Math.max(...rows)}`) : inRow(value) ?? inRow(`${list}.${Math.max(...rows)}`);
    (field ?? document.querySelector(`button[name=_add][value="${list}"]`))?.focus();
  }

  // A file that would be refused for its size is refused before anybody waits for it to be sent.
  document.addEventListener("change", (event) => {
    const field = event.target;
    const { largestFile, largestTogether, tooLarge, tooMuch } = field.form?.dataset ?? {};
    if (field.type !== "file" || !largestFile) return;
    const files = [...field.files];
    const large = files.filter((file) => file.size > largestFile);
    const all = [...field.form.querySelectorAll("input[type=file]")].flatMap((one) => [...one.files]);
    const isTooMuch = !large.length && all.reduce((sum, file) => sum + file.size, 0) > largestTogether;
    const left = new DataTransfer();
    for (const file of isTooMuch ? [] : files) if (!large.includes(file)) left.items.add(file);
    if (left.files.length < files.length) field.files = left.files;
    const told = isTooMuch ? tooMuch : large.length ? `${tooLarge}${large.map((file) => file.name).join(" · ")}` : "";
    tell(field, told);
  });
  function tell(field, words) {
    field.parentElement.querySelector("[data-refused-files]")?.remove();
    if (!words) return;
    const note = document.createElement("div");
    note.className = "invalid-feedback d-block";
    note.setAttribute("role", "alert");
    note.dataset.refusedFiles = "";
    note.textContent = words;
    field.after(note);
  }

  const mistakes = () => document.getElementById("form-mistakes")?.focus();
  document.addEventListener("DOMContentLoaded", mistakes);
})();
