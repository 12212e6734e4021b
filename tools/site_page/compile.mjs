// node compile.mjs PYODIDE_FOLDER compile_all.py FOLDER: compiles own.zip and the standard library inside Pyodide
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [pyodideFolder, script, folder] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(resolve(pyodideFolder, "pyodide.mjs")));
const pyodide = await loadPyodide({ indexURL: resolve(pyodideFolder) + "/" });
const archives = { own: join(folder, "own.zip"), stdlib: join(pyodideFolder, "python_stdlib.zip") };
for (const [name, path] of Object.entries(archives)) pyodide.FS.writeFile(`/tmp/${name}.zip`, readFileSync(path));
pyodide.runPython(readFileSync(script, "utf8"));
for (const name of Object.keys(archives)) {
  writeFileSync(join(folder, `${name}.compiled.zip`), pyodide.FS.readFile(`/tmp/${name}.compiled.zip`));
}
