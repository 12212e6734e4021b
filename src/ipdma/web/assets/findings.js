// The findings: what must be fixed first, notes and confirmed ones folded.
const GRADES = ["must_fix", "please_confirm", "note"];

const findings = {
  onconfirm: () => {},

  show(list, editable) {
    const box = byId("findings");
    box.replaceChildren();
    for (const grade of GRADES) {
      const open = list.filter((finding) => finding.grade === grade && !finding.confirmed);
      if (open.length) box.append(this.group(t(`g_${grade}`, { n: open.length }), open, editable, grade === "note"));
    }
    const confirmed = list.filter((finding) => finding.confirmed);
    if (confirmed.length) box.append(this.group(t("g_confirmed", { n: confirmed.length }), confirmed, editable, true));
  },

  group(title, list, editable, folded) {
    const cards = list.map((finding) => this.card(finding, editable));
    return folded
      ? make("details", { class: "group" }, make("summary", {}, title), cards)
      : make("div", { class: "group" }, make("h3", {}, title), cards);
  },

  card(finding, editable) {
    const { code, grade, variable, column, message, remedy, confirmed } = finding;
    const acts = make("div", { class: "acts" });
    const card = make("div", { class: "finding", "data-code": code, "data-grade": grade, "data-variable": variable ?? "", "data-column": column ?? "" },
      make("p", {}, make("span", { class: "grade" }, t(`grade_${grade}`)), " ", make("span", { class: "soft" }, code)),
      make("p", {}, marked(message)),
      make("p", { class: "soft" }, make("strong", {}, `${t("remedy")}: `), marked(remedy)),
      confirmed ? make("p", {}, t("confirmed_by", { by: confirmed.by || "", why: confirmed.why || "" })) : null,
      acts);
    if (editable && form.cardOf(finding)) {
      acts.append(make("button", { type: "button", click: () => form.point(finding) }, t("go_to_field")));
    }
    if (editable && grade === "please_confirm" && !confirmed) {
      const button = make("button", { type: "button", "aria-expanded": "false", click: () => {
        button.setAttribute("aria-expanded", "true");
        button.disabled = true;
        card.append(this.asking(finding));
        card.querySelector("input").focus();
      } }, t("confirm"));
      acts.append(button);
    }
    return card;
  },

  asking(finding) {
    const why = make("input", { required: true, autocomplete: "off" });
    const by = make("input", { autocomplete: "off", value: this.lastBy || "" });
    const say = () => {
      if (!why.value.trim()) return why.focus();
      this.lastBy = by.value;
      return this.onconfirm(finding, why.value.trim(), by.value.trim());
    };
    const enter = (event) => event.key === "Enter" && say();
    why.addEventListener("keydown", enter);
    by.addEventListener("keydown", enter);
    return make("div", { class: "confirming" },
      make("label", {}, t("why"), why), make("label", {}, t("by"), by), make("button", { type: "button", click: say }, t("confirm_now")));
  },
};
