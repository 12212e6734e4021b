// The page: choose, draft, mend, check, save.
const LARGEST = 50e6;
let worker = null;
let payload = null;
let asked = 0;
let busy = false;
let last = null;
let kept = null;
let files = [];
let started = false;
const waiting = new Map();

function setState(state, text, ready = null) {
  const line = byId("state");
  if (ready === null) line.removeAttribute("data-ready");
  else line.dataset.ready = String(ready);
  line.replaceChildren(text);
  line.dataset.state = state;
}

function begin() {
  worker = new Worker(URL.createObjectURL(new Blob([DATA.worker], { type: "text/javascript" })));
  worker.onmessage = ({ data }) => {
    if (data.progress) return started || setState("loading", t(`loading_${data.progress}`));
    if (data.ready) return ready();
    if (data.fatal) return broken(data.fatal);
    waiting.get(data.id)(data);
    return waiting.delete(data.id);
  };
  worker.onerror = (event) => broken(event.message);
  worker.postMessage({ payload });
}

function ready() {
  for (const element of document.querySelectorAll("#files, [data-sample], #self-test")) element.disabled = false;
  if (!started) setState("idle", t("idle"));
  started = true;
}

// the program inside died (a file that fills the memory, a damaged one): a new one takes its place
function broken(why) {
  worker.terminate();
  const stopped = [...waiting.values()];
  waiting.clear();
  if (!started) return setState("failed", t("cannot_start", { why }));
  begin();
  for (const answer of stopped) answer({ answer: { state: "failed", error: t("stopped") } });
  return null;
}

function request(body, given = {}) {
  return new Promise((done) => {
    asked += 1;
    waiting.set(asked, done);
    worker.postMessage({ id: asked, request: { language, ...body }, files: given });
  });
}

async function ask(body, given) {
  return (await request(body, given)).answer;
}

async function work(body, given) {
  if (busy) return null;
  busy = true;
  setState("working", t("working"));
  const stop = make("button", { type: "button", click: () => broken("stopped") }, t("stop"));
  byId("state").append(stop);
  const answer = await ask(body, given);
  busy = false;
  show(answer);
  return answer;
}

function show(answer) {
  if (answer.fault) {
    return setState("failed", t("fault", { kind: answer.fault }));
  }
  byId("form-error").hidden = !answer.kept;
  if (answer.kept) {
    byId("form-error").textContent = answer.error;
    setState("failed", t("form_unreadable"));
    return byId("form-error").scrollIntoView({ block: "center" });
  }
  last = answer;
  const checked = answer.state === "checked";
  const editable = Boolean(answer.form);
  byId("draft").hidden = answer.state !== "draft";
  if (answer.state === "draft") byId("reasons").replaceChildren(...reasons(answer.draft).map((line) => make("li", {}, marked(line))));
  byId("mapping").hidden = !editable;
  byId("fold").open = answer.state === "draft" || !(answer.findings || []).length;
  if (editable) form.show(answer.form);
  byId("changed").textContent = "";
  byId("result").hidden = answer.state === "draft" || !(checked || (answer.findings || []).length);
  byId("verdict").textContent = answer.verdict || "";
  byId("account").textContent = answer.rows || "";
  findings.show(answer.findings || [], editable);
  showSaves(answer);
  const ready = checked ? answer.ready : null;
  const said = { draft: t("drafted"), failed: answer.error, checked: checked ? t(answer.ready ? "ready" : "not_ready") : "" };
  return setState(answer.state, said[answer.state], ready);
}

function showSaves(answer) {
  const checked = answer.state === "checked";
  const failed = answer.state === "failed";
  byId("save-upload").closest("li").hidden = !(checked && answer.ready);
  byId("save-mapping").closest("li").hidden = failed && !answer.form;
  for (const id of ["save-shareable", "save-local"]) byId(id).closest("li").hidden = !checked;
  byId("save-later").hidden = !failed;
  byId("saved").textContent = "";
}

// the draft's own comments say what it could not know
function reasons(draft) {
  const head = draft.split("\n").slice(0, draft.split("\n").findIndex((line) => line && !line.startsWith("#")));
  const at = head.indexOf("# Look at these:");
  return at < 0 ? [] : head.slice(at + 1).filter((line) => line.startsWith("# - ")).map((line) => line.slice(4));
}

async function take(list) {
  if (!list.length || byId("files").disabled) return;
  files = [...list];
  setState("working", t("working"));
  while (busy) await new Promise((done) => setTimeout(done, 50));
  byId("chosen").hidden = false;
  byId("chosen").textContent = t("chosen", { names: files.map((file) => file.name).join(", ") });
  const given = {};
  const sizes = {};
  for (const file of files) {
    sizes[file.name] = file.size;
    if (file.size > LARGEST) continue;
    try {
      given[file.name] = new Uint8Array(await file.arrayBuffer());
    } catch {
      setState("failed", t("unreadable_file", { name: file.name }));
      return;
    }
  }
  await work({ do: "take", sizes }, given);
  offerKept();
}

// a mapping typed before a reload is offered again once a file is there
function offerKept() {
  const box = byId("kept");
  box.hidden = !kept;
  if (!kept) return;
  const use = make("button", { type: "button", click: async () => {
    box.hidden = true;
    const { rows } = kept;
    kept = null;
    await work({ do: "mend", rows });
  } }, t("kept_use"));
  const drop = make("button", { type: "button", click: () => {
    kept = null;
    box.hidden = true;
    parent.postMessage({ keep: "" }, "*");
  } }, t("kept_drop"));
  const usable = Boolean(last && last.form);
  box.replaceChildren(t(usable ? "kept_there" : "kept_choose", { name: kept.file }), " ", ...(usable ? [use, " "] : []), drop);
}

function keep() {
  byId("changed").textContent = t("changed");
  const rows = form.model.sheets;
  const file = (rows.source.find((row) => row[0] === "file") || ["", ""])[1];
  parent.postMessage({ keep: JSON.stringify({ file, rows }) }, "*");
}

async function check() {
  const answer = await work(form.dirty ? { do: "mend", rows: form.model.sheets } : { do: "check" });
  if (answer && answer.state === "checked") byId("result-title").focus();
}

async function confirm({ code, variable, count }, why, by) {
  const { cells } = await ask({ do: "cells", values: [code, variable ?? "", String(count), why, by, new Date().toISOString().slice(0, 10)] });
  form.model.sheets.confirmed.push(cells);
  form.dirty = true;
  keep();
  await check();
}

async function save(what) {
  const { answer, data } = await request({ do: "save", what, key: byId("key").value });
  if (!data) {
    byId("saved").textContent = answer.error || t("fault", { kind: answer.fault });
    return;
  }
  const link = make("a", { href: URL.createObjectURL(new Blob([data], { type: "application/octet-stream" })), download: answer.name });
  document.body.append(link);
  link.click();
  link.remove();
  const bare = what === "upload" && !byId("key").value && !last.pseudonymised;
  byId("saved").textContent = `${t("saved", { name: answer.name })}${bare ? ` ${t("own_identifiers")}` : ""}`;
}

async function selfTest() {
  const answer = await ask({ do: "self_test" });
  const found = (answer.found || []).map(([code, variable, rows]) => `${code} ${variable} (${rows.join(", ")})`).join("; ");
  byId("self-test-result").textContent = answer.right ? t("self_test_right", { found }) : t("self_test_wrong", { found: found || answer.fault });
}

// every road out, tried before the reader's eyes; the policy's own report says that it was the page that refused
function tryToSend() {
  const open = byId("leaves").hidden;
  byId("leaves").hidden = !open;
  byId("show-nothing-leaves").setAttribute("aria-expanded", String(open));
  if (!open) return;
  const address = "https://example.org/";
  const list = byId("attempts");
  list.replaceChildren();
  const told = new Set();
  const refused = ({ effectiveDirective: road, blockedURI }) => {
    if (told.has(road + blockedURI)) return;
    told.add(road + blockedURI);
    list.append(make("li", {}, t("refused", { road, address: blockedURI })));
  };
  document.addEventListener("securitypolicyviolation", refused);
  const roads = [
    () => fetch(address).catch(() => {}),
    () => new Image().setAttribute("src", address),
    () => new WebSocket("wss://example.org/").close(),
    () => document.head.append(make("link", { rel: "stylesheet", href: address })),
    () => document.head.append(make("script", { src: address })),
  ];
  for (const road of roads) {
    try {
      road();
    } catch {
      list.append(make("li", {}, t("refused", { road: "script", address })));
    }
  }
  setTimeout(() => document.removeEventListener("securitypolicyviolation", refused), 3000);
}

function speak(name) {
  language = name;
  sayEverything();
  byId("version").textContent = `ipdma ${DATA.version}`;
  if (busy || !last) return;
  if (last.state === "checked") work(form.dirty ? { do: "mend", rows: form.model.sheets } : { do: "check" });
  else show(last);
}

function listen() {
  byId("files").addEventListener("change", (event) => take(event.target.files));
  for (const button of document.querySelectorAll("[data-sample]")) {
    button.addEventListener("click", async () => {
      byId("chosen").hidden = false;
      byId("chosen").textContent = t("chosen", { names: button.textContent });
      await work({ do: "sample", what: button.dataset.sample });
    });
  }
  const drop = byId("drop");
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", () => drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    take(event.dataTransfer.files);
  });
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  byId("check").addEventListener("click", check);
  for (const what of ["upload", "mapping", "shareable", "local"]) byId(`save-${what}`).addEventListener("click", () => save(what));
  byId("self-test").addEventListener("click", selfTest);
  byId("show-nothing-leaves").addEventListener("click", tryToSend);
  form.onchange = keep;
  findings.onconfirm = confirm;
  const picker = byId("language");
  picker.append(...LANGUAGES.map((name) => option(name, DATA.words[name].name, language)));
  picker.addEventListener("change", () => speak(picker.value));
}

function open() {
  speak(language);
  listen();
  byId("notices").textContent = DATA.notices;
  setState("loading", t("loading_page"));
  if (typeof WebAssembly === "undefined" || typeof DecompressionStream === "undefined") {
    setState("failed", t(typeof WebAssembly === "undefined" ? "no_wasm" : "old_browser"));
    return;
  }
  window.addEventListener("message", ({ data, source }) => {
    if (source !== parent || !data.payload || payload) return;
    payload = data.payload;
    try {
      kept = data.kept ? JSON.parse(data.kept) : null;
    } catch {
      kept = null;
    }
    offerKept();
    begin();
  });
  parent.postMessage({ hello: true }, "*");
}

open();
