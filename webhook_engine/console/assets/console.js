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
    for (const field of [part, ...part.querySelectorAll("input, select, textarea")].filter((each) => each.matches("input, select, textarea, button"))) {
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
  // What was wrong with a field when it was sent is said no longer than that.
  if (event.target.getAttribute("aria-invalid") === "true") {
    event.target.removeAttribute("aria-invalid");
    document.getElementById(event.target.id + "-error")?.remove();
  }
  const form = event.target.form;
  if (form && "guard" in form.dataset) form.dataset.typed = "";
});
window.addEventListener("beforeunload", (event) => {
  for (const form of document.querySelectorAll("form[data-guard][data-typed]")) {
    if (!("sent" in form.dataset)) event.preventDefault();
  }
});

// data-add: one more line of a list; data-remove takes one away.
document.addEventListener("click", async (event) => {
  const add = event.target.closest("[data-add]");
  if (add) return addLine(add);
  const remove = event.target.closest("[data-remove]");
  if (remove) {
    const form = remove.closest("form");
    const line = remove.closest("[data-line]");
    const next = line.nextElementSibling || line.previousElementSibling;
    const button = line.parentElement.parentElement.querySelector("[data-add]");
    line.remove();
    (next?.querySelector("input") || button)?.focus();
    form.dataset.typed = "";
    form.dispatchEvent(new Event("lines"));
  }
});

async function addLine(button) {
  const lines = document.getElementById("lines-" + button.dataset.list);
  const numbers = [...lines.querySelectorAll("[name]")].map((field) => Number(field.name.match(/\[(\d+)\]/)?.[1] || 0));
  const index = Math.max(0, ...numbers) + 1;
  const response = await fetch(`${button.dataset.add}?list=${button.dataset.list}&index=${index}`, { headers: { "HX-Request": "true" } });
  if (!response.ok) return;
  lines.insertAdjacentHTML("beforeend", await response.text());
  choose(lines.closest("form"));
  lines.lastElementChild.querySelector("input").focus();
}

// data-template: offers variables while one is typed, and takes those that are chosen from the list.
const offers = document.createElement("ul");
offers.className = "offers";
offers.id = "offers";
offers.hidden = true;
offers.setAttribute("role", "listbox");
offers.setAttribute("aria-label", "Variables");
let typing = null;

function offer(field) {
  const before = field.value.slice(0, field.selectionStart);
  const begun = before.match(/(\{\{\s*|[{<])([A-Z_a-z]*)$/);
  if (!begun) return close();
  const start = begun[2].toUpperCase();
  const fitting = [...document.querySelectorAll("#variables [data-token]")].filter((each) => each.textContent.includes(start)).slice(0, 12);
  if (!fitting.length) return close();
  typing = { field, opens: begun[1], length: begun[2].length };
  offers.replaceChildren(...fitting.map((each, index) => {
    const item = document.createElement("li");
    item.id = "offer-" + index;
    item.setAttribute("role", "option");
    item.setAttribute("aria-selected", String(index === 0));
    item.dataset.name = each.textContent;
    const name = document.createElement("code");
    name.textContent = each.textContent;
    const meaning = document.createElement("span");
    meaning.textContent = each.parentElement.querySelector(".quiet").textContent;
    item.append(name, meaning);
    return item;
  }));
  document.body.append(offers);
  const box = field.getBoundingClientRect();
  offers.style.left = `${box.left + window.scrollX}px`;
  offers.style.top = `${box.bottom + window.scrollY + 4}px`;
  offers.hidden = false;
  field.setAttribute("aria-activedescendant", "offer-0");
  field.setAttribute("aria-controls", "offers");
}

function close() {
  typing?.field.removeAttribute("aria-activedescendant");
  offers.hidden = true;
  typing = null;
}

function take(name) {
  const { field, opens, length } = typing;
  const at = field.selectionStart;
  const closes = { "<": ">", "{": "}" }[opens] || " }}";
  const after = field.value.slice(at);
  const ending = after.startsWith(closes.trim()) ? "" : closes;
  field.setRangeText(name + ending, at - length, at, "end");
  close();
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

let last = null;
document.addEventListener("focusin", (event) => {
  if (event.target.matches?.("[data-template]")) last = event.target;
});
document.addEventListener("focusout", () => setTimeout(() => {
  if (typing && document.activeElement !== typing.field) close();
}, 150));
document.addEventListener("input", (event) => {
  if (event.target.matches("[data-template]")) offer(event.target);
});
document.addEventListener("keydown", (event) => {
  if (!typing || event.target !== typing.field) return;
  const items = [...offers.children];
  const at = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const next = items[(at + step + items.length) % items.length];
    items[at].setAttribute("aria-selected", "false");
    next.setAttribute("aria-selected", "true");
    next.scrollIntoView({ block: "nearest" });
    typing.field.setAttribute("aria-activedescendant", next.id);
  } else if (event.key === "Enter" || event.key === "Tab") take(items[at].dataset.name);
  else if (event.key === "Escape") close();
  else return;
  event.preventDefault();
});
document.addEventListener("mousedown", (event) => {
  const item = event.target.closest("#offers li");
  if (item) {
    event.preventDefault();
    take(item.dataset.name);
  }
});
document.addEventListener("click", (event) => {
  const token = event.target.closest("[data-token]");
  const field = last?.isConnected ? last : document.querySelector("[data-template]");
  if (!token || !field) return;
  field.setRangeText(token.dataset.token, field.selectionStart, field.selectionEnd, "end");
  field.focus();
  field.dispatchEvent(new Event("input", { bubbles: true }));
  close();
});

// data-columns: a table whose columns are ordered by arrows or by dragging; the form's fields go with them.
function moveColumn(table, from, to) {
  for (const row of table.rows) {
    const cells = [...row.cells];
    if (to >= 0 && to < cells.length) cells[to][from < to ? "after" : "before"](cells[from]);
  }
  table.closest("form").dataset.typed = "";
  const heads = [...table.tHead.rows[0].cells];
  const at = Math.min(Math.max(to, 0), heads.length - 1);
  const said = document.getElementById("moved");
  if (said) said.textContent = `${heads[at].querySelector("code").textContent} is column ${at + 1} of ${heads.length} now.`;
}
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move]");
  if (!button) return;
  const head = button.closest("th");
  moveColumn(head.closest("table"), head.cellIndex, head.cellIndex + Number(button.dataset.move));
  button.focus();
});
let held = null;
// Within a field a mouse that moves marks text, and drags nothing.
document.addEventListener("pointerdown", (event) => {
  const head = event.target.closest?.("[data-columns] th");
  if (head) head.draggable = !event.target.closest("input, select, button");
});
document.addEventListener("dragstart", (event) => {
  held = event.target.closest?.("[data-columns] th");
  held?.classList.add("held");
});
document.addEventListener("dragover", (event) => {
  if (held && event.target.closest("[data-columns] th")) event.preventDefault();
});
document.addEventListener("drop", (event) => {
  const head = event.target.closest("[data-columns] th");
  if (!held || !head || head.closest("table") !== held.closest("table")) return;
  event.preventDefault();
  moveColumn(head.closest("table"), held.cellIndex, head.cellIndex);
});
document.addEventListener("dragend", () => {
  held?.classList.remove("held");
  held = null;
});

// data-copy: puts what a field holds into the clipboard, and says so.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const field = document.getElementById(button.dataset.copy);
  field.select();
  try {
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
  } catch {
    field.focus(); // selected, so that the keyboard copies it
  }
});

function begin(root) {
  choose(root);
  root.querySelector("[data-focus]")?.focus();
}
document.addEventListener("DOMContentLoaded", () => begin(document));
document.addEventListener("htmx:afterSettle", (event) => choose(event.target.closest("form") || event.target));
