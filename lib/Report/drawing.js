// Drawing: elements, numbers, colours, axes. What is drawn is SVG at the size in
// which it is shown, so that text has the same size everywhere.

function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes))
    if (key === "text") made.textContent = value;
    else made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

function svg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes))
    if (key === "text") made.textContent = value;
    else made.setAttribute(key, value);
  made.append(...children.filter((child) => child !== null));
  return made;
}

const picture = (width, height, label) =>
  svg("svg", { width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });

function hint(node, text) {
  node.append(svg("title", { text }));
  return node;
}

// ------------------------------------------------------------------ numbers

function rounded(number) {
  if (number === 0) return "0";
  if (Math.abs(number) >= 1000) return Math.round(number).toLocaleString("en");
  return String(Number(number.toPrecision(3)));
}

function scaled(number, units, base) {
  let unit = 0;
  while (Math.abs(number) >= base * 0.9995 && unit + 1 < units.length) {
    number /= base;
    unit++;
  }
  return [number, units[unit]];
}

function bytesText(bytes) {
  const [number, unit] = scaled(bytes, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"], 1024);
  return `${rounded(number)} ${unit}`;
}

// At most four characters.
function shortBytes(bytes) {
  const [number, unit] = scaled(bytes, ["", "K", "M", "G", "T", "P"], 1024);
  return (number < 9.95 && unit ? number.toFixed(1).replace(/\.0$/, "") : Math.round(number)) + unit;
}

function countText(count) {
  if (count < 1e6) return rounded(count);
  const [number, unit] = scaled(count, ["", "thousand", "million", "billion", "trillion"], 1000);
  return `${rounded(number)} ${unit}`;
}

function secondsText(seconds) {
  if (seconds === 0) return "0 s";
  const units = [[1, "s"], [1e-3, "ms"], [1e-6, "µs"], [1e-9, "ns"]];
  const [size, unit] = units.find(([size]) => seconds >= size) || units[3];
  return `${rounded(seconds / size)} ${unit}`;
}

const plural = (count, word) => `${rounded(count)} ${word}${count === 1 ? "" : "s"}`;
const most = (list) => list.reduce((a, b) => (b > a ? b : a), 0);
const total = (list) => list.reduce((a, b) => a + b, 0);

// Numbers 0, step, 2 step, ... up to `end`, some four of them.
function ticks(end, base = 10) {
  if (!(end > 0)) return [0];
  const rough = end / 4;
  let step = base ** Math.floor(Math.log(rough) / Math.log(base));
  for (const factor of base === 10 ? [1, 2, 5, 10] : [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024])
    if (step * factor >= rough * 0.999) {
      step *= factor;
      break;
    }
  const found = [];
  for (let at = 0; at <= end * 1.0001; at += step) found.push(at);
  return found;
}

// Rows for devices 0, 1, ...: one each, but of more than 16 those that follow each
// other and have the same `kind` share one.
function deviceRows(devices, kind) {
  const rows = [];
  let before = null;
  for (let device = 0; device < devices; device++) {
    const now = JSON.stringify(kind(device));
    if (devices > 16 && rows.length && now === before) rows[rows.length - 1].last = device;
    else rows.push({ device, last: device });
    before = now;
  }
  for (const row of rows) row.name = row.last > row.device ? `devices ${row.device}–${row.last}` : `device ${row.device}`;
  return rows;
}

// ------------------------------------------------------------------ colours

// Neighbours differ: the hues of few devices are far apart, those of many turn by
// the golden angle.
function deviceColour(device, devices) {
  const hue = devices <= 12 ? (device * 360) / devices + 205 : device * 137.508 + 205;
  return `hsl(${(hue % 360).toFixed(1)} var(--block-sat) var(--block-light))`;
}

const phases = ["load", "exchange", "compute", "reduce", "store"];
const phaseWords = {
  load: "load from the host",
  exchange: "exchange between devices",
  compute: "compute",
  reduce: "reduce partial sums",
  store: "store to the host",
};

function legend(entries) {
  const list = element("div", { class: "legend" });
  for (const [colour, text] of entries)
    list.append(element("span", {}, element("i", { style: `background:${colour}` }), text));
  return list;
}

// ------------------------------------------------------------------ axes

// Of the ends of stripes those whose labels do not touch; the first and the last
// come first.
function labelled(positions, place, gap) {
  const last = positions[positions.length - 1];
  const kept = [];
  for (const position of [positions[0], last, ...positions.slice(1, -1)])
    if (kept.every((other) => Math.abs(place(other) - place(position)) >= gap)) kept.push(position);
  return kept;
}

// A width for text of the page's font.
const textWidth = (text, size = 11) => String(text).length * size * 0.6;

// The axes of a rectangle at (x, y): ends of stripes, and what the dim is.
function frameAxes(group, x, y, width, height, across, down) {
  group.append(svg("rect", { class: "frame", x, y, width, height }));
  const right = (position) => x + ((position - across.begin) / across.size) * width;
  const below = (position) => y + ((position - down.begin) / down.size) * height;
  const widest = textWidth(across.ends[across.ends.length - 1]) + 6;
  for (const position of labelled(across.ends, right, widest))
    group.append(svg("text", { x: right(position), y: y + height + 13, "text-anchor": "middle", class: "muted", text: position }));
  for (const position of labelled(down.ends, below, 12))
    group.append(svg("text", { x: x - 5, y: below(position) + 4, "text-anchor": "end", class: "muted", text: position }));
}
