// Over time, of one person: confidences of the joints as a map of colours, and probabilities of actions as curves.

class Heatmap {
  constructor(entry, data, player, signal) {
    Object.assign(this, { entry, data, player, person: null });
    this.canvas = el("canvas", { class: "heat", role: "img",
      "aria-label": "Confidence of each joint over time; a click goes to that time" });
    this.canvas.style.height = `${entry.joints.length * 15}px`;
    this.head = el("div", { class: "playhead" });
    const names = el("div", { class: "gutter names" }, entry.joints.map((name) => el("span", {}, words(name))));
    this.box = el("div", { class: "timeline" }, el("div", { class: "line tall" }, names, this.canvas),
      el("div", { class: "over" }, this.head));
    this.canvas.addEventListener("pointermove", (event) => this.hover(event), { signal });
    this.canvas.addEventListener("pointerleave", tip.hide, { signal });
    this.canvas.addEventListener("click", (event) => player.seek(this.place(event).time), { signal });
    redrawn(this.canvas, () => this.draw(), signal);
  }

  static key() {
    const colors = [0, 0.25, 0.5, 0.75, 1].map((share) => `rgb(${heatColor(share)})`).join(",");
    return el("span", { class: "key quiet" }, "0",
      el("i", { style: { background: `linear-gradient(90deg, ${colors})` } }), "1");
  }

  show(person) {
    this.person = person;
    this.draw();
  }

  /** A column a pixel: the mean over the frames that it covers, or the frame that is shown then. */
  draw() {
    const { pen, width } = prepare(this.canvas), { joints } = this.data, { person, player } = this;
    const columns = Math.max(1, Math.floor(width));
    if (!person) return;
    const image = new ImageData(columns, joints), sums = new Float64Array(joints);
    for (let x = 0; x < columns; x++) {
      const from = player.frameAt((x / columns) * player.endS);
      const to = Math.max(from + 1, player.frameAt(((x + 1) / columns) * player.endS));
      let count = 0;
      sums.fill(0);
      for (let frame = from; frame < to; frame++) {
        const row = person.rows[frame];
        if (row < 0) continue;
        count++;
        for (let j = 0; j < joints; j++) sums[j] += person.confidence[row * joints + j];
      }
      for (let j = 0; count && j < joints; j++) {
        image.data.set([...heatColor(sums[j] / count / 255), 255], 4 * (j * columns + x));
      }
    }
    const small = el("canvas", { width: columns, height: joints });
    small.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(small, 0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    const time = ((event.clientX - box.left) / box.width) * this.player.endS;
    const joint = Math.floor(((event.clientY - box.top) / box.height) * this.data.joints);
    return { time, joint: clamp(joint, 0, this.data.joints - 1) };
  }

  hover(event) {
    const { time, joint } = this.place(event), frame = this.player.frameAt(time);
    const row = this.person ? this.person.rows[frame] : -1;
    const value = row < 0 ? "not seen" : `confidence ${(this.person.confidence[row * this.data.joints + joint] / 255).toFixed(2)}`;
    tip.show(event, words(this.entry.joints[joint]), `${clock(this.data.times[frame], true)}, frame ${frame}`, value);
  }

  move() {
    this.head.style.left = at(this.player.now, this.player.endS);
  }
}

const CURVES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00"];

/** Probabilities of a person's most probable actions over the clips, drawn at their middles. */
class Probabilities {
  constructor(player, signal) {
    Object.assign(this, { player, action: null });
    this.canvas = el("canvas", { class: "heat", role: "img",
      "aria-label": "Probabilities of the most probable actions over time; a click goes to that time" });
    this.canvas.style.height = "110px";
    this.names = el("div", { class: "gutter names" });
    this.head = el("div", { class: "playhead" });
    this.box = el("div", { class: "timeline" }, el("div", { class: "line tall" }, this.names, this.canvas),
      el("div", { class: "over" }, this.head));
    this.canvas.addEventListener("pointermove", (event) => this.hover(event), { signal });
    this.canvas.addEventListener("pointerleave", tip.hide, { signal });
    this.canvas.addEventListener("click", (event) => player.seek(this.time(event)), { signal });
    redrawn(this.canvas, () => this.draw(), signal);
  }

  show(person) {
    this.action = person?.action ?? null;
    this.names.replaceChildren(...(this.action?.labels ?? []).map((name, k) =>
      el("span", { title: words(name) }, el("i", { style: { background: CURVES[k] } }), words(name))));
    if (this.action && !this.action.values) {
      const [starts, ends] = [this.action.starts, this.action.ends].map((packed) => unpack(packed, Float32Array));
      this.action.middles = starts.map((start, k) => (start + ends[k]) / 2);
      this.action.breaks = starts.map((start, k) => (k === 0 || start > ends[k - 1] + 1e-3 ? 1 : 0));
      this.action.values = unpack(this.action.probabilities, Uint8Array);
    }
    this.draw();
  }

  draw() {
    const { pen, width, height } = prepare(this.canvas), pad = 4;
    Object.assign(pen, { strokeStyle: style("--grid"), lineWidth: 1 });
    for (const share of [0, 0.5, 1]) {
      const y = pad + (1 - share) * (height - 2 * pad);
      pen.strokeRect(0, y, width, 0);
    }
    if (!this.action) return;
    const { middles, breaks, values, labels } = this.action;
    labels.forEach((_, k) => {
      Object.assign(pen, { strokeStyle: CURVES[k], fillStyle: CURVES[k], lineWidth: 1.8, lineJoin: "round" });
      pen.beginPath();
      middles.forEach((time, clip) => {
        const x = (time / this.player.endS) * width;
        const y = pad + (1 - values[clip * labels.length + k] / 255) * (height - 2 * pad);
        if (breaks[clip]) pen.moveTo(x - 1, y);
        pen.lineTo(x, y);
        if (middles.length < 60) pen.fillRect(x - 2.5, y - 2.5, 5, 5);
      });
      pen.stroke();
    });
  }

  time(event) {
    const box = this.canvas.getBoundingClientRect();
    return ((event.clientX - box.left) / box.width) * this.player.endS;
  }

  hover(event) {
    if (!this.action) return;
    const time = this.time(event), { middles, values, labels } = this.action;
    let best = 0;
    middles.forEach((middle, k) => { if (Math.abs(middle - time) < Math.abs(middles[best] - time)) best = k; });
    const lines = labels.map((name, k) => `${words(name)} ${(values[best * labels.length + k] / 255).toFixed(2)}`);
    tip.show(event, `clip at ${clock(middles[best], true)}`, ...lines);
  }

  move() {
    this.head.style.left = at(this.player.now, this.player.endS);
  }
}
