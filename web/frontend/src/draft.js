// A half-filled form keeps itself: <form data-draft="ADDRESS"> with a [data-draft-state] to say so.
const PAUSE = 2000;   // milliseconds without typing

for (const form of document.querySelectorAll("form[data-draft]")) {
  const state = document.querySelector("[data-draft-state]");
  const say = (key) => { if (state) state.textContent = state.dataset[key]; };
  let waiting = null;
  let before = null;

  const typed = () => {
    const data = new FormData(form);
    for (const [name, value] of [...data]) if (value instanceof File) data.delete(name);
    return data;
  };
  const text = (data) => new URLSearchParams(data).toString();
  before = text(typed());

  async function keep() {
    waiting = null;
    const data = typed();
    if (form.dataset.sent !== undefined || text(data) === before) return;
    try {
      const answer = await fetch(form.dataset.draft, {
        method: "POST",
        body: data,
        headers: { "X-Requested-With": "draft", "X-CSRFToken": form.elements.csrf_token.value },
      });
      if (!answer.ok) throw new Error(String(answer.status));
      before = text(data);
      say("kept");
    } catch {
      say("lost");
    }
  }
  const later = () => {
    clearTimeout(waiting);
    waiting = setTimeout(keep, PAUSE);
  };
  form.addEventListener("input", later);
  form.addEventListener("change", later);
  // Closing the page within the pause must not lose the last words.
  window.addEventListener("pagehide", () => {
    if (waiting && form.dataset.sent === undefined) navigator.sendBeacon(form.dataset.draft, typed());
  });
}
