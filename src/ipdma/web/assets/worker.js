// Python in a worker: unpacks what the page holds, starts Pyodide without asking anyone for anything, answers requests.
"use strict";
let serve = null;
let toPython = null;

async function unpack(payload) {
  const stream = new Blob([payload]).stream().pipeThrough(new DecompressionStream("gzip"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const parts = {};
  let at = 4 + length;
  for (const [name, size] of JSON.parse(new TextDecoder().decode(bytes.subarray(4, at)))) {
    parts[name] = bytes.subarray(at, at + size);
    at += size;
  }
  return parts;
}

function answerFrom(parts) {
  // Pyodide fetches its files by name; they are all here
  self.fetch = async (address) => {
    const name = String(address.url || address).split("/").pop();
    if (!(name in parts)) throw new TypeError(`the page does not hold ${name}`);
    const type = name.endsWith(".wasm") ? "application/wasm" : "application/octet-stream";
    return new Response(parts[name], { headers: { "content-type": type } });
  };
  // it takes a worker that can import scripts for one of the old kind
  self.importScripts = () => { throw new TypeError("not here"); };
}

function load(parts, name) {
  return import(URL.createObjectURL(new Blob([parts[name]], { type: "text/javascript" })));
}

async function start(payload) {
  const parts = await unpack(payload);
  answerFrom(parts);
  self.postMessage({ progress: "python" });
  const [{ loadPyodide }, { default: createPyodideModule }] = await Promise.all([
    load(parts, "pyodide.mjs"),
    load(parts, "pyodide.asm.mjs"),
  ]);
  const pyodide = await loadPyodide({
    indexURL: "https://page.invalid/",
    createPyodideModule,
    lockFileContents: new TextDecoder().decode(parts["pyodide-lock.json"]),
  });
  self.postMessage({ progress: "checker" });
  pyodide.FS.writeFile("/own.zip", parts["own.zip"]);
  pyodide.runPython("import sys; sys.path.insert(0, '/own.zip')");
  serve = pyodide.pyimport("ipdma.web.serve").answer;
  toPython = pyodide.toPy;
  self.postMessage({ ready: true });
  // what the first file needs is loaded while the person looks for it
  setTimeout(() => pyodide.runPython("from ipdma.codebook import load_codebook; load_codebook()"), 0);
}

function run({ id, request, files }) {
  const given = toPython(files || {});
  const made = serve(JSON.stringify(request), given);
  given.destroy();
  const [answer, data] = made.toJs();
  made.destroy();
  self.postMessage({ id, answer: JSON.parse(answer), data });
}

self.onmessage = async ({ data }) => {
  try {
    if (data.payload) await start(data.payload);
    else run(data);
  } catch (error) {
    self.postMessage({ id: data.id, fatal: String((error && error.name) || error) });
  }
};
