// Training curves: a panel a score, train and validation beside each other, stages and best epochs marked.

const PLOT = { width: 420, height: 210, left: 52, right: 12, top: 22, bottom: 34 };
const PART_COLORS = { train: "var(--train)", validation: "var(--validation)" };

class Curves {
  constructor(run) {
    this.run = run;
    this.log = false;
    this.shown = new Set(run.curves.map((curve) => curve.name));
    this.grid = el("div", { class: "plots" });
    const boxes = run.curves.map(({ name }) => toggle(words(name), true, (on) => {
      if (on) this.shown.add(name);
      else this.shown.delete(name);
      this.draw();
    }));
    const log = toggle("logarithmic", false, (on) => {
      this.log = on;
      this.draw();
    });
    const part = (name) => el("span", {}, el("i", { style: { background: PART_COLORS[name] } }), name);
    const key = el("p", { class: "sides quiet" }, part("train"), part("validation"), el("span", {}, "★ best of its stage"));
    this.box = el("div", {}, el("div", { class: "row" }, boxes, el("strong", {}, log)), key, this.grid);
    this.draw();
  }

  draw() {
    this.plots = this.run.curves.filter(({ name }) => this.shown.has(name)).map((curve) => this.plot(curve));
    this.grid.replaceChildren(...this.plots.map((plot) => plot.node));
  }

  plot(curve) {
    const parts = ["train", "validation"].filter((part) => curve[part]), { epochs } = this.run;
    const usable = (v) => v !== null && (!this.log || v > 0);
    const values = parts.flatMap((part) => curve[part].filter(usable));
    const change = this.log ? Math.log10 : (v) => v, { width, height, left, right, top, bottom } = PLOT;
    let [low, high] = values.reduce(([a, b], v) => [Math.min(a, change(v)), Math.max(b, change(v))], [Infinity, -Infinity]);
    if (!values.length) [low, high] = [0, 1];
    const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 0.5;
    [low, high] = [low - room, high + room];
    const x = (k) => left + ((width - left - right) * (epochs === 1 ? 0.5 : k / (epochs - 1)));
    const y = (v) => top + ((height - top - bottom) * (high - change(v))) / (high - low);
    const node = svg("svg", { viewBox: `0 0 ${width} ${height}`, class: "plot", role: "img",
      "aria-label": `${words(curve.name)} over ${plural(epochs, "epoch")}` });
    this.frame(node, curve, { low, high, x, y });
    for (const part of parts) {
      const dots = curve[part].map((v, k) => (usable(v) ? [x(k), y(v)] : null));
      node.append(svg("path", { d: pathOf(dots), class: "curve", style: `stroke:${PART_COLORS[part]}` }));
      if (dots.filter(Boolean).length === 1 || epochs <= 40) {
        for (const dot of dots.filter(Boolean)) {
          node.append(svg("circle", { cx: dot[0], cy: dot[1], r: 2.4, style: `fill:${PART_COLORS[part]}` }));
        }
      }
    }
    for (const best of this.run.best.filter(({ column }) => column === curve.name || column === `val_${curve.name}`)) {
      if (usable(best.value)) node.append(svg("text", { x: x(best.row), y: y(best.value) + 6, class: "star" }, "★"));
    }
    const cross = svg("line", { y1: top, y2: height - bottom, class: "cross", visibility: "hidden" });
    node.append(cross);
    node.addEventListener("pointermove", (event) => this.hover(event, node));
    node.addEventListener("pointerleave", () => this.leave());
    return { node: el("figure", {}, node), cross, x, curve };
  }

  /** Axes, the bands of the stages, the name. */
  frame(node, curve, { low, high, x, y }) {
    const { width, height, left, right, top, bottom } = PLOT, { stages, epochs } = this.run;
    stages.forEach((stage, k) => {
      const half = epochs > 1 ? (x(1) - x(0)) / 2 : (width - left - right) / 2;
      const [from, to] = [Math.max(left, x(stage.first) - half), Math.min(width - right, x(stage.last) + half)];
      node.append(svg("rect", { x: from, y: top, width: Math.max(0, to - from), height: height - top - bottom,
        class: `stage-band ${k % 2 ? "odd" : ""}` }));
      if (stages.length > 1 && stage.name) {
        node.append(svg("text", { x: from + 5, y: top + 11, class: "stage-name" }, stage.name));
      }
    });
    const marks = this.log ? logTicks(low, high) : ticks(low, high, 4);
    for (const mark of marks) {
      const place = y(mark);
      node.append(svg("line", { x1: left, x2: width - right, y1: place, y2: place, class: "grid" }));
      node.append(svg("text", { x: left - 5, y: place + 3.5, class: "mark end" }, short(mark)));
    }
    for (const mark of ticks(1, Math.max(epochs, 1.5), 6).filter((k) => Number.isInteger(k))) {
      node.append(svg("text", { x: x(mark - 1), y: height - bottom + 14, class: "mark" }, String(mark)));
    }
    node.append(svg("text", { x: left, y: 14, class: "title" }, words(curve.name)));
    node.append(svg("text", { x: width - right, y: height - 2, class: "mark end" }, "epoch"));
  }

  /** The nearest epoch in all panels at once. */
  hover(event, node) {
    const box = node.getBoundingClientRect(), { epochs, stages, best } = this.run;
    const share = (((event.clientX - box.left) / box.width) * PLOT.width - PLOT.left) / (PLOT.width - PLOT.left - PLOT.right);
    const row = clamp(Math.round(share * (epochs - 1)), 0, epochs - 1) || 0;
    const lines = [];
    for (const { cross, x, curve } of this.plots) {
      cross.setAttribute("visibility", "visible");
      for (const end of ["x1", "x2"]) cross.setAttribute(end, x(row));
      for (const part of ["train", "validation"].filter((k) => curve[k])) {
        const star = best.some((k) => k.row === row && [curve.name, `val_${curve.name}`].includes(k.column));
        const mine = curve.train && curve.validation ? `${words(curve.name)}, ${part}` : words(curve.name);
        lines.push(`${mine} ${short(curve[part][row])}${star && part === "validation" ? " ★" : ""}`);
      }
    }
    const stage = stages.find((k) => k.first <= row && row <= k.last);
    const name = stages.length > 1 ? `${stage.name}, epoch ${row - stage.first + 1} (${row + 1} in all)` : `epoch ${row + 1}`;
    tip.show(event, el("strong", {}, name), ...lines);
  }

  leave() {
    tip.hide();
    for (const { cross } of this.plots) cross.setAttribute("visibility", "hidden");
  }
}

function pathOf(dots) {
  let text = "", pen = "M";
  for (const dot of dots) {
    if (dot) text += `${pen}${dot[0].toFixed(1)} ${dot[1].toFixed(1)}`;
    pen = dot ? "L" : "M";
  }
  return text;
}

/** Values whose logarithm lies between two: powers of ten, or round numbers where there are fewer than two. */
function logTicks(low, high) {
  const whole = [];
  for (let k = Math.ceil(low); k <= high; k++) whole.push(10 ** k);
  return whole.length > 1 ? whole : ticks(10 ** low, 10 ** high, 4).filter((v) => v > 0);
}
