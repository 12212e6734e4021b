// The mapping as a form. Its model is the template workbook's: rows of text by sheet, as Python gives and takes them.
const SIMPLE = {
  study: ["id", "country", "year", "randomised"],
  source: ["file", "sheet", "decimal", "dates", "missing", "layout", "visit.column"],
};
const RARE = { study: [], source: ["encoding", "separator", "keep_rows.column", "keep_rows.equals", "keep_rows.why"] };
const CHOICES = { dates: ["", "DMY", "MDY", "YMD"], decimal: ["", ".", ","], separator: ["", ";", ",", "tab", "|"] };
const LEVELLED = ["category", "yes_no", "arm"];
const LATER = ["missing", "scoring", "rating", "convert"];

const form = {
  model: null,
  dirty: false,
  onchange: () => {},

  show(model) {
    this.model = model;
    this.dirty = false;
    // which cards are folded is settled when the model comes, so that none moves while it is filled in
    this.unsaid = new Set(model.sheets.variables.filter((row) => this.isUnsaid(row)).map((row) => row[0]));
    this.draw();
  },

  isUnsaid(row) {
    const known = this.model.variables[row[0]];
    const verb = this.get("variables", row, "verb");
    const open = !verb || (verb === "not_collected" && this.get("variables", row, "column or text") === "?");
    return open && !(known && known.required);
  },

  draw() {
    const { model } = this;
    const box = byId("form");
    box.replaceChildren(
      this.columnList(),
      this.keyed("study"),
      this.keyed("source"),
      this.rows("arms", ["arm", "condition", "label", "randomised"]),
      ...(this.isLong() ? [this.rows("visits", ["code", "timepoint", "weeks", "ignore"])] : []),
      this.variables(),
      this.assessments(),
      this.folded("published", ["arm", "variable", "timepoint", "statistic", "value"]),
      this.folded("confirmed", ["code", "variable", "n", "why", "by", "on"]),
    );
    const others = model.sheets.other.filter((row) => !["[]", "{}", '""', "null"].includes(row[1])).length;
    if (others) box.append(make("p", { class: "soft" }, t("other_kept", { n: others })));
  },

  cell(sheet, row, header) {
    return this.model.headers[sheet].indexOf(header);
  },
  get(sheet, row, header) {
    return row[this.cell(sheet, row, header)] || "";
  },
  set(sheet, row, header, text) {
    row[this.cell(sheet, row, header)] = text;
    this.dirty = true;
    this.onchange();
  },
  value(sheet, key) {
    const row = this.model.sheets[sheet].find((entry) => entry[0] === key);
    return row ? row[1] : "";
  },
  isLong() {
    return this.value("source", "layout") === "long";
  },
  column(name) {
    return this.model.columns.find((column) => column.name === name);
  },
  // the same form again: what was open stays open, and the field that was left or entered keeps the focus
  redraw() {
    const box = byId("form");
    const details = () => [...box.querySelectorAll("details")];
    const opened = new Set(details().filter((element) => element.open).map((element) => element.dataset.fold));
    const fields = () => [...box.querySelectorAll("input, select, button")];
    const { id, dataset } = document.activeElement || {};
    const name = document.activeElement?.closest?.("[data-name]")?.dataset.name;
    this.draw();
    for (const element of details()) if (opened.has(element.dataset.fold)) element.open = true;
    if (!dataset?.header) return;
    const again = fields().find((field) => (id && field.id === id) || (!id && field.dataset.header === dataset.header && field.closest("[data-name]")?.dataset.name === name));
    if (again) again.focus({ preventScroll: true });
  },

  columnList() {
    const options = this.model.columns.map((column) => make("option", { value: column.name }, column.label || ""));
    return make("datalist", { id: "columns" }, options);
  },

  // one labelled field of a row
  field(sheet, row, header, { choices = null, list = null, label = null, redraw = false, id = null } = {}) {
    const now = this.get(sheet, row, header);
    const changed = (event) => {
      this.set(sheet, row, header, event.target.value);
      if (redraw) this.redraw();
    };
    // a word that is no choice ("to do" of a draft) stays what it is until another is chosen
    const offered = choices && (choices.some(([value]) => value === now) ? choices : [[now, now], ...choices]);
    const input = offered
      ? make("select", { id, change: changed }, offered.map(([value, text]) => option(value, text, now)))
      : make("input", { id, value: now, list, input: changed, autocomplete: "off", spellcheck: "false" });
    input.dataset.sheet = sheet;
    input.dataset.header = header;
    return make("label", {}, label || t(`h_${header}`), input);
  },

  choicesOf(name, empty = true) {
    const said = (word) => (t(`w_${word}`) === `w_${word}` ? this.model.labels[word] || word : t(`w_${word}`));
    const words = this.model.lists[name].map((word) => [word, said(word)]);
    return empty ? [["", ""], ...words] : words;
  },

  optionsFor(header) {
    if (["total", "visit.column", "keep_rows.column"].includes(header)) return { list: "columns" };
    if (header === "instrument") {
      return { choices: [["", ""], ...Object.entries(this.model.instruments).map(([name, label]) => [name, `${label} (${name})`])] };
    }
    if (["condition", "timepoint", "rating", "scoring", "convert", "layout"].includes(header)) return { choices: this.choicesOf(header) };
    if (CHOICES[header]) return { choices: CHOICES[header].map((word) => [word, word ? t(`w_${word}`, {}).replace(/^w_/, "") : t("automatic")]) };
    return {};
  },

  keyed(sheet) {
    const fields = (keys) =>
      this.model.sheets[sheet]
        .filter((row) => keys.includes(row[0]))
        .map((row) => {
          const key = row[0];
          const header = this.model.headers[sheet][1];
          return this.field(sheet, row, header, { ...this.optionsFor(key), label: t(`h_${key}`), redraw: key === "layout", id: `f-${sheet}-${key}` });
        });
    const rare = fields(RARE[sheet]);
    return make(
      "div", { class: "card", "data-part": sheet },
      make("div", { class: "head" }, make("h3", {}, t(`s_${sheet}`))),
      make("div", { class: "fields" }, fields(SIMPLE[sheet])),
      rare.length ? make("details", { "data-fold": `rare ${sheet}` }, make("summary", {}, t("more")), make("div", { class: "fields" }, rare)) : null,
    );
  },

  remover(sheet, row, name) {
    return make("button", { type: "button", "aria-label": `${t("remove")}: ${name || t(`s_${sheet}`)}`, click: () => {
      this.model.sheets[sheet].splice(this.model.sheets[sheet].indexOf(row), 1);
      this.dirty = true;
      this.onchange();
      this.redraw();
    } }, t("remove"));
  },

  adder(sheet) {
    return make("button", { type: "button", click: () => {
      const row = this.model.headers[sheet].map(() => "");
      this.model.sheets[sheet].push(row);
      this.dirty = true;
      this.redraw();
      const cards = byId("form").querySelectorAll(`[data-row="${sheet}"]`);
      cards[cards.length - 1].querySelector("input, select").focus();
    } }, t(`add_${sheet}`));
  },

  rows(sheet, headers) {
    const cards = this.model.sheets[sheet].map((row) =>
      make("div", { class: "card", "data-row": sheet, "data-name": row[0] },
        make("div", { class: "fields" }, headers.map((header) => this.field(sheet, row, header, this.optionsFor(header)))),
        make("div", { class: "acts" }, this.remover(sheet, row, row[0]))));
    return make("div", { "data-part": sheet }, make("h3", {}, t(`s_${sheet}`)), make("p", { class: "soft" }, t(`n_${sheet}`)), cards, this.adder(sheet));
  },

  folded(sheet, headers) {
    const inside = this.rows(sheet, headers);
    inside.firstChild.remove();
    return make("details", { class: "group", "data-fold": sheet }, make("summary", {}, `${t(`s_${sheet}`)} (${this.model.sheets[sheet].length})`), inside);
  },

  variables() {
    const part = make("div", { "data-part": "variables" }, make("h3", {}, t("s_variables")), make("p", { class: "soft" }, t("n_variables")));
    const blank = [];
    for (const row of this.model.sheets.variables) {
      const known = this.model.variables[row[0]];
      const card = this.variable(row, known);
      if (this.unsaid.has(row[0])) blank.push(card);
      else part.append(card);
    }
    if (blank.length) part.append(make("details", { class: "group", "data-fold": "unsaid", open: blank.length < 4 }, make("summary", {}, t("unsaid", { n: blank.length })), blank));
    return part;
  },

  variable(row, known) {
    const name = row[0];
    const verb = this.get("variables", row, "verb");
    const verbs = [["", t("not_said")], ...this.model.lists.verb.map((word) => [word, t(`w_${word}`)])];
    const target = "column or text";
    const fields = [this.field("variables", row, "verb", { choices: verbs, redraw: true, id: `f-variables-${name}` })];
    const columnVerb = ["from", "first_of", "days_between"].includes(verb);
    if (verb) fields.push(this.field("variables", row, target, { list: columnVerb ? "columns" : null, label: t(columnVerb ? `h_of_${verb}` : verb === "constant" ? "h_constant" : "h_why"), redraw: false }));
    if (verb === "from" || verb === "first_of") {
      fields.push(this.field("variables", row, "values"), this.field("variables", row, "missing"));
      if (known && known.unit) fields.push(this.field("variables", row, "unit", { choices: [["", t("as_codebook", { unit: known.unit })], ...known.units.map((unit) => [unit, unit])] }));
    }
    const title = known ? `${known.label}${known.required ? ` (${t("required")})` : ""}` : name;
    const card = make("div", { class: "card", "data-row": "variables", "data-name": name },
      make("div", { class: "head" }, make("strong", {}, title), make("code", {}, name)),
      make("div", { class: "fields" }, fields));
    const column = verb === "from" ? this.column(this.get("variables", row, target)) : null;
    if (column) card.append(this.codes(row, column, known));
    card.addEventListener("change", (event) => event.target.dataset.header === target && this.redraw());
    return card;
  },

  // the column's codes and labels, each with what it means
  codes(row, column, known) {
    const about = t("column_about", { filled: column.filled, empty: column.empty, distinct: column.distinct });
    const box = make("div", { class: "codes" }, make("p", { class: "soft" }, column.label ? `"${column.label}". ${about}` : about));
    // of a measurement only what the file labels or declares as missing is worth a look
    const shown = known && LEVELLED.includes(known.type) ? column.codes : column.codes.filter((entry) => entry.label || entry.missing);
    if (!shown.length || !known || known.type === "identifier") return box;
    const levels = known.type === "arm" ? this.model.sheets.arms.map((arm) => arm[0]).filter(Boolean) : known.levels;
    const levelled = known.type === "arm" || (LEVELLED.includes(known.type) && levels.length);
    const pairs = this.model.pairs[row[0]] || { values: {}, missing: {} };
    const lines = shown.map(({ code, label, n, missing }) => {
      const now = pairs.missing[code] !== undefined ? `?${pairs.missing[code]}` : pairs.values[code] || pairs.values[label] || "";
      const added = known.type === "arm" && !levels.includes(code) ? [["+", t("new_arm")]] : [];
      const choices = [["", missing ? t("declared_missing") : ""], ...levels.map((level) => [level, level]), ...added, ["?not_given", t("w_not_given")], ["?not_applicable", t("w_not_applicable")]];
      const select = make("select", { "aria-label": `${t("means")} ${code}`, change: (event) => this.recode(row, pairs, code, label, event.target.value) },
        choices.map(([value, text]) => option(value, text, now)));
      return make("tr", {}, make("td", {}, make("code", {}, code)), make("td", {}, label), make("td", { class: "n" }, String(n)), levelled ? make("td", {}, select) : null);
    });
    const heads = ["code", "label", "count", ...(levelled ? ["means"] : [])].map((word) => make("th", { scope: "col" }, t(word)));
    box.append(make("table", {}, make("thead", {}, make("tr", {}, heads)), make("tbody", {}, lines)));
    return box;
  },

  async recode(row, pairs, code, label, meaning) {
    delete pairs.values[code];
    if (label) delete pairs.values[label];
    delete pairs.missing[code];
    if (meaning === "+") {
      this.model.sheets.arms.push([code, "", label || code, ""]);
      pairs.values[code] = code;
    } else if (meaning.startsWith("?")) pairs.missing[code] = meaning.slice(1);
    else if (meaning) pairs.values[code] = meaning;
    this.model.pairs[row[0]] = pairs;
    const { cells } = await ask({ do: "cells", values: [pairs.values, pairs.missing] });
    this.set("variables", row, "values", cells[0]);
    this.set("variables", row, "missing", cells[1]);
    if (meaning === "+") {
      this.redraw();
      return byId("form").querySelector(`[data-row="arms"][data-name="${CSS.escape(code)}"] select`).focus();
    }
    for (const input of byId("form").querySelectorAll(`[data-row="variables"][data-name="${CSS.escape(row[0])}"] input`)) {
      if (["values", "missing"].includes(input.dataset.header)) input.value = this.get("variables", row, input.dataset.header);
    }
    return null;
  },

  assessments() {
    const first = this.isLong() ? ["instrument", "total", "items"] : ["instrument", "timepoint", "weeks", "total", "items"];
    const cards = this.model.sheets.assessments.map((row, at) =>
      make("div", { class: "card", "data-row": "assessments", "data-name": row[0] },
        make("div", { class: "fields" }, first.map((header) => this.field("assessments", row, header, this.optionsFor(header)))),
        make("details", { "data-fold": `score ${at}`, open: LATER.some((header) => this.get("assessments", row, header)) }, make("summary", {}, t("more")),
          make("div", { class: "fields" }, LATER.map((header) => this.field("assessments", row, header, this.optionsFor(header))))),
        make("div", { class: "acts" }, this.remover("assessments", row, row[0]))));
    return make("div", { "data-part": "assessments" }, make("h3", {}, t("s_assessments")), make("p", { class: "soft" }, t("n_assessments")), cards, this.adder("assessments"));
  },

  // the card that a finding is about; of a finding in study.yaml the place stands in its message
  cardOf({ variable, column, message }) {
    const cards = [...byId("form").querySelectorAll("[data-row]")];
    const place = message.match(/^(?:source\.)?(visit\.values|arms|variables|assessments|published|confirmed)(?:\.|\[)([^\s:.\]]+)/);
    if (place) {
      const sheet = place[1] === "visit.values" ? "visits" : place[1];
      const own = cards.filter((card) => card.dataset.row === sheet);
      const named = own.find((card) => card.dataset.name === place[2]) || own[Number(place[2]) - 1];
      if (named) return named;
    }
    const holds = (card) => [...card.querySelectorAll("input, select")].some((input) => column && input.value === column);
    const mine = cards.filter((card) => card.dataset.name === variable);
    return mine.find(holds) || mine[0] || cards.find(holds)
      || byId("form").querySelector(`[data-part="${CSS.escape(String(variable || "").split(/[.[]/)[0])}"]`)
      || (variable === "visit" || column ? byId("form").querySelector('[data-part="source"]') : null);
  },

  point(finding) {
    const card = this.cardOf(finding);
    if (!card) return;
    for (const old of document.querySelectorAll(".pointed")) old.classList.remove("pointed");
    for (let up = card.closest("details"); up; up = up.parentElement.closest("details")) up.open = true;
    card.classList.add("pointed");
    const input = card.querySelector("select, input, button");
    card.scrollIntoView({ block: "center" });
    if (input) input.focus({ preventScroll: true });
  },
};
