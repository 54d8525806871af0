// A 3D skeleton that turns, on a floor of squares. Camera coordinates: x to the right, y down, z away, in mm.

const EYE_MM = 5000; // from the eye to the middle of the person
const FLOOR_MM = 1500; // half a side
const VIEWS = { camera: [0, 0], "from the right": [Math.PI / 2, 0.12], "from above": [0, 1.5] };

class Space {
  /** entry and data as `Stage`; person: of `unpackPeople`. */
  constructor(entry, data, signal) {
    Object.assign(this, { entry, data, frame: 0, person: null });
    this.canvas = el("canvas", {
      class: "space", tabindex: 0, role: "img",
      "aria-label": "The pose in 3D. Drag or use the arrow keys to turn it, Home for the camera's view",
    });
    const buttons = Object.entries(VIEWS).map(([name, view]) =>
      el("button", { type: "button", onclick: () => this.turn(...view) }, name));
    this.about = el("span", { class: "quiet" });
    this.box = el("div", { class: "space-box" }, this.canvas, el("div", { class: "row" }, buttons, this.about));
    [this.yaw, this.pitch] = VIEWS.camera;
    this.listen(signal);
    redrawn(this.canvas, () => this.draw(), signal);
  }

  listen(signal) {
    const canvas = this.canvas;
    canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId), { signal });
    canvas.addEventListener("pointermove", (event) => {
      if (!canvas.hasPointerCapture(event.pointerId)) return;
      this.turn(this.yaw - event.movementX * 0.01, this.pitch + event.movementY * 0.01);
    }, { signal });
    canvas.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: [0.1, 0], ArrowRight: [-0.1, 0], ArrowUp: [0, -0.1], ArrowDown: [0, 0.1] };
      if (event.key === "Home") this.turn(...VIEWS.camera);
      else if (moves[event.key]) this.turn(this.yaw + moves[event.key][0], this.pitch + moves[event.key][1]);
      else return;
      event.preventDefault();
      event.stopPropagation();
    }, { signal });
  }

  turn(yaw, pitch) {
    [this.yaw, this.pitch] = [yaw, clamp(pitch, -0.3, 1.55)];
    this.draw();
  }

  show(person) {
    this.person = person?.mm ? person : null;
    this.high = this.person ? this.height() : 1700;
    this.about.textContent = `squares of ${this.entry.grid_mm} mm; floor through the lowest joint`;
    this.draw();
  }

  /** The person's height, or width around the root if that is more, mm, in all but the 5 % largest frames. */
  height() {
    const { mm, count } = this.person, { joints } = this.data, found = [];
    for (let row = 0; row < count; row += Math.max(1, Math.floor(count / 300))) {
      const points = this.points(mm, row, joints).filter(Boolean);
      if (!points.length) continue;
      const [high, low] = [Math.max, Math.min].map((end) => end(...points.map((p) => p.y)));
      found.push(Math.max(high - low, ...points.map((p) => 2 * Math.hypot(p.x, p.z))));
    }
    found.sort((a, b) => a - b);
    return Math.max(200, found[Math.floor(found.length * 0.95)] ?? 1700);
  }

  points(mm, row, joints) {
    return Array.from({ length: joints }, (_, j) => {
      const [x, y, z] = mm.subarray(3 * (row * joints + j), 3 * (row * joints + j) + 3);
      return x === this.entry.absent ? null : { x, y, z };
    });
  }

  draw(frame = this.frame) {
    this.frame = frame;
    const { pen, width, height } = prepare(this.canvas);
    this.eye = Math.max(EYE_MM, 2.2 * this.high);
    this.zoom = (this.eye * Math.min(width, height)) / (1.3 * this.high);
    this.middle = [width / 2, height / 2];
    this.drawFloor(pen);
    const row = this.person ? this.person.rows[frame] : -1;
    if (row >= 0) this.drawPerson(pen, row);
    else {
      Object.assign(pen, { fillStyle: style("--quiet"), font: "14px system-ui, sans-serif", textAlign: "center" });
      pen.fillText("not seen", width / 2, height / 2);
    }
  }

  /** Where a point of the scene, of which the floor is y = 0, lies on the canvas; null behind the eye. */
  project({ x, y, z }) {
    const up = y + this.high / 2, [c, s, cp, sp] = [this.yaw, this.pitch].flatMap((a) => [Math.cos(a), Math.sin(a)]);
    const across = x * c + z * s, deep = z * c - x * s;
    const depth = this.eye + deep * cp + up * sp;
    if (depth < 300) return null;
    return {
      x: this.middle[0] + (across * this.zoom) / depth,
      y: this.middle[1] + ((up * cp - deep * sp) * this.zoom) / depth,
      depth,
    };
  }

  drawFloor(pen) {
    const step = this.entry.grid_mm;
    Object.assign(pen, { strokeStyle: style("--grid"), lineWidth: 1 });
    for (let k = -FLOOR_MM; k <= FLOOR_MM; k += step) {
      for (const along of [(t) => ({ x: k, y: 0, z: t }), (t) => ({ x: t, y: 0, z: k })]) {
        const [a, b] = [along(-FLOOR_MM), along(FLOOR_MM)].map((p) => this.project(p));
        if (!a || !b) continue;
        pen.beginPath();
        pen.moveTo(a.x, a.y);
        pen.lineTo(b.x, b.y);
        pen.stroke();
      }
    }
    const front = this.project({ x: 0, y: 0, z: -FLOOR_MM });
    if (!front) return;
    Object.assign(pen, { fillStyle: style("--quiet"), font: "11px system-ui, sans-serif", textAlign: "center" });
    pen.fillText("to the camera", front.x, front.y + 12);
  }

  drawPerson(pen, row) {
    const points = this.points(this.person.mm, row, this.data.joints), { confidence } = this.person;
    const low = Math.max(...points.filter(Boolean).map((p) => p.y));
    const joints = points.map((p, j) => {
      const at = p && this.project({ ...p, y: p.y - low });
      return at && { ...at, sure: confidence[row * this.data.joints + j] / 255 };
    });
    const depth = ([a, b]) => (joints[a]?.depth ?? 0) + (joints[b]?.depth ?? 0);
    const far = [...this.entry.links].sort((one, other) => depth(other) - depth(one));
    const limit = this.entry.drawn_confidence, width = clamp(Math.min(...this.middle) / 45, 2.5, 7);
    paintSkeleton(pen, this.entry, joints, width, (joint) => joint.sure >= limit, far);
  }
}
