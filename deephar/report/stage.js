// People as data, and the stage: the image or video with skeletons, boxes and ids on it.

/** The people of an entry, unpacked: see deephar/report/people.py. */
function unpackPeople(entry) {
  const times = unpack(entry.times, Float32Array), joints = entry.joints.length;
  const people = entry.people.map((person) => {
    const rows = new Int32Array(times.length).fill(-1);
    let row = 0;
    for (const [first, count] of person.runs) for (let k = 0; k < count; k++) rows[first + k] = row++;
    return {
      id: person.id, runs: person.runs, rows, count: row, color: personColor(person.id),
      box: unpack(person.box, Int16Array), xy: unpack(person.xy, Int16Array),
      confidence: unpack(person.confidence, Uint8Array),
      mm: person.mm && unpack(person.mm, Int16Array), score: person.score && unpack(person.score, Uint8Array),
      action: entry.actions.find((action) => action.id === person.id) ?? null,
    };
  });
  return { times, people, joints };
}

/** What somebody does at a time, or null. */
const actionAt = (person, time) =>
  person.action?.segments.findLast((segment) => segment.start_s <= time && time < segment.end_s) ?? null;

class Stage {
  /** data: of `unpackPeople`; media: the element to draw on, or null; select: function of a person's id. */
  constructor(entry, data, media, select, signal) {
    Object.assign(this, { entry, data, media, select, frame: 0, selected: null });
    this.shown = { skeletons: !entry.media.drawn, boxes: !entry.media.drawn, names: !entry.media.drawn };
    this.canvas = el("canvas", { role: "img", "aria-label": "Skeletons and boxes over the image" });
    this.box = el("div", { class: "stage" }, media, this.canvas);
    this.fit(...entry.size);
    this.canvas.addEventListener("pointermove", (event) => this.hover(event), { signal });
    this.canvas.addEventListener("pointerleave", () => tip.hide(), { signal });
    this.canvas.addEventListener("click", (event) => this.click(event), { signal });
    redrawn(this.canvas, () => this.draw(), signal);
  }

  fit(width, height) {
    this.box.style.setProperty("aspect-ratio", `${width} / ${height}`);
    this.box.style.setProperty("--wide", width / height);
  }

  /** Go on without the image or video. */
  bare() {
    this.media?.remove();
    this.media = null;
    this.shown = { skeletons: true, boxes: true, names: true };
    this.fit(...this.entry.size);
    this.draw();
  }

  /** People of the frame: {person, row}. */
  present() {
    return this.data.people.map((person) => ({ person, row: person.rows[this.frame] })).filter(({ row }) => row >= 0);
  }

  joint(person, row, joint) {
    const place = 2 * (row * this.data.joints + joint), [x, y] = [person.xy[place], person.xy[place + 1]];
    if (x === this.entry.absent || y === this.entry.absent) return null;
    const sure = person.confidence[row * this.data.joints + joint] / 255;
    return { x: x * this.scale, y: y * this.scale, sure };
  }

  draw(frame = this.frame) {
    this.frame = frame;
    const { pen, width } = prepare(this.canvas);
    this.scale = (this.entry.step_px * width) / this.entry.size[0];
    const present = this.present();
    if (this.shown.boxes) for (const { person, row } of present) this.drawBox(pen, person, row);
    if (this.shown.skeletons) for (const { person, row } of present) this.drawSkeleton(pen, person, row);
    if (this.shown.names) for (const { person, row } of present) this.drawName(pen, person, row);
  }

  drawBox(pen, person, row) {
    const [x1, y1, x2, y2] = person.box.subarray(4 * row, 4 * row + 4).map((v) => Math.round(v * this.scale));
    const wide = person.id === this.selected && this.data.people.length > 1 ? 2.5 : 1.5;
    for (const [color, line] of [[OUTLINE, wide + 1.5], [person.color, wide]]) {
      Object.assign(pen, { strokeStyle: color, lineWidth: line });
      pen.strokeRect(x1, y1, x2 - x1, y2 - y1);
    }
  }

  drawSkeleton(pen, person, row) {
    const joints = this.entry.joints.map((_, j) => this.joint(person, row, j)), placed = joints.filter(Boolean);
    if (!placed.length) return;
    const span = (key) => Math.max(...placed.map((p) => p[key])) - Math.min(...placed.map((p) => p[key]));
    const width = clamp(Math.max(span("x"), span("y")) / 60, 1.2, 8), limit = this.entry.drawn_confidence;
    paintSkeleton(pen, this.entry, joints, width, (joint) => joint.sure >= limit);
  }

  drawName(pen, person, row) {
    const segment = actionAt(person, this.data.times[this.frame]);
    const text = `${person.id}${segment ? ` ${words(segment.name)} ${segment.probability.toFixed(2)}` : ""}`;
    if (this.data.people.length === 1 && !segment) return;
    pen.font = "600 13px system-ui, sans-serif";
    const wide = pen.measureText(text).width + 10, [x1, y1] = [person.box[4 * row], person.box[4 * row + 1]];
    const x = clamp(x1 * this.scale, 0, Math.max(0, this.canvas.clientWidth - wide));
    const y = Math.max(0, y1 * this.scale - 20);
    pen.fillStyle = OUTLINE;
    pen.fillRect(x, y, wide, 20);
    pen.fillStyle = person.color;
    pen.fillRect(x, y, 3, 20);
    pen.fillStyle = "#fff";
    pen.fillText(text, x + 6, y + 14.5);
  }

  place(event) {
    const box = this.canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  hover(event) {
    const [x, y] = this.place(event);
    let best = null;
    for (const { person, row } of this.shown.skeletons ? this.present() : []) {
      for (let j = 0; j < this.data.joints; j++) {
        const joint = this.joint(person, row, j), far = joint ? Math.hypot(joint.x - x, joint.y - y) : 99;
        if (far < (best?.far ?? 14)) best = { far, person, name: this.entry.joints[j], joint };
      }
    }
    if (!best) return tip.hide();
    const [px, py] = [best.joint.x, best.joint.y].map((v) => ((v / this.scale) * this.entry.step_px).toFixed(1));
    const many = this.data.people.length > 1 ? `person ${best.person.id}, ` : "";
    tip.show(event, `${many}${words(best.name)}`, `confidence ${best.joint.sure.toFixed(2)}`, `x ${px}, y ${py} px`);
  }

  click(event) {
    const [x, y] = this.place(event), scale = this.scale;
    const inside = this.present().filter(({ person, row }) => {
      const [x1, y1, x2, y2] = person.box.subarray(4 * row, 4 * row + 4);
      return x1 * scale <= x && x <= x2 * scale && y1 * scale <= y && y <= y2 * scale;
    });
    const area = ({ person, row }) => {
      const [x1, y1, x2, y2] = person.box.subarray(4 * row, 4 * row + 4);
      return (x2 - x1) * (y2 - y1);
    };
    if (inside.length) this.select(inside.sort((a, b) => area(a) - area(b))[0].person.id);
  }
}

/** Links and joints at places {x, y} on a canvas, sides told apart; hollow and thin where not `sure`. */
function paintSkeleton(pen, entry, joints, width, sure, order = entry.links) {
  const links = order.filter(([a, b]) => joints[a] && joints[b]);
  const side = (a, b) => {
    const found = [...new Set([entry.sides[a], entry.sides[b]])].filter((name) => name !== "centre");
    return SIDES[found.length === 1 ? found[0] : "centre"];
  };
  const thick = ([a, b]) => (sure(joints[a]) && sure(joints[b]) ? width : width / 2);
  pen.lineCap = "round";
  const line = (link, wide, color) => {
    Object.assign(pen, { strokeStyle: color, lineWidth: wide });
    pen.beginPath();
    pen.moveTo(joints[link[0]].x, joints[link[0]].y);
    pen.lineTo(joints[link[1]].x, joints[link[1]].y);
    pen.stroke();
  };
  for (const link of links) line(link, thick(link) + 0.6 * width + 0.8, OUTLINE);
  for (const link of links) line(link, thick(link), side(...link));
  const disc = (joint, radius, color) => {
    pen.fillStyle = color;
    pen.beginPath();
    pen.arc(joint.x, joint.y, radius, 0, 7);
    pen.fill();
  };
  joints.forEach((joint, j) => {
    if (!joint) return;
    disc(joint, 1.15 * width + 0.8, OUTLINE);
    disc(joint, 0.9 * width + 0.4, SIDES[entry.sides[j]]);
    if (!sure(joint)) disc(joint, 0.55 * width + 0.3, OUTLINE);
  });
}
