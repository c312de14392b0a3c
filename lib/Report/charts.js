// Charts: bytes between devices, memory, words, time, and the plans not chosen.

// Bytes from each device (a row) to each (a column), with the numbers.
function drawTraffic(plan, width, choose) {
  const { per_group: perGroup, bytes } = plan.traffic;
  const count = bytes.length, peak = most(bytes.map(most));
  const name = (group) => (perGroup === 1 ? String(group) : `${group * perGroup}–${Math.min(plan.devices, (group + 1) * perGroup) - 1}`);
  const left = 26 + textWidth(name(count - 1)), top = perGroup === 1 ? 40 : 34 + textWidth(name(count - 1));
  const cell = Math.max(25, Math.min(count <= 4 ? 84 : 48, Math.floor((width - left - 8) / count)));
  const drawing = picture(left + count * cell + 8, top + count * cell + 8, "bytes between devices");
  drawing.append(svg("text", { x: left, y: 12, text: "to device" }));
  drawing.append(svg("text", { x: 10, y: top + 30, "text-anchor": "middle", transform: `rotate(-90 10 ${top + 30})`, text: "from device" }));
  for (let i = 0; i < count; i++) {
    const middle = left + (i + 0.5) * cell;
    drawing.append(perGroup === 1
      ? svg("text", { x: middle, y: top - 6, "text-anchor": "middle", class: "muted", text: name(i) })
      : svg("text", { x: middle + 4, y: top - 5, class: "muted", transform: `rotate(-90 ${middle + 4} ${top - 5})`, text: name(i) }));
    drawing.append(svg("text", { x: left - 5, y: top + (i + 0.5) * cell + 4, "text-anchor": "end", class: "muted", text: name(i) }));
  }
  for (let from = 0; from < count; from++)
    for (let to = 0; to < count; to++) {
      const value = bytes[from][to], x = left + to * cell, y = top + from * cell;
      const heat = value ? 0.12 + 0.68 * (Math.log1p(value) / Math.log1p(peak)) ** 2 : 0;
      const fill = value ? `rgba(var(--hot), ${heat.toFixed(3)})` : from === to ? "var(--line)" : "var(--page)";
      const rect = svg("rect", { class: "cell", x, y, width: cell, height: cell, fill, "data-bytes": value });
      hint(rect, value ? `device ${name(from)} to ${name(to)}: ${value.toLocaleString("en")} bytes` : "nothing");
      if (perGroup === 1) rect.addEventListener("click", () => choose(value ? to : from));
      drawing.append(rect);
      if (value) drawing.append(svg("text", { class: cell < 30 ? "label small" : "label", x: x + cell / 2, y: y + cell / 2 + 3, "text-anchor": "middle", text: shortBytes(value) }));
    }
  return drawing;
}

// --------------------------------------------------------------- memory

const tensorWords = (plan, name) => ({ output: "output or its sums", result: "result", scratch: "windows and other scratch" }[name] || name);

function memoryColour(index) {
  return `hsl(${205 + index * 62} calc(var(--block-sat) - 8%) calc(var(--block-light) - 4%))`;
}

// Peak memory of each device, by what it holds, against what it may use.
function drawMemory(plan, width) {
  const kinds = [...new Set(plan.memory.flatMap((parts) => Object.keys(parts).filter((kind) => parts[kind])))];
  const limitOf = (device) => Math.min(plan.memory_budget ?? Infinity, plan.device_memory[device] ?? Infinity);
  let rows = deviceRows(plan.devices, (device) => [plan.memory[device], limitOf(device)]);
  const groups = rows.length;
  // Of many that differ the fullest.
  const peakOf = (row) => plan.predicted.peak_bytes[row.device];
  if (groups > 48) rows = [...rows].sort((a, b) => peakOf(b) - peakOf(a)).slice(0, 48);
  const peak = most(plan.predicted.peak_bytes);
  const nearLimits = rows.map((row) => limitOf(row.device)).filter((limit) => limit < peak * 3);
  const end = Math.max(peak, ...nearLimits) * 1.02 || 1;
  const left = 12 + most(rows.map((row) => textWidth(row.name))), right = 66, bottom = 30;
  const row = rows.length > 24 ? 14 : 22;
  const place = (value) => left + (value / end) * (width - left - right);
  const height = rows.length * row + bottom;
  const drawing = picture(width, height, "memory of each device");
  let lastTick = -Infinity;
  for (const tick of ticks(end, 2)) {
    drawing.append(svg("line", { class: "tick", x1: place(tick), x2: place(tick), y1: 0, y2: height - bottom }));
    if (place(tick) - lastTick < 62) continue;
    drawing.append(svg("text", { class: "muted", x: place(tick), y: height - bottom + 14, "text-anchor": "middle", text: bytesText(tick) }));
    lastTick = place(tick);
  }
  rows.forEach(({ device, name }, index) => {
    const y = index * row + 2, high = row - 5;
    let used = 0;
    for (const kind of kinds) {
      const bytes = plan.memory[device][kind] || 0;
      if (!bytes) continue;
      const bar = svg("rect", { class: "bar", x: place(used), y, width: Math.max(0.5, place(used + bytes) - place(used)), height: high, fill: memoryColour(kinds.indexOf(kind)) });
      drawing.append(hint(bar, `device ${device}: ${tensorWords(plan, kind)}, ${bytes.toLocaleString("en")} bytes`));
      used += bytes;
    }
    drawing.append(svg("text", { x: left - 6, y: y + high / 2 + 4, "text-anchor": "end", class: "muted", text: name }));
    drawing.append(svg("text", { x: place(used) + 5, y: y + high / 2 + 4, text: bytesText(used) }));
    const limit = limitOf(device);
    if (limit <= end) drawing.append(hint(svg("line", { class: "limit", x1: place(limit), x2: place(limit), y1: y - 2, y2: y + high + 2 }), `limit ${bytesText(limit)}`));
  });
  const entries = kinds.map((kind, index) => [memoryColour(index), tensorWords(plan, kind)]);
  const limits = [...new Set(rows.map((row) => limitOf(row.device)))].filter(Number.isFinite);
  let note = "There is no limit.";
  if (limits.length === 1) note = `Each device may use ${bytesText(limits[0])}; the fullest uses ${rounded((100 * peak) / limits[0])} % of it.`;
  if (limits.length > 1) note = `Devices may use ${bytesText(Math.min(...limits))} to ${bytesText(most(limits))}.`;
  if (nearLimits.length) note += " The dashed line is the limit.";
  if (groups > rows.length) note += ` The fullest ${rows.length} are drawn.`;
  return { drawing, entries, note };
}

// ---------------------------------------------------------------- words

// Words of the busiest device; of what is streamed the bytes of all.
function drawWords(plan, width) {
  const bars = plan.streamed
    ? [["lower bound", Math.ceil(plan.bound_bytes)], ["each once", plan.bound.once_bytes], ["this plan", plan.bytes]]
    : [["lower bound", plan.bound_words], ["best box", plan.best_box_words], ["this plan", plan.words]];
  const left = 84, row = 34, peak = Math.max(1, most(bars.map((bar) => bar[1])));
  const room = width - left - 12 - textWidth(most(bars.map((bar) => bar[1])).toLocaleString("en"), 13);
  const drawing = picture(width, bars.length * row + 4, plan.streamed ? "bytes in all" : "words of the busiest device");
  bars.forEach(([name, words], index) => {
    const y = index * row + 4, wide = (words / peak) * room;
    drawing.append(svg("text", { x: left - 8, y: y + 16, "text-anchor": "end", text: name }));
    drawing.append(svg("rect", { class: "word-bar", x: left, y, width: Math.max(1, wide), height: row - 10, fill: ["var(--load)", "var(--store)", "var(--compute)"][index] }));
    drawing.append(svg("text", { x: left + wide + 6, y: y + 16, style: "font-size:13px", text: words.toLocaleString("en") }));
  });
  return drawing;
}

// ----------------------------------------------------------------- time

// When each device has its part of a phase of `seconds`: [begin, end] within it. Where
// the devices that take part share processors they take turns, in their order, each on
// the processor that is free first.
function takeTurns(plan, seconds, own) {
  const busy = own.filter((one) => one > 0).length;
  if (!plan.processors || busy <= plan.processors) return own.map((one) => [0, one]);
  const free = Array(plan.processors).fill(0);
  const spans = own.map((one) => {
    if (!(one > 0)) return [0, 0];
    const first = free.indexOf(Math.min(...free)), begin = free[first];
    free[first] += one;
    return [begin, free[first]];
  });
  const scale = seconds / most(free);
  return spans.map(([begin, end]) => [begin * scale, end * scale]);
}

// Devices without a shard do nothing.
const isIdle = (plan, device) => !plan.macs[device];

// Per device the spans [phase, begin, end] that the model predicts.
function predictedSpans(plan) {
  const cost = plan.cost, { predicted } = plan;
  const under = Math.min(cost.hidden, cost.exchange);
  const computes = cost.load + cost.exchange - under;
  const reduces = computes + cost.compute - (cost.hidden - under);
  const stores = reduces + cost.reduce;
  const devices = Array.from({ length: plan.devices }, (_, device) => device);
  const those = (takePart, seconds) => devices.map((device) => (!isIdle(plan, device) && takePart(device) ? seconds : 0));
  const travels = (device) => predicted.bytes_received[device] + predicted.bytes_sent[device] > 0;
  const phases = [
    ["load", 0, cost.load, those(() => true, cost.load)],
    ["exchange", cost.load, cost.exchange, those(travels, cost.exchange)],
    ["compute", computes, cost.compute, devices.map((device) => (isIdle(plan, device) ? 0 : cost.compute_per_device[device] ?? cost.compute))],
    ["reduce", reduces, cost.reduce, those(travels, cost.reduce)],
    ["store", stores, cost.store, those(() => true, cost.store)],
  ].map(([phase, begin, seconds, own]) => [phase, begin, phase === "load" || phase === "store" ? own.map((one) => [0, one]) : takeTurns(plan, seconds, own)]);
  return devices.map((device) => phases
    .map(([phase, begin, spans]) => [phase, begin + spans[device][0], begin + spans[device][1]])
    .filter(([, begin, end]) => end > begin));
}

const mostRows = 32;

function drawTimeline(plan, spans, end, width, label) {
  const rows = deviceRows(plan.devices, (device) => spans[device]).slice(0, mostRows);
  const left = 12 + most(rows.map((row) => textWidth(row.name))), right = 24, bottom = 30, row = rows.length > 16 ? 15 : 21;
  const height = rows.length * row + bottom;
  const place = (seconds) => left + (end ? seconds / end : 0) * (width - left - right);
  const drawing = picture(width, height, label);
  let lastTick = -Infinity;
  for (const tick of ticks(end)) {
    drawing.append(svg("line", { class: "tick", x1: place(tick), x2: place(tick), y1: 0, y2: height - bottom }));
    if (place(tick) - lastTick < 52) continue;
    drawing.append(svg("text", { class: "muted", x: place(tick), y: height - bottom + 14, "text-anchor": "middle", text: secondsText(tick) }));
    lastTick = place(tick);
  }
  rows.forEach(({ device, name }, index) => {
    const y = index * row + 2, high = row - 5;
    drawing.append(svg("text", { x: left - 6, y: y + high / 2 + 4, "text-anchor": "end", class: "muted", text: name }));
    if (isIdle(plan, device)) drawing.append(svg("text", { class: "muted idle", x: left + 4, y: y + high / 2 + 4, text: "idle" }));
    for (const [phase, begin, stop] of spans[device] || []) {
      // What goes on beside the computation is drawn as a thin line below it.
      const beside = phase !== "compute" && (spans[device] || []).some(([other, from, to]) => other === "compute" && begin < to && stop > from);
      const bar = svg("rect", { class: "span", x: place(begin), y: beside ? y + high - 3 : y, width: Math.max(0.75, place(stop) - place(begin)), height: beside ? 3 : high, fill: `var(--${phase})` });
      drawing.append(hint(bar, `${name}: ${phaseWords[phase]}, ${secondsText(stop - begin)}`));
    }
  });
  return drawing;
}

// --------------------------------------------------------- plans not chosen

function othersTable(plan) {
  const body = element("tbody");
  const add = (cells, attributes) => {
    const tr = element("tr", attributes);
    cells.forEach(([text, kind]) => tr.append(element("td", kind ? { class: kind } : {}, typeof text === "string" ? document.createTextNode(text) : text)));
    body.append(tr);
  };
  const code = (text) => element("code", { text });
  const chosen = plan.cost.total;
  add([[code(plan.split || "whole")], [secondsText(chosen), "n"], ["", "n"], [plan.words.toLocaleString("en"), "n"],
    [bytesText(most(plan.predicted.bytes_received)), "n"], [bytesText(most(plan.predicted.bytes_sent)), "n"],
    [bytesText(most(plan.predicted.peak_bytes)), "n"], ["chosen", "reason"]], { class: "chosen" });
  for (const other of plan.others) {
    const known = other.seconds !== null;
    const more = known && chosen ? ((other.seconds / chosen - 1) * 100) : 0;
    const slower = known ? `${more >= 0 ? "+" : "−"}${rounded(Math.abs(more))} %` : "";
    let reason = other.reason;
    if (!reason) {
      const worse = [];
      if (more > 0.05) worse.push(`${slower.slice(1)} slower`);
      if (other.words > plan.words) worse.push("more words");
      if (other.peak > most(plan.predicted.peak_bytes)) worse.push("more memory");
      reason = worse.join(", ") || "as good; later in the order of plans";
    }
    add([[code(other.split)], [known ? secondsText(other.seconds) : "–", "n"], [slower, "n"],
      [known ? other.words.toLocaleString("en") : "–", "n"], [known ? bytesText(other.received) : "–", "n"],
      [known ? bytesText(other.sent) : "–", "n"], [known ? bytesText(other.peak) : "–", "n"], [reason, "reason"]],
      { class: known ? "other" : "other rejected" });
  }
  const head = element("tr");
  for (const [text, kind] of [["split"], ["time", "n"], ["against", "n"], ["words", "n"], ["received", "n"], ["sent", "n"], ["peak", "n"], ["why not"]])
    head.append(element("th", { ...(kind ? { class: kind } : {}), text }));
  return element("div", { class: "scroll" }, element("table", {}, element("thead", {}, head), body));
}
