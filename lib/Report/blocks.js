// Blocks: who computes which part of the iteration space, where the tensors lie,
// and which boxes of them travel.

// --------------------------------------------------------------- the loops

function imageWords(count) {
  if (count === 1) return ["position"];
  if (count === 2) return ["row", "column"];
  if (count === 3) return ["plane", "row", "column"];
  return Array.from({ length: count }, (_, i) => `dim ${i}`);
}

// Per loop what a person calls it: "image rows", "filter columns", "channels".
function loopWords(plan) {
  const numbered = { output: 0, tap: 0 };
  const counts = { output: 0, tap: 0 };
  for (const loop of plan.loops) if (loop.role in counts) counts[loop.role]++;
  return plan.loops.map((loop) => {
    if (loop.role in numbered) {
      const word = imageWords(counts[loop.role])[numbered[loop.role]++];
      return `${loop.role === "tap" ? "filter" : "image"} ${word}s`;
    }
    return { batch: "batch", group: "groups", "input channel": "input channels", "output channel": "output channels" }[loop.role];
  });
}

// A shard as a box of iterations, from the stripes of the axes.
function iterationsOf(plan, shard) {
  const box = plan.loops.map((loop) => [0, loop.extent]);
  for (let axis = plan.grid.length - 1; axis >= 0; axis--) {
    box[plan.axes[axis].loop] = plan.axes[axis].stripes[shard % plan.grid[axis]];
    shard = Math.floor(shard / plan.grid[axis]);
  }
  return box;
}

// The hull of the positions of a tensor that a box of iterations reaches.
function footprint(operand, box) {
  return operand.map.map((expr) => {
    let low = expr.constant, high = expr.constant;
    expr.coefficients.forEach((factor, loop) => {
      const ends = [factor * box[loop][0], factor * (box[loop][1] - 1)];
      low += Math.min(...ends);
      high += Math.max(...ends);
    });
    return [low, high + 1];
  });
}

// The loops drawn down and across, and those of which each part is a panel.
function drawnLoops(plan) {
  const order = ["output", "batch", "group", "output channel", "input channel", "tap"];
  const rank = (loop) => order.indexOf(plan.loops[loop].role) * 100 + loop;
  const split = plan.axes.filter((axis) => axis.stripes.length > 1).map((axis) => axis.loop);
  split.sort((a, b) => rank(a) - rank(b));
  const whole = plan.loops.map((_, loop) => loop).filter((loop) => !split.includes(loop) && plan.loops[loop].extent > 1);
  whole.sort((a, b) => rank(a) - rank(b));
  const images = split.filter((loop) => plan.loops[loop].role === "output");
  let shown = images.length >= 2 ? images.slice(-2) : split.slice(0, 2);
  if (shown.length < 2) shown = [...shown, ...whole].slice(0, 2);
  while (shown.length < 2) shown.push(plan.loops.findIndex((_, loop) => !shown.includes(loop)));
  if (shown[1] < 0) shown[1] = shown[0];
  const bothImage = shown.every((loop) => plan.loops[loop].role === "output");
  const [down, across] = bothImage ? shown.sort((a, b) => a - b) : shown;
  return { down, across, panels: split.filter((loop) => !shown.includes(loop)) };
}

const stripesOf = (plan, loop) =>
  (plan.axes.find((axis) => axis.loop === loop) || { stripes: [[0, plan.loops[loop].extent]] }).stripes;
const endsOf = (stripes) => [...new Set(stripes.flat())].sort((a, b) => a - b);

// Sizes of panels that fill `width`. Where both dims are of the image they have its
// shape, within reason; else no scale is right and they are as wide as they may be.
function panelSizes(width, count, across, down, margin, toScale) {
  const shape = toScale ? Math.min(2.2, Math.max(0.4, down / across)) : 0.6;
  const wide = (columns) => width / columns - margin.left - margin.right;
  let columns = 1;
  while (columns < count && wide(columns + 1) >= 120 && (columns < 3 || columns * columns < count)) columns++;
  const rows = Math.ceil(count / columns);
  const highest = rows > 1 ? 260 : 460;
  const inner = Math.max(60, Math.min(wide(columns), toScale ? highest / shape : wide(columns)));
  return { columns, width: inner, height: Math.max(40, Math.min(highest, inner * shape)) };
}

const mostPanels = 36;

function placeText(group, x, y, width, height, text, inCorner = false) {
  const size = Math.min(inCorner ? 11 : 12, height - 2, (width - 2) / (0.62 * text.length));
  if (size < 7) return;
  const at = inCorner
    ? { x: x + 3, y: y + size + 1 }
    : { x: x + width / 2, y: y + height / 2 + size * 0.36, "text-anchor": "middle" };
  group.append(svg("text", { class: inCorner ? "label halo" : "label", ...at, style: `font-size:${size.toFixed(1)}px`, text }));
}

// The iteration space, a block per shard in the colour of its device.
function drawIterations(plan, width, choose) {
  const words = loopWords(plan);
  const { down, across, panels } = drawnLoops(plan);
  const combos = panels.reduce((list, loop) => list.flatMap((combo) => stripesOf(plan, loop).map((stripe) => [...combo, [loop, stripe]])), [[]]);
  const shown = combos.slice(0, mostPanels);
  const margin = { left: 12 + textWidth(plan.loops[down].extent) + 16, right: 12, top: panels.length ? 18 : 6, bottom: 34 };
  const isImage = (loop) => plan.loops[loop].role === "output";
  const size = panelSizes(width, shown.length, plan.loops[across].extent, plan.loops[down].extent, margin, isImage(down) && isImage(across));
  const boxWidth = size.width + margin.left + margin.right;
  const boxHeight = size.height + margin.top + margin.bottom;
  const rows = Math.ceil(shown.length / size.columns);
  const drawing = picture(boxWidth * Math.min(size.columns, shown.length), boxHeight * rows, "blocks of the iteration space");
  const extents = { across: plan.loops[across].extent, down: plan.loops[down].extent };
  const byPanel = new Map();
  for (let shard = 0; shard < plan.placement.length; shard++) {
    const box = iterationsOf(plan, shard);
    const key = panels.map((loop) => box[loop][0]).join();
    byPanel.set(key, [...(byPanel.get(key) || []), [shard, box]]);
  }
  const turns = plan.streamed ? turnNumbers(plan) : null;
  shown.forEach((combo, index) => {
    const x = (index % size.columns) * boxWidth + margin.left;
    const y = Math.floor(index / size.columns) * boxHeight + margin.top;
    const group = svg("g");
    if (combo.length)
      group.append(svg("text", { x, y: y - 6, text: combo.map(([loop, [begin, end]]) => `${plan.loops[loop].name} ${begin} to ${end}`).join(", ") }));
    for (const [shard, box] of byPanel.get(combo.map(([, stripe]) => stripe[0]).join()) || []) {
      const device = plan.placement[shard];
      const left = x + (box[across][0] / extents.across) * size.width;
      const top = y + (box[down][0] / extents.down) * size.height;
      const blockWidth = ((box[across][1] - box[across][0]) / extents.across) * size.width;
      const blockHeight = down === across ? size.height : ((box[down][1] - box[down][0]) / extents.down) * size.height;
      const block = svg("rect", { class: "block", "data-device": device, "data-shard": shard, x: left, y: top, width: blockWidth, height: blockHeight, fill: deviceColour(device, plan.devices) });
      hint(block, `device ${device}${turns ? `, turn ${turns[shard]}` : ""}, shard ${shard}: ` + box.map((range, loop) => `${plan.loops[loop].name} ${range[0]} to ${range[1]}`).join(", "));
      block.addEventListener("click", () => choose(device));
      group.append(block);
      placeText(group, left, top, blockWidth, blockHeight, turns ? `${device}:${turns[shard]}` : String(device));
    }
    frameAxes(group, x, y, size.width, size.height,
      { begin: 0, size: extents.across, ends: endsOf(stripesOf(plan, across)) },
      { begin: 0, size: extents.down, ends: endsOf(stripesOf(plan, down)) });
    group.append(svg("text", { x: x + size.width / 2, y: y + size.height + 28, "text-anchor": "middle", text: `${plan.loops[across].name}: ${words[across]}` }));
    const middle = y + size.height / 2;
    group.append(svg("text", { x: x - margin.left + 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 ${x - margin.left + 12} ${middle})`, text: `${plan.loops[down].name}: ${words[down]}` }));
    drawing.append(group);
  });
  const more = combos.length - shown.length;
  return { drawing, more: more ? `${plural(more, "more panel")} like these are not drawn.` : "" };
}

// -------------------------------------------------------------- the tensors

// What a dim of a tensor is called: after the loops that move along it.
function dimWords(plan, tensor, dim) {
  const words = loopWords(plan);
  const expr = plan.operands[tensor].map[dim];
  const loops = expr.coefficients.map((factor, loop) => (factor ? loop : -1)).filter((loop) => loop >= 0);
  const main = loops.find((loop) => plan.loops[loop].role !== "tap") ?? loops[0];
  return main === undefined ? `dim ${dim}` : words[main];
}

// The boxes of a tensor that shards own; of the output those of the result.
function ownedBoxes(plan, tensor) {
  const name = tensor === plan.operands.length - 1 ? "result" : plan.operands[tensor].name;
  return plan.ownership.find((entry) => entry.tensor === name).boxes;
}

// Two dims to draw, those with most stripes, then the last of the image, then the longest; and one of which
// each stripe is a panel where a third is cut.
function drawnDims(plan, tensor, boxes) {
  const shape = plan.operands[tensor].shape;
  const cuts = shape.map((_, dim) => new Set(boxes.filter(Boolean).map((box) => box[dim].join())).size);
  const isImage = (dim) => (dimWords(plan, tensor, dim).startsWith("image") ? 1 : 0);
  const order = shape.map((_, dim) => dim).sort((a, b) => cuts[b] - cuts[a] || isImage(b) - isImage(a) || (isImage(a) ? b - a : shape[b] - shape[a]));
  const shown = order.slice(0, 2).sort((a, b) => a - b);
  const third = order[2] !== undefined && cuts[order[2]] > 1 ? order[2] : -1;
  return { down: shown[0], across: shown[1] ?? shown[0], third, hidden: order.slice(third < 0 ? 2 : 3).filter((dim) => cuts[dim] > 1) };
}

// From a box a short way towards where it goes; arrows of the two ways beside each
// other.
function arrow(group, from, to, way) {
  const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
  const unit = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
  const aside = way === "in" ? 6 : -6, wing = 5, far = Math.min(length, 30);
  from = [from[0] - unit[1] * aside, from[1] + unit[0] * aside];
  const tip = [from[0] + unit[0] * far, from[1] + unit[1] * far];
  const back = [tip[0] - unit[0] * wing, tip[1] - unit[1] * wing];
  const side = [-unit[1] * wing * 0.6, unit[0] * wing * 0.6];
  group.append(svg("path", { class: `arrow ${way}`, d: `M${from} L${tip} M${[back[0] + side[0], back[1] + side[1]]} L${tip} L${[back[0] - side[0], back[1] - side[1]]}` }));
}

const mostArrows = 200;
const mostTensorPanels = 12;

// One tensor: stripes in the colours of their owners, and of the chosen device
// what it reads, and the boxes that it is sent and sends.
function drawTensor(plan, tensor, width, device, choose) {
  const operand = plan.operands[tensor];
  const isOutput = tensor === plan.operands.length - 1;
  const boxes = ownedBoxes(plan, tensor);
  const { down, across, third, hidden } = drawnDims(plan, tensor, boxes);
  const reached = footprint(operand, plan.loops.map((loop) => [0, loop.extent]));
  const padding = (dim) => (isOutput ? [0, 0] : [Math.max(0, -reached[dim][0]), Math.max(0, reached[dim][1] - operand.shape[dim])]);
  const view = (dim) => ({ begin: -padding(dim)[0], size: operand.shape[dim] + padding(dim)[0] + padding(dim)[1] });
  const views = { across: view(across), down: view(down) };
  const stripes = third < 0 ? [null] : [...new Set(boxes.filter(Boolean).map((box) => box[third].join()))].map((text) => text.split(",").map(Number)).sort((a, b) => a[0] - b[0]);
  const moves = plan.moves.filter((move) => {
    const step = plan.steps[move[0]];
    const devices = [plan.placement[move[1]], plan.placement[move[2]]];
    return move[1] >= 0 && move[2] >= 0 && step.tensor === operand.name && devices[0] !== devices[1] && devices.includes(device);
  });
  // Panels that concern the chosen device come first where there are many.
  const touches = (stripe) => boxes.some((box, shard) => box && plan.placement[shard] === device && box[third][0] === stripe[0]);
  let shownStripes = stripes;
  if (stripes.length > mostTensorPanels) {
    const own = Math.max(0, stripes.findIndex(touches));
    const begin = Math.min(Math.max(0, own - 2), stripes.length - mostTensorPanels);
    shownStripes = stripes.slice(begin, begin + mostTensorPanels);
  }
  const margin = { left: 12 + textWidth(operand.shape[down]) + 16, right: 12, top: stripes[0] ? 18 : 6, bottom: 34 };
  const isImage = (dim) => dimWords(plan, tensor, dim).startsWith("image");
  const size = panelSizes(width, shownStripes.length, views.across.size, views.down.size, margin, isImage(down) && isImage(across));
  const boxWidth = size.width + margin.left + margin.right, boxHeight = size.height + margin.top + margin.bottom;
  const rows = Math.ceil(shownStripes.length / size.columns);
  const drawing = picture(boxWidth * Math.min(size.columns, shownStripes.length), boxHeight * rows, `where ${operand.name} lies`);
  let arrows = 0;
  shownStripes.forEach((stripe, index) => {
    const x = (index % size.columns) * boxWidth + margin.left;
    const y = Math.floor(index / size.columns) * boxHeight + margin.top;
    const right = (position) => x + ((position - views.across.begin) / views.across.size) * size.width;
    const below = (position) => (down === across ? y : y + ((position - views.down.begin) / views.down.size) * size.height);
    const place = (box) => {
      const high = down === across ? size.height : below(box[down][1]) - below(box[down][0]);
      return { x: right(box[across][0]), y: below(box[down][0]), width: Math.max(1.5, right(box[across][1]) - right(box[across][0])), height: Math.max(1.5, high) };
    };
    const middle = (box) => {
      const at = place(box);
      return [at.x + at.width / 2, at.y + at.height / 2];
    };
    const inPanel = (box) => !stripe || (box[third][0] < stripe[1] && box[third][1] > stripe[0]);
    const group = svg("g");
    if (stripe) {
      const words = dimWords(plan, tensor, third).split(" "), range = `${stripe[0]} to ${stripe[1]}`;
      const titles = [[...words, range], [words[words.length - 1], range], [range]].map((parts) => parts.join(" "));
      group.append(svg("text", { x, y: y - 6, text: titles.find((title) => textWidth(title) < size.width) || range }));
    }
    const owners = new Map(), labels = [];
    boxes.forEach((box, shard) => {
      if (!box || !inPanel(box)) return;
      const key = `${box[down]},${box[across]}`;
      if (!owners.has(key)) owners.set(key, { box, devices: new Set() });
      owners.get(key).devices.add(plan.placement[shard]);
    });
    for (const { box, devices } of owners.values()) {
      const first = Math.min(...devices), several = devices.size > 1;
      const block = svg("rect", { ...place(box), class: `block${several ? " many" : ""}${devices.has(device) ? "" : " dim"}`, "data-device": first });
      if (!several) block.setAttribute("fill", deviceColour(first, plan.devices));
      hint(block, `${[...devices].slice(0, 12).map((d) => `device ${d}`).join(", ")}${devices.size > 12 ? ", ..." : ""}`);
      if (!several) block.addEventListener("click", () => choose(first));
      group.append(block);
      const at = place(box);
      labels.push([at.x, at.y, at.width, at.height, several ? `on ${devices.size}` : String(first)]);
    }
    if (operand.shape.some((_, dim) => padding(dim)[0] || padding(dim)[1]))
      group.append(svg("rect", { class: "padding", x: right(0), y: below(0), width: right(operand.shape[across]) - right(0), height: down === across ? size.height : below(operand.shape[down]) - below(0) }));
    const drawn = new Set(); // boxes that look the same are drawn once
    for (const move of moves) {
      if (!inPanel(move[3])) continue;
      const isIn = plan.placement[move[2]] === device;
      const key = `${isIn},${move[3][down]},${move[3][across]}`;
      if (!drawn.has(key)) group.append(svg("rect", { class: isIn ? "received" : "sent", ...place(move[3]) }));
      drawn.add(key);
      if (arrows++ >= mostArrows) continue;
      const reduces = plan.steps[move[0]].kind === "reduce";
      const from = reduces && boxes[move[1]] ? middle(boxes[move[1]]) : middle(move[3]);
      arrow(group, from, middle(boxes[move[2]] || move[3]), isIn ? "in" : "out");
    }
    if (!isOutput)
      plan.placement.forEach((where, shard) => {
        if (where !== device) return;
        const window = footprint(operand, iterationsOf(plan, shard));
        if (inPanel(window)) group.append(svg("rect", { class: "window", ...place(window) }));
      });
    for (const label of labels) placeText(group, ...label, true);
    const ends = (dim, range) => [...new Set([range.begin, ...endsOf(boxes.filter(Boolean).map((box) => box[dim])), range.begin + range.size])].sort((a, b) => a - b);
    frameAxes(group, x, y, size.width, size.height, { ...views.across, ends: ends(across, views.across) }, { ...views.down, ends: down === across ? [] : ends(down, views.down) });
    group.append(svg("text", { x: x + size.width / 2, y: y + size.height + 28, "text-anchor": "middle", text: dimWords(plan, tensor, across) }));
    const centre = y + size.height / 2;
    if (down !== across)
      group.append(svg("text", { x: x - margin.left + 12, y: centre, "text-anchor": "middle", transform: `rotate(-90 ${x - margin.left + 12} ${centre})`, text: dimWords(plan, tensor, down) }));
    drawing.append(group);
  });
  const notes = [];
  if (shownStripes.length < stripes.length) notes.push(`${shownStripes.length} of ${stripes.length} parts are drawn.`);
  if (hidden.length) notes.push(`Also cut along ${hidden.map((dim) => dimWords(plan, tensor, dim)).join(", ")}: parts lie on top of each other.`);
  if (arrows > mostArrows) notes.push(`${mostArrows} of ${arrows} arrows are drawn.`);
  return { drawing, moves, notes: notes.join(" ") };
}
