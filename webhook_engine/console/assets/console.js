"use strict";
/* What pages do by themselves. Everything is found by attributes, so that what htmx puts in works too. */

// data-when="field=value|value": shown, and sent, only while that field has one of these values.
function choose(root) {
  for (const part of root.querySelectorAll("[data-when]")) {
    const form = part.closest("form");
    const fits = part.dataset.when.split(" ").every((condition) => {
      const [name, values] = condition.split("=");
      const field = form.elements.namedItem(name);
      return field && values.split("|").includes(field.value);
    });
    part.hidden = !fits;
    for (const field of part.querySelectorAll("input, select, textarea")) {
      field.disabled = field.closest("[data-when][hidden]") !== null || field.closest("fieldset.bare:disabled") !== null;
    }
  }
}

document.addEventListener("change", (event) => {
  if (event.target.form) choose(event.target.form);
});

// data-confirm: asks before a form is sent.
document.addEventListener("submit", (event) => {
  const question = event.submitter?.dataset.confirm || event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
  else if ("guard" in event.target.dataset) event.target.dataset.sent = "";
});

// data-guard: a form that was typed in is not left unasked.
document.addEventListener("input", (event) => {
  const form = event.target.form;
  if (form && "guard" in form.dataset) form.dataset.typed = "";
});
window.addEventListener("beforeunload", (event) => {
  for (const form of document.querySelectorAll("form[data-guard][data-typed]")) {
    if (!("sent" in form.dataset)) event.preventDefault();
  }
});

function begin(root) {
  choose(root);
  root.querySelector("[data-focus]")?.focus();
}
document.addEventListener("DOMContentLoaded", () => begin(document));
document.addEventListener("htmx:afterSettle", (event) => choose(event.target.closest("form") || event.target));
