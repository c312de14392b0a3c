// Plans whose tensors stay on the host: what each device computes turn by turn, and
// what comes and goes meanwhile.

// Per shard its turn: how many shards its device computes before it.
function turnNumbers(plan) {
  const before = new Map();
  return plan.placement.map((device) => {
    const turn = before.get(device) || 0;
    before.set(device, turn + 1);
    return turn;
  });
}

// The turns of a device: its shard, the windows it uses, what was loaded for it,
// what stayed, and what leaves after it.
function turnsOf(plan, device) {
  const turns = [], waiting = new Map(), holds = new Map();
  for (const step of plan.streams[device].steps) {
    const place = `${step.tensor}|${step.slot}`;
    if (step.kind === "load") {
      waiting.set(place, step);
      holds.set(place, step.window);
    } else if (step.kind === "compute") {
      const turn = { shard: step.shard, kept: step.kept, slots: step.slots, span: step.span, windows: [], loads: [], stores: [] };
      plan.operands.forEach((operand, t) => {
        const used = `${operand.name}|${step.slots[t]}`;
        turn.windows.push(holds.get(used));
        if (waiting.has(used)) turn.loads.push(waiting.get(used));
        waiting.delete(used);
      });
      turns.push(turn);
    } else {
      turns[turns.length - 1].stores.push(step);
    }
  }
  return turns;
}

const rangesText = (box) => box.map(([begin, end]) => `${begin}–${end}`).join(" × ");

// -------------------------------------------------------------------- turns

const mostTurns = 400;

function turnsTable(plan, turns, turn, choose) {
  const body = element("tbody");
  const cell = (lines) => element("td", {}, ...lines.map((line) => element("div", { text: line })));
  turns.slice(0, mostTurns).forEach((one, number) => {
    const loads = one.loads.filter((load) => load.bytes).map((load) => `${load.tensor === "output" ? "initial output" : load.tensor}: ${bytesText(load.bytes)}`);
    const stores = one.stores.map((store) => bytesText(store.bytes));
    const row = element("tr", { class: number === turn ? "turn chosen" : "turn" }, element("td", { class: "n", text: number }), element("td", { class: "n", text: one.shard }),
      cell(loads), cell(one.kept.map((name) => (name === "output" ? "sums" : name))), element("td", { class: "n", text: stores.join(", ") }));
    row.addEventListener("click", () => choose(number));
    body.append(row);
  });
  const head = element("tr");
  for (const [text, kind] of [["turn", "n"], ["shard", "n"], ["loaded for it"], ["stays"], ["returned", "n"]]) head.append(element("th", { ...(kind ? { class: kind } : {}), text }));
  const more = turns.length > mostTurns ? element("p", { class: "note", text: `and ${plural(turns.length - mostTurns, "more turn")}` }) : null;
  return element("div", { class: "scroll" }, element("table", { class: "turns" }, element("thead", {}, head), body), more);
}

// A tensor on the host: what the device uses in this turn, what arrives for the
// next, and what leaves of the last.
function drawHostTensor(plan, tensor, width, device, turns, turn) {
  const operand = plan.operands[tensor];
  const isOutput = tensor === plan.operands.length - 1;
  const windows = [...new Map(turns.map((one) => [String(one.windows[tensor]), one.windows[tensor]])).values()];
  const { down, across, third, hidden } = drawnDims(plan, tensor, windows);
  const reach = (dim) => [Math.min(0, ...windows.map((box) => box[dim][0])), most([operand.shape[dim], ...windows.map((box) => box[dim][1])])];
  const view = (dim) => ({ begin: reach(dim)[0], size: reach(dim)[1] - reach(dim)[0] });
  const views = { across: view(across), down: view(down) };
  const margin = { left: 12 + textWidth(operand.shape[down]) + 16, right: 12, top: 6, bottom: 34 };
  const isImage = (dim) => dimWords(plan, tensor, dim).startsWith("image");
  const size = panelSizes(width, 1, views.across.size, views.down.size, margin, isImage(down) && isImage(across));
  const drawing = picture(size.width + margin.left + margin.right, size.height + margin.top + margin.bottom, `${operand.name} on the host`);
  const right = (position) => margin.left + ((position - views.across.begin) / views.across.size) * size.width;
  const below = (position) => (down === across ? margin.top : margin.top + ((position - views.down.begin) / views.down.size) * size.height);
  const place = (box) => ({
    x: right(box[across][0]), y: below(box[down][0]),
    width: Math.max(1.5, right(box[across][1]) - right(box[across][0])),
    height: down === across ? size.height : Math.max(1.5, below(box[down][1]) - below(box[down][0])),
  });
  const whole = operand.shape.map((extent) => [0, extent]);
  drawing.append(svg("rect", { class: "many", ...place(whole) }));
  if (windows.length <= 600) for (const box of windows) drawing.append(svg("rect", { class: "part", ...place(box) }));
  const now = turns[turn].windows[tensor];
  drawing.append(hint(svg("rect", { class: "now", ...place(now), fill: deviceColour(device, plan.devices) }), `turn ${turn}: ${rangesText(now)}`));
  const next = turns[turn + 1];
  for (const load of (next ? next.loads : []).filter((one) => one.tensor === operand.name && one.box))
    drawing.append(svg("rect", { class: "received", ...place(load.box) }));
  if (isOutput && turn > 0) for (const store of turns[turn - 1].stores) drawing.append(svg("rect", { class: "sent", ...place(store.box) }));
  drawing.append(svg("rect", { class: "window", ...place(now) }));
  const ends = (dim, range) => [...new Set([range.begin, ...endsOf(windows.map((box) => box[dim])), range.begin + range.size])].sort((a, b) => a - b);
  frameAxes(drawing, margin.left, margin.top, size.width, size.height, { ...views.across, ends: ends(across, views.across) }, { ...views.down, ends: down === across ? [] : ends(down, views.down) });
  drawing.append(svg("text", { x: margin.left + size.width / 2, y: margin.top + size.height + 28, "text-anchor": "middle", text: dimWords(plan, tensor, across) }));
  const centre = margin.top + size.height / 2;
  if (down !== across) drawing.append(svg("text", { x: 12, y: centre, "text-anchor": "middle", transform: `rotate(-90 12 ${centre})`, text: dimWords(plan, tensor, down) }));
  const others = [third, ...hidden].filter((dim) => dim >= 0);
  const notes = [`Slot ${turns[turn].slots[tensor]}: ${rangesText(now)}${turns[turn].kept.includes(operand.name) ? ", stayed" : ""}.`];
  if (others.length) notes.push(`Also cut along ${others.map((dim) => dimWords(plan, tensor, dim)).join(", ")}: parts lie on top of each other.`);
  return { drawing, notes: notes.join(" ") };
}

// Draws the chosen turn of the chosen device.
function chooseTurn(plan, view, device, turn) {
  const tensors = view.querySelector(".tensors"), table = view.querySelector(".transfer-list");
  const text = view.querySelector(".device-text");
  const loads = plan.predicted.scatter_bytes[device], stores = plan.predicted.gather_bytes[device];
  text.textContent = `Device ${device} loads ${bytesText(loads)} from the host and returns ${bytesText(stores)}.`;
  const slider = view.querySelector("input[type=range]");
  if (!plan.streams) {
    slider.parentElement.hidden = true;
    return tensors.replaceChildren(element("p", { text: `${rounded(plan.number_of_steps)} steps of ${rounded(plan.placement.length)} shards: too many to be drawn one by one.` }));
  }
  const turns = turnsOf(plan, device);
  slider.parentElement.hidden = turns.length < 2;
  if (!turns.length) {
    table.replaceChildren(element("p", { text: "It has no shard, and is idle." }));
    return tensors.replaceChildren();
  }
  turn = Math.min(turn, turns.length - 1);
  plan.turn = turn;
  slider.max = turns.length - 1;
  slider.value = turn;
  view.querySelector(".turn-text").textContent = `${turn}, of 0 to ${turns.length - 1}`;
  const top = table.scrollTop;
  table.replaceChildren(turnsTable(plan, turns, turn, (other) => chooseTurn(plan, view, device, other)));
  table.scrollTop = top;
  const perRow = tensors.clientWidth > 980 ? plan.operands.length : tensors.clientWidth > 620 ? 2 : 1;
  const width = Math.floor((tensors.clientWidth - 22 * (perRow - 1)) / perRow);
  tensors.replaceChildren(...plan.operands.map((operand, index) => {
    const { drawing, notes } = drawHostTensor(plan, index, width, device, turns, turn);
    return element("div", { style: `width:${width}px` }, element("h4", { text: `${operand.name}: ${operand.shape.join("×")}` }), element("div", { class: "scroll" }, drawing), element("p", { class: "note", text: notes }));
  }));
}

// ------------------------------------------------------------- the host link

// What goes over the link of each device, by tensor.
function hostBytes(plan) {
  if (!plan.streams) return plan.predicted.scatter_bytes.map((bytes, device) => ({ loaded: bytes, returned: plan.predicted.gather_bytes[device] }));
  return plan.streams.map(({ steps }) => {
    const parts = {};
    for (const step of steps) {
      if (!step.bytes) continue;
      const kind = step.kind === "store" ? "returned" : step.tensor === "output" ? "initial output" : step.tensor;
      parts[kind] = (parts[kind] || 0) + step.bytes;
    }
    return parts;
  });
}

function drawHostBytes(plan, width) {
  const devices = hostBytes(plan);
  // In the order, and so the colours, of the memory.
  const kinds = [...plan.operands.map(({ name }) => (name === "output" ? "initial output" : name)), "loaded", "returned"].filter((kind) => devices.some((parts) => parts[kind]));
  const all = devices.map((parts) => total(Object.values(parts)));
  const rows = deviceRows(plan.devices, (device) => devices[device]).slice(0, 48);
  const left = 12 + most(rows.map((row) => textWidth(row.name))), right = 66, high = 17, peak = most(all) || 1;
  const drawing = picture(width, rows.length * 22 + 2, "bytes over the host link");
  const colour = (kind) => (kind === "returned" ? "var(--store)" : memoryColour(kinds.indexOf(kind)));
  rows.forEach(({ device, name }, index) => {
    const y = index * 22 + 2;
    let x = left;
    for (const kind of kinds) {
      const bytes = devices[device][kind] || 0, wide = (bytes / peak) * (width - left - right);
      if (!bytes) continue;
      drawing.append(hint(svg("rect", { class: "link-bar", x, y, width: Math.max(0.5, wide), height: high, fill: colour(kind) }), `device ${device}: ${kind}, ${bytes.toLocaleString("en")} bytes`));
      x += wide;
    }
    drawing.append(svg("text", { x: left - 6, y: y + 13, "text-anchor": "end", class: "muted", text: name }));
    drawing.append(svg("text", { x: x + 5, y: y + 13, text: bytesText(all[device]) }));
  });
  return { drawing, entries: kinds.map((kind) => [colour(kind), kind]) };
}

// ----------------------------------------------------------------- the lanes

const lanes = ["load", "compute", "store"];
const mostLaneDevices = 8;

// Loads, arithmetic and stores of each device from 0 to `end`; what lies in slot 1 is
// paler.
function drawLanes(plan, end, width, label) {
  const high = 15, gap = 12;
  const devices = plan.streams.slice(0, mostLaneDevices);
  const left = 12 + textWidth(`device ${devices.length}`) + 56, right = 24;
  const height = devices.length * (3 * high + gap) + 26;
  const place = (seconds) => left + (seconds / end) * (width - left - right);
  const drawing = picture(width, height, label);
  let lastTick = -Infinity;
  for (const tick of ticks(end)) {
    drawing.append(svg("line", { class: "tick", x1: place(tick), x2: place(tick), y1: 0, y2: height - 26 }));
    if (place(tick) - lastTick < 52) continue;
    drawing.append(svg("text", { class: "muted", x: place(tick), y: height - 12, "text-anchor": "middle", text: secondsText(tick) }));
    lastTick = place(tick);
  }
  devices.forEach(({ steps }, device) => {
    const top = device * (3 * high + gap);
    drawing.append(svg("text", { x: 6, y: top + 1.5 * high + 4, text: `device ${device}` }));
    if (!steps.length) drawing.append(svg("text", { class: "muted", x: left + 4, y: top + 1.5 * high + 4, text: "idle" }));
    else lanes.forEach((lane, row) => drawing.append(svg("text", { class: "muted", x: left - 6, y: top + row * high + 11, "text-anchor": "end", text: lane })));
    let turn = 0;
    for (const step of steps) {
      const number = step.kind === "compute" ? turn++ : turn;
      const [begin, stop] = step.span;
      if (stop <= begin || begin >= end) continue;
      const x = place(begin), wide = Math.max(0.6, Math.min(place(stop), width - right) - x), y = top + lanes.indexOf(step.kind) * high;
      const slot = step.kind === "compute" ? number % 2 : step.slot;
      const bar = svg("rect", { class: `span lane${slot ? " second" : ""}`, x, y, width: wide, height: high - 3, fill: `var(--${step.kind})` });
      const what = step.kind === "compute" ? `turn ${number}, shard ${step.shard}` : `${step.kind} ${step.tensor} in slot ${step.slot}, ${bytesText(step.bytes)}`;
      drawing.append(hint(bar, `device ${device}: ${what}, ${secondsText(stop - begin)}`));
      const text = step.kind === "compute" ? String(number) : step.kind === "load" ? step.tensor : bytesText(step.bytes);
      if (textWidth(text, 10) < wide - 2) drawing.append(svg("text", { class: "label on-bar", x: x + wide / 2, y: y + 9.5, "text-anchor": "middle", text }));
    }
  });
  return drawing;
}

// The whole run, and, where it has many turns, its beginning.
function laneDrawings(plan, width) {
  if (!plan.streams || !plan.streams.some(({ steps }) => steps.some((step) => step.span)))
    return [element("p", { text: "Too many steps to be drawn one by one." })];
  const spans = plan.streams.flatMap(({ steps }) => steps.map((step) => step.span));
  const end = most(spans.map((span) => span[1]));
  const part = (title, drawing) => element("div", {}, element("h4", { text: title }), drawing);
  const firstTurns = plan.streams.slice(0, mostLaneDevices).map(({ steps }) => steps.filter((step) => step.kind === "compute"));
  const start = most(firstTurns.map((turns) => (turns.length > 8 ? turns[5].span[1] : 0)));
  return [
    ...(start ? [part("the first turns", drawLanes(plan, start, width, "timeline of the first turns"))] : []),
    part("all of it", drawLanes(plan, end, width, "timeline of the lanes")),
  ];
}

// ------------------------------------------------------------------ the page

function streamFacts(plan, add) {
  const { predicted } = plan;
  const turns = Math.ceil(plan.placement.length / plan.devices);
  add(plural(turns, "turn"), "of the busiest device");
  add(bytesText(most(predicted.scatter_bytes)), `loaded by the busiest device; ${bytesText(total(predicted.scatter_bytes))} by all`);
  add(bytesText(most(predicted.gather_bytes)), `most returned by a device; ${bytesText(total(predicted.gather_bytes))} by all`);
}

function streamPanels(plan, view) {
  const slider = element("input", { type: "range", min: 0, max: 0, value: 0, "aria-label": "turn" });
  slider.addEventListener("input", () => chooseTurn(plan, view, plan.chosen, Number(slider.value)));
  const rows = plan.devices > mostLaneDevices ? ` The first ${mostLaneDevices} devices are drawn.` : "";
  return [
    panel(12, "What travels", "The tensors on the host. Lines: the windows of the device's turns, one after the other.",
      element("label", { class: "choose" }, "Turn", slider, element("span", { class: "turn-text" })),
      legend([["hsl(205 var(--block-sat) var(--block-light))", "what the turn uses, in the colour of the device"], ["var(--received)", "arrives meanwhile, for the next turn"], ["var(--sent)", "leaves meanwhile, of the turn before"]]),
      element("div", { class: "tensors figures" })),
    panel(6, "Bytes over the host link", "What each device loads, by tensor, and what it returns.", element("div", { class: "link" })),
    element("div", { class: "w6 stack" },
      panel(6, "Bytes in all", "What no schedule can avoid with this memory, each element that takes part once, and this plan.", element("div", { class: "words" })),
      panel(6, "Memory of the devices", "", element("div", { class: "memory" }))),
    panel(12, plan.measured ? "Time, predicted and measured" : "Time, predicted", `Loads, arithmetic and stores run side by side; numbers are turns. While a window is computed with, the next is loaded into the other slot, which is drawn paler.${rows}`,
      legend(lanes.map((lane) => [`var(--${lane})`, phaseWords[lane]])), element("div", { class: "timeline figures" })),
  ];
}
