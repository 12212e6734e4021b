// What the whole page gains from a script: a trial lit up everywhere, tables sorted, sentences copied.
const ipdmaPage = (() => {
"use strict";

const MINUS = "\u2212", SVG = "http://www.w3.org/2000/svg";
const COPIED = '[data-copy], section[aria-labelledby="methods"] > p, #results-in-words p, #results-in-words li';

// --- small parts -----------------------------------------------------------------------------------------

/** An element with attributes and content; `made` in the namespace of drawings where asked. */
function element(tag, attributes = {}, content = [], space = null) {
  const made = space ? document.createElementNS(space, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...[content].flat());
  return made;
}

const drawn = (tag, attributes, content) => element(tag, attributes, content, SVG);

/** A button that does one thing. */
function button(words, act, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, words);
  made.addEventListener("click", act);
  return made;
}

/** A number with so many decimals and a true minus sign. */
function fixed(value, digits = 2) {
  const text = value.toFixed(digits);
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", MINUS);
}

/** A p-value as the report prints it. */
function worded(p) {
  if (p < 0.001) return "p < .001";
  const text = p.toFixed(3);
  return text === "1.000" ? "p > .999" : `p = ${text.slice(1)}`;
}

/** Fill a list of choices; the one that was chosen stays where it still exists. */
function fill(select, choices, chosen = select.value) {
  select.replaceChildren(...choices.map(([value, words]) => element("option", { value }, words)));
  if (choices.some(([value]) => value === chosen)) select.value = chosen;
}

/** Say something to those who do not see it. */
function say(text) {
  document.getElementById("explore-said").textContent = text;
}

/** Offer a file. */
function save(name, kind, text) {
  const link = element("a", { download: name, href: URL.createObjectURL(new Blob([text], { type: kind })) });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  say(`${name} was saved`);
}

/** Put a text on the clipboard, also where the page was opened as a file. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const box = element("textarea", { class: "explore-away" }, text), was = document.activeElement;
    document.body.append(box);
    box.select();
    document.execCommand("copy");
    box.remove();
    was?.focus();
  }
  say("Copied");
}

/** A name that fits so many letters. */
const clip = (text, letters) => (text.length > letters ? `${text.slice(0, Math.max(1, letters - 1))}\u2026` : text);

// --- one trial everywhere, tables, sentences -------------------------------------------------

/**
 * Rows and letters of figures that name a trial say so.
 * @param {Object<string, string>} studies  names by id
 */
function markTrials(studies) {
  const known = new Map(Object.entries(studies).flatMap(([study, name]) => [[name, study], [study, study]]));
  for (const head of document.querySelectorAll('th[scope="row"], svg text')) {
    const study = known.get(head.textContent.trim());
    const place = head.closest("tr") || head;
    if (study && !head.closest("[data-study]")) place.dataset.study = study;
  }
}

/** Light up a trial wherever it stands. */
function light(event) {
  const study = event.target.closest?.("[data-study]")?.dataset.study;
  for (const lit of document.querySelectorAll(".lit")) if (lit.dataset.study !== study) lit.classList.remove("lit");
  if (!study) return;
  for (const mark of document.querySelectorAll("[data-study]"))
    if (mark.dataset.study === study) mark.classList.add("lit");
}

/** What a cell is sorted by: its first number, else its words. */
function rank(cell) {
  const text = cell.textContent.trim().replaceAll(MINUS, "-");
  const number = /^[<>=*~(\[ ]*(-?\d*\.?\d+)/.exec(text.replace(/(\d),(?=\d{3}\b)/g, "$1"));
  return number ? Number(number[1]) : text.toLowerCase();
}

/** Numbers first, then words; empty cells last. */
function order(a, b) {
  if (typeof a === typeof b) return typeof a === "number" ? a - b : a.localeCompare(b, "en");
  return typeof a === "number" ? -1 : 1;
}

/** Sort rows inside their sections; a row that spans others stays where it is. */
function sortRows(body, column, turn, first) {
  const rows = first.get(body), whole = rows.length && Math.max(...rows.map((row) => row.cells.length));
  const out = [];
  let part = [];
  const flush = () => {
    const keyed = part.map((row) => [rank(row.cells[column]), row]);
    if (turn) keyed.sort((a, b) => turn * order(a[0], b[0]));
    out.push(...keyed.map(([, row]) => row));
    part = [];
  };
  for (const row of rows) {
    if (row.cells.length === whole) part.push(row);
    else { flush(); out.push(row); }
  }
  flush();
  body.append(...out);
}

/** Give a table's headings buttons, unless its rows lean on the row above. */
function makeSortable(table) {
  const heads = [...table.querySelectorAll("thead th")], bodies = [...table.tBodies];
  const leaning = bodies.some((body) => [...body.rows].some((row) => !row.cells[0].textContent.trim()));
  if (table.tHead?.rows.length !== 1 || leaning || bodies.every((body) => body.rows.length < 3)) return;
  const first = new Map(bodies.map((body) => [body, [...body.rows]]));
  heads.forEach((head, column) => {
    const words = head.textContent;
    head.replaceChildren(button(words, () => {
      const next = { "": 1, ascending: -1, descending: 0 }[head.getAttribute("aria-sort") || ""];
      for (const one of heads) one.removeAttribute("aria-sort");
      if (next) head.setAttribute("aria-sort", next > 0 ? "ascending" : "descending");
      for (const body of bodies) sortRows(body, column, next, first);
      say(next ? `Sorted by ${words}, ${next > 0 ? "ascending" : "descending"}` : "In the first order");
    }, { class: "explore-sort" }));
  });
}

/** A button behind each sentence that is meant to be pasted. */
function makeCopyable(place) {
  const text = place.textContent;
  place.append(" ", button("Copy", () => copy(text), { class: "explore-copy", "aria-label": `Copy: ${clip(text, 60)}` }));
}

/** Bring the page to life; `studies` holds the trials' names by id. */
function begin(studies) {
  document.body.append(element("p", { id: "explore-said", class: "explore-away", role: "status" }));
  markTrials(studies);
  for (const table of document.querySelectorAll("figure.table table, #explore-trials")) makeSortable(table);
  for (const place of document.querySelectorAll(COPIED)) if (place.textContent.trim()) makeCopyable(place);
  document.addEventListener("pointerover", light);
  document.addEventListener("focusin", light);
}

return { MINUS, begin, clip, copy, drawn, element, fill, fixed, save, worded };
})();
