"use strict";
/* The agent desktop: a stream of pops becomes what is on the screen. Everything foreign is set as text, never as markup. */
(() => {
  const desk = document.getElementById("desktop");
  if (!desk) return;
  const find = (id) => document.getElementById(id);
  const looking = Boolean(desk.dataset.looking);
  const outcomes = JSON.parse(desk.dataset.outcomes);
  const NEWS = 30;
  const RETRY_MS = 5000;

  const pops = new Map(); // id -> what the stream said last of it
  const cards = new Map(); // id -> its element
  const windows = new Map(); // id of a window -> "opened" | "blocked"
  let greeted = false; // whether the first snapshot was read: what it holds was opened before

  const reasons = {
    "answered-elsewhere": (by) => `${by || "another agent"} answered the call`,
    transferred: (by) => `the call went to ${by || "another agent"}`,
    "call-ended": () => "the call has ended",
    disposed: () => "you have disposed of the call",
    "asked-again": () => "it was opened anew",
    "nothing-to-show": () => "there is nothing to show",
    dismissed: () => "it was closed",
    forgotten: () => "too much is open",
    restarted: () => "the service was started again",
  };

  function make(tag, words = {}, ...inside) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(words)) {
      if (value === null || value === undefined || value === false) continue;
      if (name === "text") element.textContent = value;
      else element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...inside.filter((each) => each !== null));
    return element;
  }

  // --- What is told -------------------------------------------------------------------------------

  function tell(text, tone = "") {
    const time = new Date().toTimeString().slice(0, 8);
    find("news").prepend(make("li", { class: tone }, make("time", { text: time }), make("span", { text })));
    while (find("news").children.length > NEWS) find("news").lastElementChild.remove();
    find("no-news").hidden = true;
  }

  function state(name, text) {
    const shown = find("state");
    if (shown.dataset.state === name && shown.textContent === text) return;
    shown.dataset.state = name;
    shown.textContent = text;
  }

  const callers = (call) => {
    const parts = [call.CALLERID_NAME, call.CALLERID_NUMBER].filter(Boolean).join(" · ");
    return parts || "A call";
  };

  // --- One pop ------------------------------------------------------------------------------------

  const isWeb = (url) => /^https?:\/\//i.test(url);

  function openWindow(pop) {
    if (looking || windows.get(pop.pop) === pop.url || !isWeb(pop.url)) return;
    // Not by "noopener": then nobody could tell whether it was blocked. The page's opener is taken away instead.
    const opened = window.open(pop.url, "_blank");
    if (opened) {
      try { opened.opener = null; } catch { /* it is another site's already, and knows no opener */ }
      windows.set(pop.pop, pop.url);
    } else windows.delete(pop.pop);
  }

  function windowPart(pop) {
    if (looking) return [make("p", { class: "quiet", text: "The agent’s browser opens this page:" }), make("p", { class: "code quiet address", text: pop.url })];
    const opened = windows.get(pop.pop) === pop.url;
    const page = isWeb(pop.url)
      ? make("a", { href: pop.url, target: "_blank", rel: "noopener noreferrer", class: opened ? "" : "button main", text: opened ? "Open it once more" : "Open the page" })
      : make("span", { class: "code", text: pop.url });
    page.addEventListener("click", () => { windows.set(pop.pop, pop.url); setTimeout(() => draw(pop), 0); });
    const say = opened ? "The page was opened in a window of its own." : pop.fresh ? "Your browser blocked the window: open it here, and allow windows for this site." : "A page of this call:";
    const blocked = !opened && pop.fresh;
    return [
      make("p", { class: "page" }, make("span", { class: blocked ? "warning" : "quiet", text: say }), page),
      make("p", { class: "code quiet address", title: pop.url, text: pop.url }),
    ];
  }

  const written = (cell) => (cell === null || cell === undefined ? "" : String(cell));

  function cellPart(pop, column, cell, row, index) {
    const text = written(cell);
    if (!column.link || text === "") return make("td", { text });
    const leads = make("button", { type: "button", class: "plain cell", title: column.link, "aria-label": `${text}: start ${column.link}`, text, disabled: looking });
    leads.addEventListener("click", () => ask(leads, desk.dataset.link, { pop: pop.pop, row, column: index, shown: JSON.stringify(cell) }));
    return make("td", {}, leads);
  }

  function tablePart(pop) {
    const view = pop.view;
    const good = view.outcome === "ok" || view.outcome === "no-match";
    const said = make("p", { class: "outcome" }, make("span", { class: `tag ${good ? "good" : "bad"}`, text: outcomes[view.outcome] || view.outcome }), " ", make("strong", { text: view.sentence }));
    if (!view.rows.length) return [said];
    const head = make("thead", {}, make("tr", {}, ...view.columns.map((column) => make("th", { scope: "col", text: column.label }))));
    const body = make("tbody", {}, ...view.rows.map((row, at) => make("tr", {}, ...view.columns.map((column, index) => cellPart(pop, column, row[index], at, index)))));
    const table = make("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": pop.webhook }, make("table", {}, head, body));
    const more = view.rows_left_out ? make("p", { class: "quiet", text: `${view.rows_left_out.toLocaleString("en")} more rows are not shown.` }) : null;
    return [said, table, more];
  }

  function card(pop) {
    const close = make("button", { type: "button", class: "plain close", "aria-label": `Close ${pop.webhook}`, text: "Close", hidden: looking });
    close.addEventListener("click", () => ask(close, desk.dataset.dismiss, { pop: pop.pop }));
    const heading = make("h4", { tabindex: -1 }, pop.webhook, ...(pop.parameter ? [" ", make("code", { text: pop.parameter })] : []));
    const came = pop.moved_from ? make("p", { class: "quiet", text: `Came along with the call from ${pop.moved_from}.` }) : null;
    const inside = pop.view ? tablePart(pop) : pop.url ? windowPart(pop) : [make("p", { class: "quiet waiting", text: "Being looked up…" })];
    return make("article", { class: "card pop", "data-pop": pop.pop, "aria-label": pop.webhook, "aria-busy": !pop.view && !pop.url ? "true" : null }, make("div", { class: "head" }, heading, close), came, ...inside);
  }

  function draw(pop) {
    if (!pops.has(pop.pop)) return;
    const before = cards.get(pop.pop);
    const focused = before?.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
    const now = card(pop);
    if (before) before.replaceWith(now);
    else section(pop.call).querySelector(".pops").prepend(now);
    cards.set(pop.pop, now);
    if (focused) ([...now.querySelectorAll("[aria-label]")].find((each) => each.getAttribute("aria-label") === focused) || now.querySelector("h4")).focus();
    count();
  }

  // --- Calls, each with its pops ------------------------------------------------------------------

  function section(call) {
    let found = [...find("calls").children].find((each) => each.dataset.call === call.id);
    if (!found) {
      found = make("section", { class: "call", "data-call": call.id }, make("h3", { tabindex: -1 }), make("div", { class: "pops stack" }));
      find("calls").prepend(found);
    }
    const facts = [call.CALL_QUEUE, call.CALL_DIR].filter(Boolean).join(" · ");
    found.querySelector("h3").replaceChildren(callers(call), ...(facts ? [make("span", { class: "quiet", text: facts })] : []));
    return found;
  }

  function count() {
    find("nothing").hidden = pops.size > 0;
    document.title = (pops.size ? `(${pops.size}) ` : "") + "Agent desktop · Integration Centre";
    const choice = find("call");
    if (!choice) return;
    const known = new Map([...pops.values()].map((pop) => [pop.call.id, callers(pop.call)]));
    const chosen = choice.value;
    choice.replaceChildren(choice.options[0], ...[...known].reverse().map(([id, name]) => make("option", { value: id, text: name })));
    choice.value = known.has(chosen) ? chosen : "";
    find("which-call").hidden = known.size < 2;
  }

  function drop(id) {
    const pop = pops.get(id);
    const shown = cards.get(id);
    pops.delete(id);
    cards.delete(id);
    if (shown) {
      const call = shown.closest(".call");
      const had = shown.contains(document.activeElement);
      const next = shown.nextElementSibling || shown.previousElementSibling;
      shown.remove();
      if (!call.querySelector(".pop")) call.remove();
      if (had) (next?.querySelector("h4") || find("open-heading")).focus();
    }
    count();
    return pop;
  }

  // --- What the stream says -----------------------------------------------------------------------

  const says = {
    window(pop) {
      const known = pops.has(pop.pop);
      pop.fresh = true;
      pops.set(pop.pop, pop);
      openWindow(pop);
      draw(pop);
      const blocked = !looking && windows.get(pop.pop) !== pop.url;
      if (!known || pop.moved_from) tell(`${pop.webhook}: ${blocked ? "a page to open, which your browser blocked" : looking ? "a page to open" : "a page was opened"}${moved(pop)}.`, blocked ? "warning" : "");
    },
    lookup(pop) {
      pops.set(pop.pop, pop);
      draw(pop);
      tell(`${pop.webhook} is being looked up for ${callers(pop.call)}${moved(pop)}.`);
    },
    table(pop) {
      pops.set(pop.pop, pop);
      draw(pop);
      tell(`${pop.webhook}: ${pop.view.sentence}${moved(pop)}`);
    },
    moved({ pop, webhook, to }) {
      drop(pop);
      tell(`${webhook} moved to ${to} with the call.`);
    },
    withdrawn({ pop, webhook, reason, by }) {
      drop(pop);
      tell(`${webhook} was taken away: ${(reasons[reason] || (() => reason))(by)}.`);
    },
    snapshot({ pops: open }) {
      const gone = [...pops.keys()].filter((id) => !open.some((pop) => pop.pop === id));
      for (const id of gone) drop(id);
      for (const pop of open) {
        const known = pops.get(pop.pop);
        pops.set(pop.pop, pop);
        if (greeted && !known && pop.url) {
          pop.fresh = true;
          openWindow(pop);
        }
        draw(pop);
      }
      greeted = true;
      count();
    },
  };
  const moved = (pop) => (pop.moved_from ? ` It came along with the call from ${pop.moved_from}` : "");

  let source = null;
  let last = "";
  let lost = false;
  let again = 0;

  function connect() {
    const address = new URL(desk.dataset.stream, location.href);
    if (last) address.searchParams.set("lastEventId", last);
    source = new EventSource(address);
    source.addEventListener("open", () => {
      state("on", "Live");
      if (lost) tell("The connection is back; nothing was missed.", "good");
      lost = false;
      // What comes after an id is told without a snapshot.
      if (last) greeted = true;
    });
    source.addEventListener("error", failed);
    for (const [name, act] of Object.entries(says)) {
      source.addEventListener(name, (event) => {
        last = event.lastEventId;
        act(JSON.parse(event.data));
      });
    }
  }

  async function failed() {
    if (!lost) tell("The connection was lost. What you see may be old.", "warning");
    lost = true;
    state("lost", "Connection lost, trying again…");
    if (source.readyState !== EventSource.CLOSED) return; // the browser tries again by itself
    source.close();
    if (await isSignedOut()) {
      state("out", "Signed out");
      tell("You are not signed in any more: load this page again.", "warning");
      return;
    }
    clearTimeout(again);
    again = setTimeout(connect, RETRY_MS);
  }

  async function isSignedOut() {
    try {
      const response = await fetch(location.href, { method: "HEAD", redirect: "manual" });
      return response.type === "opaqueredirect" || response.status === 403;
    } catch {
      return false;
    }
  }

  // --- What the agent does ------------------------------------------------------------------------

  async function ask(button, address, fields) {
    if (button.hasAttribute("aria-disabled")) return false;
    button.setAttribute("aria-disabled", "true");
    try {
      const response = await fetch(address, {
        method: "POST",
        redirect: "manual",
        headers: { "X-CSRF-Token": desk.dataset.csrf },
        body: new URLSearchParams({ agent: desk.dataset.agent, ...fields }),
      });
      const answer = response.headers.get("Content-Type")?.startsWith("application/json") ? await response.json() : null;
      if (!answer) tell(response.status === 403 ? "That was refused: load this page again." : "That failed; try again.", "warning");
      else if (answer.said && !response.ok) tell(answer.said, "warning");
      else if (answer.said) tell(answer.said);
      return response.ok;
    } catch {
      tell("The service cannot be reached: nothing was started.", "warning");
      return false;
    } finally {
      button.removeAttribute("aria-disabled");
    }
  }

  desk.addEventListener("submit", async (event) => {
    const form = event.target.closest("form[data-run]");
    if (!form) return;
    event.preventDefault();
    const button = form.querySelector("button");
    if (looking) return;
    const typed = form.elements.namedItem("parameter");
    const fields = { webhook: form.elements.namedItem("webhook").value, parameter: typed?.value || "", call: find("call")?.value || "" };
    if (await ask(button, desk.dataset.run, fields) && typed) typed.value = "";
  });

  connect();
})();
