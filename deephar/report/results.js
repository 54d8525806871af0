// The view of a document of results: everything above put together, in step.

function resultsView(entry, number, signal) {
  const data = unpackPeople(entry), isVideo = entry.kind === "video";
  const lastS = data.times.at(-1) ?? 0, endS = lastS + (isVideo ? 1 / (entry.fps || 25) : 0);
  const media = mediaElement(entry, number, signal);
  const player = new Player(data.times, endS, isVideo ? media : null, entry.media.offset_s ?? 0, signal);
  const select = (id) => {
    const person = data.people.find((one) => one.id === id) ?? null;
    stage.selected = id;
    for (const part of followers) part.show(person);
    timeline?.select(id);
    who.value = String(id);
    stage.draw();
    if (!isVideo) joints.replaceChildren(...(person ? [jointBars(entry, data, person)] : []));
  };
  const stage = new Stage(entry, data, media, select, signal);
  const has3d = data.people.some((person) => person.mm);
  const space = has3d ? new Space(entry, data, signal) : null;
  const timeline = isVideo ? new Timeline(entry, data, player, select, signal) : null;
  const heat = isVideo && data.people.length ? new Heatmap(entry, data, player, signal) : null;
  const chances = entry.actions.length ? new Probabilities(player, signal) : null;
  const followers = [space, heat, chances].filter(Boolean), joints = el("div", {});
  const who = el("select", { "aria-label": "Person", onchange: () => select(Number(who.value)) },
    data.people.map(({ id }) => el("option", { value: id }, `Person ${id}`)));

  const note = el("p", { class: "note", hidden: !entry.media.note }, entry.media.note ?? "");
  player.addEventListener("lost", () => {
    note.textContent = "This browser cannot play the video: only the poses are shown.";
    note.hidden = false;
    entry.media.drawn = false;
    stage.bare();
  });
  media?.addEventListener(isVideo ? "loadedmetadata" : "load", () => {
    if (entry.media.drawn) stage.fit(media.videoWidth || media.naturalWidth, media.videoHeight || media.naturalHeight);
  }, { signal });
  if (!isVideo) media?.addEventListener("error", () => stage.bare(), { signal });
  player.addEventListener("frame", () => {
    stage.draw(player.frame);
    space?.draw(player.frame);
    for (const part of [timeline, heat, chances]) part?.move();
  });

  const content = [
    header(entry),
    el("div", { class: `pair ${has3d ? "" : "single"}` },
      el("section", { class: "panel", "aria-label": isVideo ? "Video" : "Image" },
        el("div", { class: "wide" }, stage.box), note, isVideo ? controls(entry, player, signal) : null,
        switches(stage, entry)),
      space ? panel("In 3D", space.box) : null),
    timeline && panel("Who and when", timeline.box, { aside: data.people.length > 1 ? who : null }),
    chances && panel("Actions over time", chances.box),
    heat && panel("Confidence of the joints", heat.box, { aside: Heatmap.key() }),
    !isVideo && data.people.length ? panel("People", el("div", {}, peopleTable(data, select), joints)) : null,
    entry.actions.length ? panel("Actions", actionTable(entry, player)) : null,
    panel("About", el("div", {}, facts(entry.facts),
      el("details", {}, el("summary", {}, "Units"), facts(entry.units)))),
  ];
  const early = data.people.filter((person) => person.rows[0] >= 0);
  if (data.people.length) select((early.length ? early : [...data.people]).sort((a, b) => b.count - a.count)[0].id);
  else for (const part of followers) part.show(null);
  player.show(0);
  return { content, keys: isVideo ? playerKeys(player) : null, player };
}

function mediaElement(entry, number, signal) {
  const { how, url, mime } = entry.media;
  if (how === "image") return el("img", { src: url, alt: entry.headline, decoding: "async" });
  if (how !== "video") return null;
  const video = el("video", { playsinline: true, muted: true, preload: "auto", "aria-label": "The video" });
  video.muted = true;
  const packed = document.getElementById(`media-${number}`);
  if (packed) {
    const address = URL.createObjectURL(new Blob([bytesOf(packed.textContent)], { type: mime }));
    video.src = address;
    signal.addEventListener("abort", () => URL.revokeObjectURL(address));
  } else video.src = url;
  return video;
}

function header(entry) {
  const { people } = entry;
  const frames = entry.facts.find(([name]) => name === "length")?.[1];
  const about = entry.kind === "video" ? `${plural(people.length, "person", "people")}; ${frames}` : "";
  const problems = entry.problems.map(({ text }) => el("li", {}, text));
  const incomplete = !entry.complete && el("div", { class: "alert", role: "alert" },
    el("strong", {}, "Not complete: something of the source is missing or damaged, or the run was stopped."),
    el("ul", {}, problems));
  const remarks = entry.complete && problems.length ? el("div", { class: "alert mild" }, el("ul", {}, problems)) : null;
  return el("div", { class: "top" }, el("p", { class: "headline", tabindex: entry.headline.length > 200 ? 0 : null }, entry.headline),
    about ? el("p", { class: "quiet" }, about) : null, incomplete || null, remarks);
}

function controls(entry, player, signal) {
  const play = el("button", { type: "button", class: "play", "aria-label": "Play", onclick: () => player.toggle() }, "▶");
  const slide = el("input", { type: "range", min: 0, max: Math.max(0, player.times.length - 1), step: 1, value: 0,
    "aria-label": "Frame", oninput: () => { player.pause(); player.seek(player.times[Number(slide.value)]); } });
  const time = el("output", { class: "time" });
  const speed = el("select", { "aria-label": "Speed", onchange: () => player.setRate(Number(speed.value)) },
    [0.1, 0.25, 0.5, 1, 2, 4].map((rate) => el("option", { value: rate, selected: rate === 1 }, `${rate}×`)));
  player.addEventListener("state", () => {
    play.textContent = player.paused ? "▶" : "❚❚";
    play.setAttribute("aria-label", player.paused ? "Play" : "Pause");
  });
  player.addEventListener("frame", () => {
    slide.value = player.frame;
    slide.setAttribute("aria-valuetext", `${clock(player.now, true)}, frame ${player.frame}`);
    time.textContent = `${clock(player.now, true)} / ${clock(player.endS, true)} · frame ${player.frame}`;
  });
  const step = (label, text, frames) =>
    el("button", { type: "button", "aria-label": label, title: label, onclick: () => player.step(frames) }, text);
  return el("div", { class: "controls" }, play, step("Frame back", "◂", -1), step("Frame on", "▸", 1), slide, time, speed);
}

function switches(stage, entry) {
  if (entry.media.drawn) return el("p", { class: "quiet" }, "The skeletons are part of this overlay.");
  const names = { skeletons: "skeletons", boxes: "boxes", names: "ids and actions" };
  const boxes = Object.entries(names).map(([key, text]) => toggle(text, true, (on) => {
    stage.shown[key] = on;
    stage.draw();
  }));
  const key = (mark, text) => el("span", {}, mark, text);
  const side = (name) => key(el("i", { style: { background: SIDES[name] } }), name);
  return el("div", { class: "row" }, boxes, el("span", { class: "sides quiet" }, side("left"), side("right"),
    key(el("i", { class: "hollow" }), `confidence below ${entry.drawn_confidence}`)));
}

function actionTable(entry, player) {
  const rows = entry.actions.flatMap((action) => action.segments.map((s) => [
    `Person ${action.id}`, words(s.name),
    el("button", { type: "button", class: "link", onclick: () => player.seek(s.start_s) }, clock(s.start_s, true)),
    clock(s.end_s, true), s.probability.toFixed(2),
  ]));
  const unsure = entry.actions.filter((action) => !action.segments.length).map((action) =>
    [`Person ${action.id}`, `not sure, perhaps ${words(action.name)}`, "", "", action.probability.toFixed(2)]);
  return table(["person", "action", "from", "to", "probability"], [...rows, ...unsure],
    "Probability: mean over the clips of the segment.");
}

function peopleTable(data, select) {
  const mean = (person) => person.confidence.reduce((sum, v) => sum + v, 0) / 255 / (person.confidence.length || 1);
  return table(["person", "score", "mean confidence"], data.people.map((person) => [
    el("button", { type: "button", class: "link", onclick: () => select(person.id) },
      el("i", { style: { background: person.color } }), ` Person ${person.id}`),
    person.score ? (person.score[0] / 255).toFixed(2) : "", mean(person).toFixed(2),
  ]), "Score: how sure it is that somebody is there.");
}

/** Confidences of the joints of a person in an image. */
function jointBars(entry, data, person) {
  const bars = entry.joints.map((name, j) => {
    const share = person.confidence[j] / 255;
    return el("div", { class: "bar" }, el("span", { class: "gutter" }, words(name)),
      el("span", { class: "track" }, el("i", { style: { width: `${100 * share}%`, background: `rgb(${heatColor(share)})` } })),
      el("span", { class: "number" }, share.toFixed(2)));
  });
  return el("div", { class: "bars" }, el("h3", {}, `Confidence of the joints, person ${person.id}`), bars);
}

function playerKeys(player) {
  return (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1 };
    if (event.key === " ") player.toggle();
    else if (steps[event.key] && event.shiftKey) player.seek(player.now + steps[event.key]);
    else if (steps[event.key]) player.step(steps[event.key]);
    else if (event.key === "Home") player.seek(0);
    else if (event.key === "End") player.seek(player.endS);
    else return false;
    return true;
  };
}
