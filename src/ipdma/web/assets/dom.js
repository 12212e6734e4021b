// Words and elements.
const DATA = JSON.parse(document.getElementById("data").textContent);
const LANGUAGES = Object.keys(DATA.words);
let language = LANGUAGES.find((name) => navigator.language.toLowerCase().startsWith(name)) || "en";

const byId = (id) => document.getElementById(id);

function t(key, parts = {}) {
  const text = DATA.words[language][key] ?? DATA.words.en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => parts[name] ?? whole);
}

// an element with its attributes; functions are listeners, text becomes text and never markup
function make(tag, attributes = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (name in element && typeof value === "boolean") element[name] = value;
    else if (value !== null && value !== undefined) element.setAttribute(name, value);
  }
  element.append(...inside.flat().filter((part) => part !== null && part !== undefined));
  return element;
}

// words between backticks are code
function marked(text) {
  return String(text).split("`").map((part, at) => (at % 2 ? make("code", {}, part) : part));
}

function sayEverything() {
  document.documentElement.lang = language;
  document.title = t("title");
  for (const element of document.querySelectorAll("[data-t]")) element.textContent = t(element.dataset.t);
}

function option(value, text, chosen) {
  return make("option", { value, selected: value === chosen }, text);
}
