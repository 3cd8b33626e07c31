// Builds web/static/build from src/ and the locked packages; run by `npm run build`.
import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const place = join(here, "..", "static", "build");
const output = `${place}-${process.pid}`;           // takes its place when all is built: a running program never misses a file
const packages = createRequire(import.meta.url);

process.on("exit", () => rmSync(output, { recursive: true, force: true }));
await mkdir(output, { recursive: true });

// Fields for expressions put a <style> into the page, which the page's policy forbids; the same package can hand its
// rules to the browser directly, but does so for shadow trees only.
const rulesWithoutStyleElement = {
  name: "rules-without-style-element",
  setup: (bundle) => bundle.onLoad({ filter: /style-mod[\\/]src[\\/]style-mod\.js$/ }, async ({ path }) => {
    const before = await readFile(path, "utf8");
    const contents = before.replace("if (!root.head && root.adoptedStyleSheets", "if (root.adoptedStyleSheets");
    if (contents === before) throw new Error("style-mod has changed: see whether it still needs this");
    return { contents, loader: "js" };
  }),
};

// One entry per kind of page: "app" is on every page, the others where a diagram, a table or a paper is shown,
// or where one of them is changed.
const bundling = {
  absWorkingDir: here,
  outdir: output,
  bundle: true,
  minify: true,
  format: "iife",
  target: ["es2020"],
  legalComments: "linked",
  loader: { ".woff": "file", ".woff2": "file", ".ttf": "empty", ".eot": "empty", ".svg": "dataurl" },
  logLevel: "warning",
  plugins: [rulesWithoutStyleElement],
};
await build({
  ...bundling,
  entryPoints: {
    app: "src/app.js",
    diagram: "src/diagram.js",
    decision: "src/decision.js",
    paper: "src/paper.js",
    "modeller-process": "src/modeller/process.js",
    "modeller-decision": "src/modeller/decision.js",
  },
});

// The editor of forms and the viewer inside it must share one preact: the older one that the editor asks for.
const editor = createRequire(packages.resolve("@bpmn-io/form-js-editor"));
await build({
  ...bundling,
  entryPoints: { "modeller-form": "src/modeller/form.js" },
  alias: { preact: dirname(editor.resolve("preact/package.json")) },
});

// Only the icons that the templates name go into the sprite.
const names = JSON.parse(await readFile(join(here, "icons.json"), "utf8"));
const symbols = await Promise.all(names.map(async (name) => {
  const source = await readFile(packages.resolve(`@tabler/icons/outline/${name}.svg`), "utf8");
  const shapes = source.slice(source.indexOf(">", source.indexOf("<svg")) + 1, source.lastIndexOf("</svg>"));
  return `<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" ` +
    `stroke-linecap="round" stroke-linejoin="round">${shapes.replace(/\s+/g, " ").trim()}</symbol>`;
}));
await writeFile(join(output, "icons.svg"), `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>\n`);

// Pages ask for "app.js?v=…", so that browsers may keep a file for ever and still see a new one at once.
const fingerprints = {};
for (const name of (await readdir(output)).sort()) {
  const content = await readFile(join(output, name));
  fingerprints[name] = createHash("sha256").update(content).digest("hex").slice(0, 12);
}
await writeFile(join(output, "fingerprints.json"), JSON.stringify(fingerprints, null, 1) + "\n");

const former = `${output}-former`;
await rename(place, former).catch((error) => { if (error.code !== "ENOENT") throw error; });
await rename(output, place);
await rm(former, { recursive: true, force: true });
console.log(`Built ${Object.keys(fingerprints).length} files, ${names.length} icons.`);
