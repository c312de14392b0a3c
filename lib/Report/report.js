// The page: a section per plan, drawn when it is opened and when the width changes.

const data = JSON.parse(document.getElementById("data").textContent);
addEventListener("error", (event) => (document.documentElement.dataset.error = event.message));

// ------------------------------------------------------------------- words

function shapeText(plan) {
  const outputs = plan.loops.filter((loop) => loop.role === "output").map((loop) => loop.extent);
  const taps = plan.loops.filter((loop) => loop.role === "tap").map((loop) => loop.extent);
  const extent = (role) => plan.loops.filter((loop) => loop.role === role).reduce((product, loop) => product * loop.extent, 1);
  const groups = extent("group");
  const isPooling = plan.operands.length === 2;
  const parts = [];
  const dims = taps.length ? `${taps.length}-D ` : "";
  parts.push(`${dims}${isPooling ? "pooling" : "convolution"}${taps.length ? ` with a window of ${taps.join("×")}` : ""}`);
  if (outputs.length) parts.push(`${outputs.join("×")} outputs`);
  if (!isPooling) parts.push(`${rounded(extent("input channel") * groups)} to ${rounded(extent("output channel") * groups)} channels${groups > 1 ? ` in ${rounded(groups)} groups` : ""}`);
  parts.push(`batch ${rounded(extent("batch"))}`);
  parts.push(plan.type);
  return parts.join(", ");
}

function splitText(plan) {
  const words = loopWords(plan);
  const parts = plan.axes.filter((axis) => axis.stripes.length > 1).map((axis) => {
    const lengths = axis.stripes.map(([begin, end]) => end - begin);
    const even = Math.min(...lengths) === most(lengths) ? `of ${most(lengths)}` : `of ${Math.min(...lengths)} to ${most(lengths)}`;
    return `${words[axis.loop]} in ${lengths.length} parts ${even}`;
  });
  const shards = plan.placement.length;
  const where = `${plural(shards, "shard")} on ${plural(plan.devices, "device")}`;
  if (!parts.length) return `Not divided: ${where}.`;
  const idle = shards < plan.devices ? `; ${plural(plan.devices - shards, "device")} idle` : "";
  return `Divided: ${parts.join(", ")}; ${where}${idle}.`;
}

function facts(plan) {
  const list = element("div", { class: "facts" });
  const add = (value, text) => list.append(element("div", { class: "fact" }, element("b", { text: value }), element("span", { text })));
  const predicted = plan.predicted;
  const mean = total(plan.macs) / plan.devices;
  if (plan.streamed) {
    const parts = plan.stream ? `: ${secondsText(plan.stream.compute)} of arithmetic beside ${secondsText(plan.stream.link)} on the busiest link, and ${secondsText(plan.stream.fill)} that overlap nothing` : "";
    add(secondsText(plan.cost.total), `predicted${parts}`);
    streamFacts(plan, add);
  } else {
    add(secondsText(plan.cost.total), `predicted, ${secondsText(plan.cost.total - plan.cost.load - plan.cost.store)} of it on the devices`);
    add(bytesText(most(predicted.bytes_received)), `received by the busiest device; ${bytesText(total(predicted.bytes_received))} by all`);
    add(bytesText(most(predicted.bytes_sent)), "sent by the busiest device");
    add(bytesText(most(predicted.scatter_bytes)), `most from the host to a device; back ${bytesText(most(predicted.gather_bytes))}`);
  }
  add(bytesText(most(predicted.peak_bytes)), "peak memory of the fullest device");
  add(`${rounded((most(plan.macs) / mean - 1) * 100)} %`, "more work on the busiest device than on average");
  add(plan.optimal ? "proved" : "not proved", plan.optimal ? `the best of its kind, found in ${secondsText(plan.planning_seconds)}` : "to be the best of its kind");
  return list;
}

// ------------------------------------------------------------------ panels

function panel(width, title, note, ...content) {
  return element("section", { class: `panel w${width}` }, element("h3", { text: title }), note ? element("p", { class: "note", text: note }) : null, ...content);
}

// What the chosen device receives and sends, by peer and tensor.
function transfersTable(plan, device) {
  const rows = new Map();
  for (const [step, from, to, , bytes] of plan.moves) {
    const ends = [from, to].map((shard) => (shard < 0 ? -1 : plan.placement[shard]));
    if (ends[0] === ends[1] || !ends.includes(device)) continue;
    const isIn = ends[1] === device;
    const tensor = plan.steps[step].kind === "reduce" ? "partial sums" : plan.steps[step].tensor;
    const key = [isIn ? 0 : 1, ends[isIn ? 0 : 1], tensor].join("|");
    const row = rows.get(key) || { isIn, peer: ends[isIn ? 0 : 1], tensor, boxes: 0, bytes: 0 };
    row.boxes++;
    row.bytes += bytes;
    rows.set(key, row);
  }
  const body = element("tbody");
  const sorted = [...rows.values()].sort((a, b) => b.isIn - a.isIn || a.peer - b.peer);
  for (const row of sorted.slice(0, 40)) {
    const peer = row.peer < 0 ? "the host" : `device ${row.peer}`;
    const cells = [row.isIn ? `from ${peer}` : `to ${peer}`, row.tensor];
    const tr = element("tr", { class: row.isIn ? "row-in" : "row-out" }, ...cells.map((text) => element("td", { text })));
    tr.append(element("td", { class: "n", text: rounded(row.boxes) }), element("td", { class: "n", text: bytesText(row.bytes) }));
    body.append(tr);
  }
  const head = element("tr", {}, element("th", { text: "" }), element("th", { text: "tensor" }), element("th", { class: "n", text: "boxes" }), element("th", { class: "n", text: "bytes" }));
  const more = sorted.length > 40 ? element("p", { class: "note", text: `and ${sorted.length - 40} more` }) : null;
  return element("div", { class: "scroll" }, element("table", { class: "transfers" }, element("thead", {}, head), body), more);
}

function fillBlocks(plan, view) {
  const iterations = view.querySelector(".iterations");
  const { drawing, more } = drawIterations(plan, iterations.clientWidth, (device) => chooseDevice(plan, view, device));
  iterations.replaceChildren(drawing, element("p", { class: "note", text: more }));
  chooseDevice(plan, view, plan.chosen);
}

function chooseDevice(plan, view, device) {
  plan.chosen = device;
  for (const outline of view.querySelectorAll(".outline")) outline.remove();
  for (const block of view.querySelectorAll(`.iterations .block[data-device="${device}"]`)) {
    const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => block.getAttribute(name));
    block.closest("svg").append(svg("rect", { class: "outline", x, y, width, height }));
  }
  const select = view.querySelector("select");
  if (select) select.value = String(device);
  if (plan.streamed) return chooseTurn(plan, view, device, plan.turn ?? 1);
  const tensors = view.querySelector(".tensors"), table = view.querySelector(".transfer-list");
  const receives = plan.predicted.bytes_received[device], sends = plan.predicted.bytes_sent[device];
  view.querySelector(".device-text").textContent = `Device ${device} receives ${bytesText(receives)} from other devices and sends them ${bytesText(sends)}.`;
  if (!plan.moves || !plan.ownership) {
    tensors.replaceChildren(element("p", { text: `${rounded(plan.number_of_moves)} boxes move between ${rounded(plan.placement.length)} shards: too many to be drawn one by one. The matrix below adds them up.` }));
    return;
  }
  table.replaceChildren(transfersTable(plan, device));
  const perRow = tensors.clientWidth > 980 ? plan.operands.length : tensors.clientWidth > 620 ? 2 : 1;
  const width = Math.floor((tensors.clientWidth - 22 * (perRow - 1)) / perRow);
  tensors.replaceChildren(...plan.operands.map((operand, index) => {
    const { drawing, notes } = drawTensor(plan, index, width, device, (other) => chooseDevice(plan, view, other));
    const isOutput = index === plan.operands.length - 1;
    const title = `${isOutput ? "result" : operand.name}: ${operand.shape.join("×")}`;
    return element("div", { style: `width:${width}px` }, element("h4", { text: title }), element("div", { class: "scroll" }, drawing), notes ? element("p", { class: "note", text: notes }) : null);
  }));
}

// -------------------------------------------------------------------- plans

function fillCharts(plan, view) {
  const inner = (selector) => view.querySelector(selector).clientWidth;
  const choose = (device) => chooseDevice(plan, view, device);
  if (plan.streamed) {
    const link = drawHostBytes(plan, inner(".link"));
    view.querySelector(".link").replaceChildren(legend(link.entries), link.drawing);
  } else {
    view.querySelector(".traffic").replaceChildren(total(plan.traffic.bytes.map(total))
      ? drawTraffic(plan, inner(".traffic"), choose)
      : element("p", { text: "Nothing moves between devices." }));
  }
  const memory = drawMemory(plan, inner(".memory"));
  view.querySelector(".memory").replaceChildren(element("p", { class: "note", text: memory.note }), legend(memory.entries), memory.drawing);
  view.querySelector(".words").replaceChildren(drawWords(plan, inner(".words")));
  const measured = plan.measured && plan.measured.map((spans) => spans.map(([phase, begin, end]) => [phase, begin / 1e6, end / 1e6]));
  const endOf = (spans) => most(spans.flatMap((own) => own.map((span) => span[2])));
  if (plan.streamed) {
    const wide = inner(".timeline");
    return view.querySelector(".timeline").replaceChildren(...laneDrawings(plan, wide),
      ...(measured ? [element("div", {}, element("h4", { text: "measured" }), drawTimeline(plan, measured, endOf(measured), wide, "measured timeline"))] : []));
  }
  const predicted = predictedSpans(plan);
  let ends = [endOf(predicted), measured ? endOf(measured) : 0];
  if (measured && most(ends) < 4 * Math.min(...ends)) ends = [most(ends), most(ends)];
  const timeline = view.querySelector(".timeline");
  const width = measured && timeline.clientWidth > 760 ? Math.floor((timeline.clientWidth - 22) / 2) : timeline.clientWidth;
  const part = (title, drawing) => element("div", {}, element("h4", { text: title }), drawing);
  timeline.replaceChildren(
    part("predicted", drawTimeline(plan, predicted, ends[0], width, "predicted timeline")),
    ...(measured ? [part("measured", drawTimeline(plan, measured, ends[1], width, "measured timeline"))] : []));
}

function build(plan, view) {
  const select = element("select", { "aria-label": "device" });
  for (let device = 0; device < Math.min(plan.devices, 4096); device++) select.append(element("option", { value: device, text: `device ${device}` }));
  select.addEventListener("change", () => chooseDevice(plan, view, Number(select.value)));
  const opening = [
    element("p", { text: shapeText(plan) + "." }),
    element("p", { class: "split", text: splitText(plan) }),
    element("p", { text: plan.why }),
    facts(plan)];
  const computes = (note) => panel(7, "Who computes what", note, element("div", { class: "iterations scroll" }));
  const oneDevice = panel(5, "One device", "", element("label", { class: "choose" }, "Follow", select), element("p", { class: "device-text" }), element("div", { class: "transfer-list" }));
  if (plan.streamed)
    return view.append(...opening, element("div", { class: "grid" },
      computes("The iteration space; each block is a shard, in the colour of its device, with device:turn. Click one to follow its device."), oneDevice, ...streamPanels(plan, view)));
  const exact = plan.best_box_exact ? "" : " The best box is the best found.";
  const usedPhases = phases.filter((phase) => plan.cost[phase] > 0 || (plan.measured || []).some((spans) => spans.some((span) => span[0] === phase)));
  const spans = predictedSpans(plan);
  const rows = deviceRows(plan.devices, (device) => [spans[device], plan.measured && plan.measured[device]]).length > mostRows
    ? ` The first ${mostRows} devices are drawn.` : "";
  const known = plan.bound !== null ? "" : " No bound is known for windows of this kind.";
  const traffic = (width) => panel(width, "Bytes between devices", "From the device of a row to that of a column: halos, gathered inputs and partial sums. The host is not in it.", element("div", { class: "traffic scroll" }));
  const words = panel(6, "Words", `What the busiest device must receive of inputs and send of sums when every tensor starts in one copy: what no schedule can avoid, the least of any box, and this plan.${exact}${known}`, element("div", { class: "words" }));
  const memory = panel(6, "Memory of the devices", "", element("div", { class: "memory" }));
  const charts = plan.devices <= 12 ? [traffic(6), element("div", { class: "w6 stack" }, words, memory)] : [traffic(12), words, memory];
  view.append(
    ...opening,
    element("div", { class: "grid" },
      computes("The iteration space; each block is a shard, in the colour of its device. Click one to follow its device."), oneDevice,
      panel(12, "What travels", "Where the tensors lie: stripes in the colours of their owners, grey where several devices have the same. Dotted: the tensor without its padding.",
        legend([["var(--received)", "boxes the device receives, with an arrow to its stripe"], ["var(--sent)", "boxes it sends"], ["repeating-linear-gradient(90deg, var(--ink) 0 3px, transparent 3px 5px)", "what its shards read"]]),
        element("div", { class: "tensors figures" })),
      ...charts,
      panel(12, plan.measured ? "Time, predicted and measured" : "Time, predicted", `What each device does.${turnsNote(plan)}${rows}`, legend(usedPhases.map((phase) => [`var(--${phase})`, phaseWords[phase]])), element("div", { class: "timeline figures" })),
      panel(12, "Other plans", plan.others.length ? "" : "No other plan was asked for or came close.", othersTable(plan))));
}

const turnsNote = (plan) => {
  const busy = plan.macs.filter(Boolean).length;
  return plan.processors && busy > plan.processors ? ` ${plural(busy, "device")} share ${plural(plan.processors, "processor")} and take turns.` : "";
};

const receivers = (plan) => plan.predicted.bytes_received.indexOf(most(plan.predicted.bytes_received));

function show(plan, view) {
  if (!view.dataset.drawn) {
    build(plan, view);
    plan.chosen = receivers(plan);
    view.dataset.drawn = "yes";
  }
  fillBlocks(plan, view);
  fillCharts(plan, view);
}

// ---------------------------------------------------------------- the page

document.getElementById("title").textContent = data.title;
document.getElementById("machine").textContent = `${plural(data.plans.length, "convolution")} on ${data.machine || "an unnamed machine"}`;
const views = data.plans.map((plan, index) => {
  const view = element("div", { class: "body" });
  const details = element("details", { class: "plan", id: `plan-${index}` }, element("summary", {}, element("h2", { text: plan.name })), view);
  details.addEventListener("toggle", () => details.open && show(plan, view));
  document.getElementById("plans").append(details);
  details.open = index < 12;
  if (details.open) show(plan, view);
  return { plan, view, details };
});

if (data.plans.length > 1) {
  const body = element("tbody");
  for (const { plan, details } of views) {
    const link = element("a", { href: `#${details.id}`, text: plan.name });
    link.addEventListener("click", () => (details.open = true));
    const number = (text) => element("td", { class: "n", text });
    body.append(element("tr", {}, element("td", {}, link), element("td", {}, element("code", { text: plan.split || "whole" })),
      number(secondsText(plan.cost.total)), number(plan.streamed ? `${bytesText(most(plan.predicted.scatter_bytes))} from the host` : bytesText(most(plan.predicted.bytes_received))), number(bytesText(most(plan.predicted.peak_bytes)))));
  }
  const head = element("tr", {}, ...["convolution", "split"].map((text) => element("th", { text })), ...["time", "received", "peak"].map((text) => element("th", { class: "n", text })));
  document.getElementById("overview").append(element("div", { class: "scroll" }, element("table", {}, element("thead", {}, head), body)));
}

let drawnWidth = innerWidth, waiting = 0;
addEventListener("resize", () => {
  if (innerWidth === drawnWidth) return;
  clearTimeout(waiting);
  waiting = setTimeout(() => {
    drawnWidth = innerWidth;
    for (const { plan, view, details } of views) if (details.open) show(plan, view);
  }, 120);
});
document.documentElement.dataset.drawn = views.filter(({ view }) => view.dataset.drawn).length;
