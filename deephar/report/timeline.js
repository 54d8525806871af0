// Who is seen when, and does what: a row a person; a click goes to that time. All rows share the scale of time.

/** A row: a label in the gutter, and a track on which times are placed. */
function row(label, ...children) {
  return el("div", { class: "line" }, label, el("div", { class: "track" }, children));
}

const at = (time, endS) => `${(100 * clamp(time, 0, endS)) / (endS || 1)}%`;

/** A stretch of time on a track. */
function stretch(kind, startS, endS, lengthS, attributes = {}, ...children) {
  const place = { left: at(startS, lengthS), width: `calc(${at(endS, lengthS)} - ${at(startS, lengthS)})` };
  const tag = attributes.onclick ? "button" : "div";
  return el(tag, { class: kind, ...(tag === "button" ? { type: "button" } : {}), ...attributes,
    style: { ...place, ...attributes.style } }, children);
}

class Timeline {
  /** player: `Player`; select: function of a person's id. */
  constructor(entry, data, player, select, signal) {
    Object.assign(this, { entry, data, player });
    this.labels = new Map();
    const rows = data.people.map((person) => this.personRow(person, select));
    const timed = entry.problems.filter((problem) => problem.time_s !== null);
    const gaps = this.gaps();
    if (timed.length || gaps.length) rows.push(this.problemRow(timed, gaps));
    if (!rows.length) rows.push(row(el("span", { class: "gutter quiet" }, "nobody")));
    this.head = el("div", { class: "playhead" });
    this.box = el("div", { class: "timeline" }, el("div", { class: "rows" }, rows), this.axis(),
      el("div", { class: "over" }, this.head));
    this.box.addEventListener("click", (event) => this.click(event), { signal });
  }

  personRow(person, select) {
    const { entry, player } = this, end = player.endS;
    const seen = person.runs.map(([first, count]) => {
      const [from, to] = [this.data.times[first], this.timeAfter(first + count - 1)];
      return stretch("seen", from, to, end, { style: { background: person.color } });
    });
    const found = person.action?.segments ?? [];
    const segments = found.map((s) => {
      const text = `${words(s.name)} ${s.probability.toFixed(2)}`;
      const tell = (event) => tip.show(event, text, `${clock(s.start_s, true)} to ${clock(s.end_s, true)}`);
      return stretch("segment", s.start_s, s.end_s, end, {
        "aria-label": `${text}, from ${clock(s.start_s)} to ${clock(s.end_s)}`,
        style: { "--person": person.color, "--sure": s.probability },
        onclick: (event) => { if (event.detail === 0) player.seek(s.start_s); },
        onpointermove: tell, onpointerleave: tip.hide,
      }, el("span", {}, text));
    });
    const key = el("i", { style: { background: person.color } });
    const label = el("button", { type: "button", class: "gutter", "aria-pressed": "false",
      onclick: () => select(person.id) }, key, `Person ${person.id}`);
    this.labels.set(person.id, label);
    return row(label, seen, segments);
  }

  problemRow(timed, gaps) {
    const { player } = this;
    const flags = timed.map(({ text, time_s: time }) => el("button", {
      type: "button", class: "flag", style: { left: at(time, player.endS) }, "aria-label": text,
      onclick: () => player.seek(time), onpointermove: (event) => tip.show(event, text), onpointerleave: tip.hide,
    }, "!"));
    const holes = gaps.map(([from, to]) => stretch("gap", from, to, player.endS, {
      onpointermove: (event) => tip.show(event, `no frame from ${clock(from, true)} to ${clock(to, true)}`),
      onpointerleave: tip.hide }));
    return row(el("span", { class: "gutter" }, "Problems"), holes, flags);
  }

  /** Stretches between frames that are three times as long as usual, and longer than a quarter of a second. */
  gaps() {
    const { times } = this.data, steps = times.slice(1).map((time, k) => time - times[k]);
    const usual = steps.slice().sort()[steps.length >> 1] ?? 0, found = [];
    steps.forEach((step, k) => {
      if (step > Math.max(3 * usual, 0.25)) found.push([times[k] + usual, times[k + 1]]);
    });
    return found.length > 200 ? [] : found;
  }

  timeAfter(frame) {
    return this.data.times[frame + 1] ?? this.player.endS;
  }

  axis() {
    const end = this.player.endS, marks = ticks(0, Math.max(end, 1e-3), 6);
    const fine = marks.length > 1 && marks[1] - marks[0] < 1;
    return el("div", { class: "line axis", "aria-hidden": "true" }, el("span", { class: "gutter" }),
      el("div", { class: "track" }, marks.map((time) =>
        el("span", { style: { left: at(time, end) } }, fine ? `${short(time)} s` : clock(time)))));
  }

  click(event) {
    const track = event.target.closest(".track");
    if (!track || event.target.closest(".flag") || event.detail === 0) return;
    const box = track.getBoundingClientRect();
    this.player.seek(((event.clientX - box.left) / box.width) * this.player.endS);
  }

  select(id) {
    for (const [other, label] of this.labels) label.setAttribute("aria-pressed", String(other === id));
  }

  move() {
    this.head.style.left = at(this.player.now, this.player.endS);
  }
}
