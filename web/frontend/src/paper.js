// A paper prints itself when asked to.
import "./paper.css";

document.querySelector("[data-prints]")?.addEventListener("click", () => window.print());
