// A form that is drawn again while somebody types keeps what was typed since it was sent.
(() => {
  "use strict";
  const typed = ".bj-form-body input:not([type=hidden]):not([type=file]), .bj-form-body textarea, .bj-form-body select";
  const valueOf = (control) => (/^(checkbox|radio)$/.test(control.type) ? control.checked : control.value);
  const present = () => new Map([...document.querySelectorAll(typed)].map((control) => [control.id, valueOf(control)]));
  let sent = new Map();
  let changed = new Map();

  document.addEventListener("htmx:beforeRequest", () => { sent = present(); });
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
  });

  const mistakes = () => document.getElementById("form-mistakes")?.focus();
  document.addEventListener("DOMContentLoaded", mistakes);
})();
