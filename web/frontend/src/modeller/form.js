// Changes a form.
import "@bpmn-io/form-js-viewer/dist/assets/form-js.css";
import "@bpmn-io/form-js-editor/dist/assets/form-js-editor.css";
import "@bpmn-io/form-js-editor/dist/assets/dragula.css";
import "@bpmn-io/form-js-editor/dist/assets/properties-panel.css";
import { FormEditor } from "@bpmn-io/form-js-editor";
import { markBy, model, speaksChinese } from "./page.js";
import { speakChinese } from "./chinese.js";

model(async ({ canvas, panel }) => {
  const editor = new FormEditor({ container: canvas, propertiesPanel: { parent: panel } });
  const marked = markBy("data-id");
  const registry = () => editor.get("formFieldRegistry");
  let before = {};
  canvas.modeler = editor;
  if (speaksChinese) speakChinese([canvas, panel], { isForm: true });
  return {
    async load(text) {
      before = JSON.parse(text);
      await editor.importSchema(structuredClone(before));
    },
    // The number of the format is the file's own: the engine says which fields it knows.
    async text() {
      const schema = editor.getSchema();
      if ("schemaVersion" in before) schema.schemaVersion = before.schemaVersion;
      return `${JSON.stringify(schema, null, 2)}\n`;
    },
    changed: (then) => editor.on("commandStack.changed", (event) => { if (event.trigger !== "clear") then(); }),
    // The checks name a field by its key or its id.
    mark(errors, warnings) {
      marked(errors.flatMap((id) => fields(id)), warnings.flatMap((id) => fields(id)));
    },
    show(id) {
      const [found] = fields(id);
      if (!found) return;
      editor.get("selection").set(registry().get(found));
      canvas.querySelector(`[data-id="${CSS.escape(found)}"]`)?.scrollIntoView({ block: "center" });
    },
    undo: () => editor.get("commandStack").undo(),
    redo: () => editor.get("commandStack").redo(),
  };

  function fields(id) {
    return registry().getAll().filter((field) => [field.id, field.key, field.path].includes(id)).map((field) => field.id);
  }
});
