// The page: the list at the left, the sheet of all entries, and one entry at a time, by the address's #number.

const index = json("index"), { entries } = index;
const main = document.getElementById("main"), list = document.getElementById("list");
const KINDS = { run: "Training", video: "Video", image: "Image" };
let leaving = new AbortController(), keys = null, current = null;

const go = (number) => { location.hash = number === null ? "#all" : `#${number}`; };

function groups() {
  const found = new Map();
  entries.forEach((entry, number) => {
    if (!found.has(entry.group)) found.set(entry.group, []);
    found.get(entry.group).push([entry, number]);
  });
  return found;
}

function buildList() {
  const filter = el("input", { type: "search", placeholder: "Filter", "aria-label": "Filter the list",
    oninput: () => {
      const wanted = filter.value.toLowerCase();
      for (const link of list.querySelectorAll("li")) link.hidden = !link.textContent.toLowerCase().includes(wanted);
    } });
  const items = ([entry, number]) => el("li", {}, el("a", { href: `#${number}`, "data-number": number },
    el("span", {}, entry.name), el("small", {}, `${KINDS[entry.kind]}${entry.complete ? "" : ", not complete"}`)));
  const blocks = [...groups()].map(([group, inside]) => [el("h2", {}, group), el("ul", {}, inside.map(items))]);
  list.append(el("details", { open: innerWidth > 900 },
    el("summary", {}, el("strong", {}, "deephar"), el("span", { class: "quiet" }, ` ${entries.length} entries`)),
    el("a", { href: "#all", class: "all" }, "All"), entries.length > 12 ? filter : null, blocks));
}

function leftOut() {
  if (!index.left_out.length) return null;
  return el("div", { class: "alert", role: "alert" }, el("strong", {}, "Left out, because it cannot be read:"),
    el("ul", {}, index.left_out.map((line) => el("li", {}, line))));
}

function sheet() {
  const card = ([entry, number]) => el("a", { class: "card", href: `#${number}` },
    entry.thumbnail ? el("img", { src: entry.thumbnail, alt: "", loading: "lazy", decoding: "async" })
      : el("div", { class: "blank", "aria-hidden": "true" }, entry.curve ? spark(entry.curve) : KINDS[entry.kind]),
    el("strong", {}, entry.name), el("span", { class: "quiet clamped" }, entry.words),
    entry.complete ? null : el("span", { class: "badge" }, "not complete"));
  return [...groups()].map(([group, inside]) =>
    el("section", {}, el("h2", {}, group), el("div", { class: "cards" }, inside.map(card))));
}

/** The course of a score as a small curve. */
function spark(values) {
  const known = values.filter((v) => v !== null), [low, high] = [Math.min(...known), Math.max(...known)];
  const dots = values.map((v, k) => (v === null ? null
    : [8 + (104 * k) / Math.max(1, values.length - 1), 72 - (54 * (v - low)) / (high - low || 1)]));
  return svg("svg", { viewBox: "0 0 120 90", class: "plot" }, svg("path", { d: pathOf(dots), class: "curve spark" }));
}

function show() {
  leaving.abort();
  leaving = new AbortController();
  tip.hide();
  const wanted = location.hash.slice(1), only = entries.length === 1;
  current = only ? 0 : /^\d+$/.test(wanted) && Number(wanted) < entries.length ? Number(wanted) : null;
  for (const link of list.querySelectorAll("a")) {
    const here = current === null ? link.className === "all" : link.dataset.number === String(current);
    if (here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
    if (here && current !== null) link.scrollIntoView({ block: "nearest" });
  }
  const foot = el("footer", { class: "quiet" }, `Written by deephar ${index.deephar}, ${index.made}`);
  keys = null;
  if (current === null) {
    document.title = "deephar report";
    main.replaceChildren(el("h1", {}, "Report"), ...[leftOut(), ...sheet(), foot].filter(Boolean));
    return;
  }
  const summary = entries[current], entry = json(`entry-${current}`);
  const view = entry.kind === "run" ? runView(entry) : resultsView(entry, current, leaving.signal);
  keys = view.keys;
  document.title = `${summary.name} · deephar`;
  main.replaceChildren(el("h1", {}, summary.name), ...[leftOut(), ...view.content, help(entry.kind), foot].filter(Boolean));
  window.scrollTo(0, 0);
  if (innerWidth <= 900 && !only) list.querySelector("details").open = false;
}

function help(kind) {
  const several = entries.length > 1;
  const rows = kind === "video" ? ["Space plays", "← → a frame", "with Shift a second", "Home, End"] : [];
  if (several) rows.push("[ ] the one before, the next");
  if (several && kind === "image") rows.push("so do ← →");
  return rows.length ? el("p", { class: "quiet keys" }, `Keys: ${rows.join(" · ")}`) : null;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const { target } = event;
  const typing = target.closest("input:not([type=checkbox]), select, textarea");
  if (typing || (event.key === " " && target.closest("button, a, summary, input"))) return;
  const still = current !== null && entries.length > 1 && entries[current].kind === "image";
  const move = { "[": -1, "]": 1, ...(still ? { ArrowLeft: -1, ArrowRight: 1 } : {}) }[event.key];
  if (move && current !== null && entries.length > 1) go((current + move + entries.length) % entries.length);
  else if (!keys?.(event)) return;
  event.preventDefault();
});
document.addEventListener("pointerdown", (event) => event.pointerType !== "mouse" && tip.hide());
window.addEventListener("hashchange", show);

if (entries.length > 1) buildList();
else document.body.classList.add("alone");
show();
