// The explorer: choose, filter, download, pool again. The page is whole without it.
(() => {
"use strict";
if (typeof document === "undefined") return; // under node only the numbers are wanted

const { MINUS, begin: beginPage, clip, copy, drawn, element, fill, fixed, save, worded } = ipdmaPage;
const FIELDS = ["contrast", "outcome", "timepoint"];
const POOLING = ["tau2", "ci", "prediction"];
const $ = (name) => document.getElementById(`explore-${name}`);

let data, question;
const left = new Map(); // question id -> the trials that the reader unticked

// --- what is chosen ----------------------------------------------------------------------------------------

/** The chosen values of the lists. */
const value = (name) => $(name).value;

/** Offer what goes with what was chosen before, then show it. */
function choose() {
  let rest = data.questions;
  for (const field of FIELDS) {
    const names = [...new Set(rest.map((one) => one[field]))];
    fill($(field), names.map((name) => [name, data[`${field}s`][name]]));
    rest = rest.filter((one) => one[field] === value(field));
  }
  const changed = question !== rest[0];
  question = rest[0];
  if (changed) begin();
  fill($("kind"), figures().map(([name, words]) => [name, words]), sameKind());
  showFigure();
  showRows();
  poolAgain();
}

/** A new question: its filters, and the run's own way of pooling. */
function begin() {
  const all = [["", "all"]];
  for (const kind of ["comparator", "instrument"])
    fill($(kind), all.concat([...new Set(question.trials.map((one) => one[kind]))].map((name) => [name, name])), "");
  for (const name of POOLING) $(name).value = question.planned[name];
  for (const body of document.querySelectorAll("#explore-trials tbody"))
    body.hidden = body.dataset.question !== question.id;
}

/** Part of a name as words: `page2` is `page 2`. */
const spaced = (part) => part.replaceAll("_", " ").replace(/^page(\d+)$/, "page $1");

/** Figures of the chosen question by name, in the page's order. */
function figures() {
  const found = [];
  for (const figure of document.querySelectorAll('figure.plot[id^="figure-"]')) {
    const name = figure.id.slice(7), [kind, ...place] = name.split(".");
    const own = place[0] in data.contrasts; // else it is of all comparisons
    if (own && !FIELDS.every((field, at) => place[at] === undefined || place[at] === question[field])) continue;
    const more = (own ? place.slice(3) : place).map((part) => data.moderators[part] || spaced(part));
    const words = [data.kinds[kind] || spaced(kind).replace(/^./, (letter) => letter.toUpperCase()), ...more].join(" ");
    found.push([name, own ? words : `${words} (all comparisons)`]);
  }
  return found;
}

/** The figure of the new question that is of the kind shown before. */
function sameKind() {
  const [kind, , , , ...more] = value("kind").split("."), names = figures().map(([name]) => name);
  const alike = names.filter((name) => name.split(".")[0] === kind);
  return alike.find((name) => name.endsWith(more.join("."))) || alike[0] || names[0];
}

/** Show a copy of the chosen figure; its marks are renamed, so that no two share a name. */
function showFigure() {
  const stage = $("stage"), original = document.getElementById(`figure-${value("kind")}`);
  $("save-figure").disabled = !original;
  if (!original) return stage.replaceChildren(element("p", {}, "No figure was drawn for this question."));
  const figure = original.cloneNode(true);
  figure.removeAttribute("id");
  for (const marked of figure.querySelectorAll("[id]")) marked.id = `explored-${marked.id}`;
  for (const part of figure.querySelectorAll("svg *"))
    for (const { name, value: was } of [...part.attributes])
      if (name.endsWith("href") || was.includes("url(#"))
        part.setAttribute(name, was.replace(/^#|url\(#/, "$&explored-"));
  const link = element("a", { href: `#${original.id}` }, "its place in the report");
  stage.replaceChildren(figure, element("p", { class: "small" }, ["A copy; see ", link, "."]));
  link.addEventListener("click", () => open(original));
  dim();
}

/** Open what a figure lies in. */
function open(figure) {
  for (let at = figure.closest("details"); at; at = at.parentElement.closest("details")) at.open = true;
}

// --- which rows are shown ------------------------------------------------------------------------------------

/** Whether the filters hide a trial. */
const hidden = (trial) => ["comparator", "instrument"].some((kind) => value(kind) && value(kind) !== trial[kind]);

/** Trials that the reader leaves out; published results until they are ticked, as in the review's own pool. */
function unticked() {
  const published = question.trials.filter((trial) => trial.published).map((trial) => trial.study);
  return left.get(question.id) || left.set(question.id, new Set(published)).get(question.id);
}
const named = (trial) => data.studies[trial.study] + (trial.published ? " (published result)" : "");
const usable = (trial) => trial.estimate !== null && trial.std_error > 0;
const pooledTrials = () => question.trials.filter((trial) => usable(trial) && !unticked().has(trial.study));
const rowsOf = () => [...document.querySelectorAll("#explore-trials tbody:not([hidden]) tr[data-study]")];

/** Hide rows by the filters, and say that hiding changes no pool. */
function showRows() {
  const byStudy = new Map(question.trials.map((trial) => [trial.study, trial]));
  for (const row of rowsOf()) {
    row.hidden = hidden(byStudy.get(row.dataset.study));
    row.querySelector("input")?.remove();
    const trial = byStudy.get(row.dataset.study), box = element("input", { type: "checkbox" });
    box.setAttribute("aria-label", `${named(trial)} takes part in my pool`);
    box.checked = usable(trial) && !unticked().has(trial.study);
    box.disabled = !usable(trial);
    box.addEventListener("change", () => {
      unticked()[box.checked ? "delete" : "add"](trial.study);
      tell();
      poolAgain();
    });
    row.cells[0].prepend(box);
  }
  tell();
  dim();
}

/** How many rows are hidden, and whether they still take part. */
function tell() {
  const away = question.trials.filter(hidden), still = pooledTrials().filter(hidden);
  const count = (n) => `${n} ${n === 1 ? "trial" : "trials"}`;
  $("hidden").textContent = away.length
    ? `${count(away.length)} hidden by the filter; nothing was pooled again. ${still.length
      ? `${still.length} of them still ${still.length === 1 ? "takes" : "take"} part in your pool below.`
      : "None of them takes part in your pool below."}`
    : "";
  $("drop").hidden = !still.length;
}

/** Hidden trials are faint in the figure that is shown. */
function dim() {
  const away = new Set(question.trials.filter(hidden).map((trial) => trial.study));
  for (const mark of $("stage").querySelectorAll("[data-study]"))
    mark.classList.toggle("faint", away.has(mark.dataset.study));
}

// --- the reader's own pool ---------------------------------------------------------------------------------

/** Pool what is ticked, and show it at once. */
function poolAgain() {
  const asked = { level: data.level, ...Object.fromEntries(POOLING.map((name) => [name, value(name)])) };
  const trials = pooledTrials();
  let found = null, fault = "";
  try {
    found = ipdmaPool.pool(trials, asked);
  } catch (error) {
    fault = `Nothing pooled: ${error.message}.`;
  }
  $("plot").replaceChildren(...(found ? [plot(trials, found)] : []));
  $("sentence").textContent = found ? sentence(found) : fault;
  $("numbers").replaceChildren(...(found ? numbers(found) : []));
  $("notes").replaceChildren(...(found ? found.notes : []).map((text) => element("li", {}, text)));
  for (const name of ["copy", "save-own"]) $(name).disabled = !found;
}

/** An effect as it is read: an odds ratio for events. */
const shown = (effect) => (question.odds ? fixed(Math.exp(effect)) : fixed(effect));
const range = (low, high) => (low === null ? "\u2014" : `[${shown(low)}, ${shown(high)}]`);
const chosen = (name) => $(name).selectedOptions[0].textContent;

/** The result as a sentence that says whose it is. */
function sentence(found) {
  const out = question.trials.filter((trial) => !pooledTrials().includes(trial));
  const effect = question.odds ? "odds ratio" : question.axis.replace(/^./, (letter) => letter.toLowerCase());
  const level = `${+(100 * data.level).toFixed(4)}%`;
  const parts = [
    `Reader\u2019s own analysis, not a result of the review: ${question.title}, ${found.k} of `
    + `${question.trials.length} trials, ${effect} ${shown(found.estimate)}, ${level} interval `
    + `${range(found.ci_low, found.ci_high)}, ${worded(found.p_value)}`,
    `I\u00b2 = ${fixed(found.i2, 1)}%, \u03c4\u00b2 = ${fixed(found.tau2, 3)}`,
  ];
  if (found.pi_low !== null) parts.push(`prediction interval ${range(found.pi_low, found.pi_high)}`);
  const without = out.length ? ` Without ${out.map(named).join(", ")}.` : "";
  return `${parts.join("; ")} (variance between trials: ${chosen("tau2")}; interval: ${chosen("ci")}).${without}`;
}

/** The numbers one by one; the unrounded value of each is in `data-value`. */
function numbers(found) {
  const scale = question.odds ? " (log odds ratio)" : "";
  const listed = [
    [`Estimate${scale}`, "estimate", 3], ["Standard error", "std_error", 3], ["Lower limit", "ci_low", 3],
    ["Upper limit", "ci_high", 3], ["p", "p_value", "p"], ["Prediction, lower", "pi_low", 3],
    ["Prediction, upper", "pi_high", 3], ["\u03c4\u00b2", "tau2", 4], ["\u03c4\u00b2, lower", "tau2_ci_low", 4],
    ["\u03c4\u00b2, upper", "tau2_ci_high", 4], ["I\u00b2, %", "i2", 1], ["I\u00b2 from Q, %", "i2_q", 1],
    ["Q", "q", 2], ["df of Q", "q_df", 0], ["p of Q", "q_p", "p"], ["Trials", "k", 0],
  ];
  return listed.map(([words, field, digits]) => {
    const at = found[field] ?? null;
    const text = at === null ? "\u2014" : digits === "p" ? worded(at).replace(/^p (= )?/, "") : fixed(at, digits);
    return element("div", {}, [element("dt", {}, words), element("dd", { "data-field": field, "data-value": at ?? "" }, text)]);
  });
}

// --- its plot ----------------------------------------------------------------------------------------------

/** Round marks of a scale. */
function ticks(low, high) {
  const rough = (high - low) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((one) => one * power >= rough) * power, found = [];
  for (let at = Math.ceil(low / step); at * step <= high; at++) found.push(at * step);
  return found;
}

/** Odds ratios that lie inside a range of log odds ratios. */
function oddsTicks(low, high) {
  const all = [0.01, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 100].map(Math.log).filter((at) => at >= low && at <= high);
  return all.length > 1 ? all : [low, high];
}

/** Trials, diamond and prediction interval; a wild trial does not set the scale, its interval ends in an arrow. */
function plot(trials, found) {
  const width = Math.max(280, Math.min(720, $("plot").clientWidth || 640)), line = 22;
  const half = (trial) => ipdmaPool.quantile(null, data.level) * trial.std_error;
  const bounds = trials.map((one) => [one.ci_low ?? one.estimate - half(one), one.ci_high ?? one.estimate + half(one)]);
  const core = [...trials.map((one) => one.estimate), found.ci_low, found.ci_high, found.pi_low ?? 0, found.pi_high ?? 0, 0];
  const reach = Math.max(...core) - Math.min(...core) || 1;
  const low = Math.max(Math.min(...core, ...bounds.flat()), Math.min(...core) - 0.5 * reach) - 0.03 * reach;
  const high = Math.min(Math.max(...core, ...bounds.flat()), Math.max(...core) + 0.5 * reach) + 0.03 * reach;
  const from = Math.round(width * 0.36), to = width - 12;
  const x = (at) => from + (to - from) * (Math.min(high, Math.max(low, at)) - low) / (high - low);
  const height = (trials.length + 3) * line + 40, parts = [];
  const text = (at, y, words, more = {}) => parts.push(drawn("text", { x: at, y: y + 4, ...more }, words));
  const stroke = (d, more = {}) => parts.push(drawn("path", { d, class: "line", ...more }));
  stroke(`M${x(0)} 4V${height - 36}`, { class: "null" });
  trials.forEach((trial, i) => {
    const y = line * (i + 0.7), [a, b] = bounds[i], size = 2 + Math.sqrt(found.weights[i]) * 0.7;
    const group = drawn("g", { "data-study": trial.study });
    const whole = (d) => group.append(drawn("path", { d, class: "line" }));
    whole(`M${x(a)} ${y}H${x(b)}`);
    if (a < low) whole(`M${x(a) + 5} ${y - 4}l-5 4l5 4`);
    if (b > high) whole(`M${x(b) - 5} ${y - 4}l5 4l-5 4`);
    group.append(drawn("rect", { x: x(trial.estimate) - size, y: y - size, width: 2 * size, height: 2 * size }));
    group.append(drawn("text", { x: 4, y: y + 4 }, clip(data.studies[trial.study], from / 7.2)));
    parts.push(group);
  });
  const at = line * (trials.length + 0.9);
  text(4, at, `Own pool (k = ${found.k})`, { "font-weight": "bold" });
  const points = [[found.ci_low, 0], [found.estimate, -7], [found.ci_high, 0], [found.estimate, 7]];
  parts.push(drawn("polygon", { class: "diamond", points: points.map(([e, up]) => `${x(e)},${at + up}`).join(" ") }));
  if (found.pi_low !== null) {
    text(4, at + line, "Prediction interval");
    stroke(`M${x(found.pi_low)} ${at + line}H${x(found.pi_high)}m0 -5v10M${x(found.pi_low)} ${at + line - 5}v10`);
  }
  stroke(`M${from} ${height - 36}H${to}`);
  const marks = question.odds ? oddsTicks(low, high) : ticks(low, high);
  for (const mark of marks) {
    stroke(`M${x(mark)} ${height - 36}v4`);
    const words = question.odds ? String(+Math.exp(mark).toPrecision(2)) : String(+mark.toPrecision(3)).replace("-", MINUS);
    text(x(mark), height - 24, words, { "text-anchor": "middle" });
  }
  text(4, height - 24, "Reader\u2019s own", { class: "own" });
  const sides = question.directions, size = { "font-size": width < 480 ? 10 : 12 };
  text(from, height - 9, sides[0].slice(0, 60), { ...size, "text-anchor": "start" });
  if (width > 560) text(to, height - 9, sides[1].slice(0, 60), { ...size, "text-anchor": "end" });
  const alt = `Reader\u2019s own forest plot: ${found.k} trials, pooled ${shown(found.estimate)} ${range(found.ci_low, found.ci_high)}`;
  return drawn("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": alt }, parts);
}

// --- downloads ---------------------------------------------------------------------------------------------

const INK = "text{font-family:'Ipdma Sans','DejaVu Sans',sans-serif}";
const OWN = ".line{stroke:#1a1a1a;fill:none}.null{stroke:#767676;stroke-dasharray:3 3}.diamond{fill:#0072b2}"
  + "text{font-size:12px}.own{font-weight:bold;fill:#b34700}";

/** A drawing as a file of its own, with the page's letters. */
function saveDrawing(svg, name, look) {
  const alone = svg.cloneNode(true), faces = [];
  for (const sheet of document.styleSheets)
    for (const rule of sheet.cssRules) if (rule instanceof CSSFontFaceRule) faces.push(rule.cssText);
  for (const lit of alone.querySelectorAll(".lit, .faint")) lit.classList.remove("lit", "faint");
  alone.removeAttribute("aria-hidden");
  alone.prepend(drawn("style", {}, faces.join("") + INK + look));
  save(`${name}.svg`, "image/svg+xml", new XMLSerializer().serializeToString(alone));
}

/** The trials of the question as CSV: what the run recorded, and whether the reader pooled it. */
function saveData() {
  const names = ["study", "published", "comparator", "instrument", "n_active", "n_reference", "estimate", "std_error", "ci_low", "ci_high"];
  const inside = new Set(pooledTrials().map((trial) => trial.study));
  const cell = (at) => (/[",\n]/.test(String(at ?? "")) ? `"${String(at).replaceAll('"', '""')}"` : String(at ?? ""));
  const rows = question.trials.map((trial) => [...names.map((name) => trial[name]), inside.has(trial.study) ? "yes" : "no"]);
  const text = [[...names, "in_readers_own_pool"], ...rows].map((row) => row.map(cell).join(",")).join("\n");
  save(`${question.id}.csv`, "text/csv", `${text}\n`);
}

// --- begin -------------------------------------------------------------------------------------------------

function start() {
  const held = $("data");
  if (!held) return;
  data = JSON.parse(held.textContent);
  for (const part of document.querySelectorAll(".explore-live")) part.hidden = false;
  beginPage(data.studies);
  for (const name of FIELDS) $(name).addEventListener("change", choose);
  $("kind").addEventListener("change", showFigure);
  for (const name of ["comparator", "instrument"]) $(name).addEventListener("change", showRows);
  for (const name of POOLING) $(name).addEventListener("change", poolAgain);
  $("drop").addEventListener("click", () => {
    for (const trial of question.trials.filter(hidden)) unticked().add(trial.study);
    showRows();
    poolAgain();
  });
  $("all").addEventListener("click", () => { left.delete(question.id); showRows(); poolAgain(); });
  $("copy").addEventListener("click", () => copy($("sentence").textContent));
  $("save-own").addEventListener("click", () => saveDrawing($("plot").firstElementChild, `readers_own.${question.id}`, OWN));
  $("save-figure").addEventListener("click", () => saveDrawing($("stage").querySelector("svg"), value("kind"), ""));
  $("save-data").addEventListener("click", saveData);
  $("stage").closest("details").addEventListener("toggle", choose, { once: true }); // widths are known once it is open
  choose();
}

if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
else start();
})();
