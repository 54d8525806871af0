// The view of a run folder: curves, validation, what was run.

function runView(run) {
  const { validation } = run;
  return {
    content: [
      el("div", { class: "top" }, el("p", { class: "headline" }, run.headline)),
      run.epochs ? panel("Training", new Curves(run).box) : null,
      validation && panel(validationTitle(validation), validationBox(validation)),
      panel("What was run", el("div", {}, facts(run.facts),
        run.sessions.length ? table(["went on", "with"], run.sessions, "Every time that it was resumed.") : null,
        settings("Settings", run.config), settings("What the network takes and gives", run.signature))),
    ],
    keys: null,
  };
}

function settings(title, rows) {
  return rows.length ? el("details", {}, el("summary", {}, title), table(["setting", "value"], rows, "")) : null;
}

function validationTitle({ epoch, stage }) {
  const when = [stage && `stage ${stage}`, Number.isFinite(epoch) && `epoch ${epoch}`].filter(Boolean).join(", ");
  return when ? `Validation, ${when}` : "Validation";
}

function validationBox({ metric, confusion, sheets, samples }) {
  const better = { higher: "higher is better", lower: "lower is better" }[metric?.better] ?? "";
  const unit = metric?.unit && metric.unit !== "1" ? ` ${metric.unit}` : "";
  const score = metric && el("p", {}, el("strong", {}, `${words(String(metric.name))} ${short(metric.value)}${unit}`),
    el("span", { class: "quiet" }, better ? ` (${better})` : ""));
  const images = Object.entries(sheets).map(([kind, { url, note }]) =>
    el("figure", { class: "sheet" }, el("figcaption", {}, `${words(kind)} samples`),
      el("img", { src: url, alt: `${words(kind)} samples of the validation`, loading: "lazy" }),
      note ? el("span", { class: "quiet" }, note) : null));
  return el("div", {}, score, confusion ? new Confusion(confusion).box : null, el("div", { class: "sheets" }, images),
    samples.length ? el("details", {}, el("summary", {}, "Best and worst samples"),
      table(["rank", "sample", "score", "unit"], samples, "")) : null);
}

/** A confusion matrix: rows are what is true, columns what was predicted, colours the share of the row. */
class Confusion {
  constructor({ labels, counts }) {
    Object.assign(this, { labels, counts, totals: counts.map((row) => row.reduce((sum, v) => sum + v, 0)) });
    const right = counts.reduce((sum, row, k) => sum + row[k], 0), all = this.totals.reduce((sum, v) => sum + v, 0);
    const said = `${plural(labels.length, "class", "classes")}, ${short(all)} samples, ${all ? percent(right / all) : "none"} right`;
    this.side = clamp(640 / labels.length, 12, 44);
    this.names = Math.min(150, 8 + 6.4 * Math.max(...labels.map((name) => name.length), 4));
    this.canvas = el("canvas", { role: "img", class: "confusion",
      "aria-label": `Confusion matrix: ${said}; rows are true, columns predicted` });
    const size = this.names + this.side * labels.length + 1;
    Object.assign(this.canvas.style, { width: `${size}px`, height: `${size}px` });
    this.canvas.addEventListener("pointermove", (event) => this.hover(event));
    this.canvas.addEventListener("pointerleave", tip.hide);
    const gone = new AbortController();
    redrawn(this.canvas, () => this.draw(), gone.signal);
    this.box = el("div", {}, el("p", { class: "quiet" }, `${said}. Rows: true; columns: predicted; colour: share of the row.`),
      el("div", { class: "scroll" }, this.canvas), this.recalls());
  }

  recalls() {
    const rows = this.labels.map((name, k) => [words(name), String(this.totals[k]),
      this.totals[k] ? percent(this.counts[k][k] / this.totals[k]) : ""]);
    return el("details", {}, el("summary", {}, "Share right of each class"), table(["true", "samples", "right"], rows, ""));
  }

  draw() {
    const { pen } = prepare(this.canvas), { side, names, labels } = this;
    const letters = clamp(side - 2, 9, 13);
    pen.font = `${letters}px system-ui, sans-serif`;
    labels.forEach((name, k) => {
      Object.assign(pen, { fillStyle: style("--text"), textAlign: "right", textBaseline: "middle" });
      pen.fillText(words(name), names - 5, names + (k + 0.5) * side, names - 6);
      pen.save();
      pen.translate(names + (k + 0.5) * side, names - 5);
      pen.rotate(-Math.PI / 2);
      pen.textAlign = "left";
      pen.fillText(words(name), 0, 0, names - 6);
      pen.restore();
      this.counts[k].forEach((count, j) => {
        const share = this.totals[k] ? count / this.totals[k] : 0;
        pen.fillStyle = count ? `rgb(${heatColor(share)})` : style("--empty");
        pen.fillRect(names + j * side, names + k * side, side - 1, side - 1);
        if (side < 24 || !count) return;
        Object.assign(pen, { fillStyle: share > 0.55 ? "#111" : "#fff", textAlign: "center" });
        pen.fillText(short(count), names + (j + 0.5) * side, names + (k + 0.5) * side, side - 4);
      });
    });
  }

  hover(event) {
    const box = this.canvas.getBoundingClientRect();
    const [j, k] = [event.clientX - box.left, event.clientY - box.top].map((v) => Math.floor((v - this.names) / this.side));
    if (!(this.counts[k]?.[j] >= 0)) return tip.hide();
    const share = this.totals[k] ? percent(this.counts[k][j] / this.totals[k]) : "none";
    tip.show(event, `true: ${words(this.labels[k])}`, `predicted: ${words(this.labels[j])}`,
      `${short(this.counts[k][j])} of ${short(this.totals[k])}, ${share}`);
  }
}
