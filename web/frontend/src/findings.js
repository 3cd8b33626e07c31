// Shows on the shapes of a process diagram what is wrong with them.
const looks = { "finding-error": "finding-flag", "finding-warning": "finding-flag finding-flag-warning" };

export function markFindings(viewer, errors, warnings) {
  const registry = viewer.get("elementRegistry");
  const overlays = viewer.get("overlays");
  overlays.remove({ type: "finding" });
  registry.forEach((element) => {
    for (const marker of Object.keys(looks)) viewer.get("canvas").removeMarker(element.id, marker);
  });
  const lesser = warnings.filter((id) => !errors.includes(id));
  for (const [marker, ids] of [["finding-warning", lesser], ["finding-error", errors]]) {
    for (const id of new Set(ids)) {
      // What lies open has its root's id: the process itself has no corner to carry a sign.
      if (!registry.get(id) || registry.get(id) === viewer.get("canvas").getRootElement()) continue;
      viewer.get("canvas").addMarker(id, marker);
      // A sign at the shape's corner, for those who do not see its colour.
      const html = `<span class="${looks[marker]}">!</span>`;
      overlays.add(id, "finding", { position: { top: -12, left: -12 }, html });
    }
  }
}
