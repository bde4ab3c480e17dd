"use strict";
/* The charts of deliveries: bars of what became of them, and how long attempts took. A click on a bar filters. */

const KINDS = [["dead", "--bar-dead"], ["open", "--bar-open"], ["done", "--bar-done"]];
let drawn = [];

function colour(name) {
  // A custom property keeps light-dark() as it is written; a colour of an element is resolved.
  const probe = document.createElement("i");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const found = getComputedStyle(probe).color;
  probe.remove();
  return found;
}

// By the tenant's clock, as everything else on the page; the day where another one begins.
function clock(zone) {
  const parts = (options) => new Intl.DateTimeFormat("en-CA", { timeZone: zone, ...options });
  const time = parts({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const precise = parts({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
  const day = parts({ year: "numeric", month: "2-digit", day: "2-digit" });
  return (_, found, __, ___, step) => {
    let before = "";
    return found.map((at) => {
      const date = new Date(at * 1000);
      const today = day.format(date);
      const said = step >= 86400 ? "" : (step < 60 ? precise : time).format(date);
      const shown = today === before ? said : [said, today].filter(Boolean).join("\n");
      before = today;
      return shown;
    });
  };
}

function axes(format, zone) {
  const line = { stroke: colour("--line"), width: 1 };
  const plain = { stroke: colour("--quiet"), grid: line, ticks: line, font: "12px system-ui, sans-serif" };
  return [{ ...plain, space: 80, values: clock(zone) }, { ...plain, size: 68, values: (_, found) => found.map(format) }];
}

function count(value) {
  return Number.isInteger(value) ? value.toLocaleString("en") : "";
}

function length(seconds) {
  if (seconds === null) return "";
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${Number(seconds.toFixed(2))} s`;
}

// Stretches in which nothing was put are gaps, not slopes.
function spaced(found) {
  const first = found.bars[0].at;
  const steps = Math.round((found.bars.at(-1).at - first) / found.bar_s);
  const rows = Array.from({ length: steps + 1 }, (_, step) => ({ at: first + step * found.bar_s, done: 0, open: 0, dead: 0, half: null, most: null, href: "" }));
  for (const bar of found.bars) rows[Math.round((bar.at - first) / found.bar_s)] = bar;
  return rows;
}

function draw(place) {
  const found = JSON.parse(place.dataset.chart);
  const rows = spaced(found);
  const times = rows.map((row) => row.at + found.bar_s / 2);
  const ends = [rows[0].at, rows.at(-1).at + found.bar_s];
  const common = {
    width: place.clientWidth,
    tzDate: (at) => uPlot.tzDate(new Date(at * 1000), found.zone),
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, y: false, points: { show: false } },
    scales: { x: { range: () => ends } },
  };
  // Each kind stands on those below it, so the tallest is drawn first.
  const heights = [];
  let below = rows.map(() => 0);
  for (const [kind] of KINDS) heights.unshift((below = below.map((sum, at) => sum + rows[at][kind])));
  const bars = uPlot.paths.bars({ size: [0.86, 48] });
  const filled = (name) => ({ fill: colour(name), width: 0, paths: bars, points: { show: false } });
  const volume = new uPlot({
    ...common, height: 190, axes: axes(count, found.zone),
    scales: { ...common.scales, y: { range: (_, low, high) => [0, Math.max(1, high * 1.05)] } },
    series: [{}, ...KINDS.map(([, name]) => filled(name)).reverse()],
  }, [times, ...heights], place.querySelector(".volume"));
  const line = (name) => ({ stroke: colour(name), width: 2, spanGaps: true, points: { size: 5, fill: colour(name) } });
  const timed = place.querySelector(".latency");
  const latency = timed && new uPlot({
    ...common, height: 130, axes: axes(length, found.zone),
    scales: { ...common.scales, y: { range: (_, low, high) => [0, high ? high * 1.1 : 1] } },
    series: [{}, line("--bar-done"), line("--bar-open")],
  }, [times, rows.map((row) => row.half), rows.map((row) => row.most)], timed);
  for (const plot of [volume, latency].filter(Boolean)) {
    const told = document.createElement("div");
    told.className = "told";
    told.hidden = true;
    plot.over.append(told);
    const at = () => rows[plot.cursor.idx ?? -1];
    plot.over.addEventListener("mousemove", () => {
      const row = at();
      told.hidden = !row;
      if (!row?.href) return (told.hidden = true);
      told.textContent = `${row.since}: ${count(row.done)} delivered, ${count(row.open)} not yet, ${count(row.dead)} dead` + (row.half === null ? "" : `; ${length(row.half)}, 95 of 100 within ${length(row.most)}`);
      told.classList.toggle("left", plot.cursor.left > plot.over.clientWidth / 2);
    });
    plot.over.addEventListener("mouseleave", () => (told.hidden = true));
    plot.over.addEventListener("click", () => {
      if (at()?.href) window.location.assign(at().href);
    });
    drawn.push(plot);
  }
}

function drawAll() {
  for (const plot of drawn) plot.destroy();
  drawn = [];
  for (const place of document.querySelectorAll("[data-chart]")) {
    if (place.clientWidth) draw(place);
  }
}
document.addEventListener("htmx:afterSettle", drawAll);
window.addEventListener("resize", drawAll);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
