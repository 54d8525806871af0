// Small things that all parts of the page use: elements, numbers in words, packed arrays, canvases, the tip.

/** Make an element; texts among the children are texts, never HTML. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [key, text] of Object.entries(value)) node.style.setProperty(key, text);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

const json = (id) => JSON.parse(document.getElementById(id).textContent);

function bytesOf(base64) {
  const text = atob(base64), bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

const unpack = (base64, Kind) => new Kind(bytesOf(base64).buffer);

const words = (name) => name.replaceAll("_", " ");
const percent = (share) => `${Math.round(share * 100)} %`;
const plural = (count, what, many) => `${count} ${count === 1 ? what : many ?? what + "s"}`;
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

/** Seconds as 1:05 or 1:00:05, with hundredths where `fine`. */
function clock(seconds, fine = false) {
  const whole = fine ? Math.floor(seconds * 100 + 0.5) / 100 : Math.round(seconds);
  const hours = Math.floor(whole / 3600), minutes = Math.floor(whole / 60) % 60;
  const rest = fine ? (whole % 60).toFixed(2).padStart(5, "0") : String(whole % 60).padStart(2, "0");
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${rest}` : `${minutes}:${rest}`;
}

/** A number short enough for an axis or a tip. */
function short(value) {
  if (value === null || value === undefined) return "none";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e5)) return Number(value.toPrecision(3)).toExponential().replace("e+", "e");
  return String(Number(value.toPrecision(4)));
}

/** Round numbers between two, about `count` of them. */
function ticks(low, high, count) {
  const rough = (high - low) / Math.max(1, count), power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find((k) => k * power >= rough * 0.999);
  const found = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) found.push(k * step);
  return found;
}

// Okabe and Ito's palette (2008), which stays distinct under all common kinds of colour blindness.
const PEOPLE = ["#009e73", "#cc79a7", "#0072b2", "#d55e00", "#e69f00", "#56b4e9", "#f0e442"];
const SIDES = { left: "#e69f00", right: "#56b4e9", centre: "#f0f0f0" };
const OUTLINE = "#141414";

const personColor = (id) => PEOPLE[(((id - 1) % PEOPLE.length) + PEOPLE.length) % PEOPLE.length];
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// Cividis (Nuñez, Anderton and Renslow, 2018) at five places: dark blue is 0, yellow is 1.
const CIVIDIS = [[0, 34, 78], [65, 77, 107], [124, 123, 120], [187, 173, 108], [254, 232, 56]];

function heatColor(share) {
  const place = clamp(share, 0, 1) * (CIVIDIS.length - 1), k = Math.min(Math.floor(place), CIVIDIS.length - 2);
  return CIVIDIS[k].map((low, c) => Math.round(low + (CIVIDIS[k + 1][c] - low) * (place - k)));
}

/** Match a canvas to its size on the screen; return its context in CSS pixels. */
function prepare(canvas) {
  const scale = window.devicePixelRatio || 1, { clientWidth: width, clientHeight: height } = canvas;
  const [w, h] = [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))];
  if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  return { pen, width, height };
}

/** Call `draw` when an element gets another size, and when light becomes dark. */
function redrawn(element, draw, signal) {
  const observer = new ResizeObserver(() => draw());
  observer.observe(element);
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", draw, { signal });
  signal.addEventListener("abort", () => observer.disconnect());
}

const tip = {
  show(event, ...lines) {
    const box = document.getElementById("tip");
    box.replaceChildren(...lines.map((line) => (line instanceof Node ? line : el("div", {}, line))));
    box.hidden = false;
    const { offsetWidth: w, offsetHeight: h } = box;
    const left = event.clientX + 14 + w > innerWidth ? event.clientX - 14 - w : event.clientX + 14;
    box.style.left = `${Math.max(4, left)}px`;
    box.style.top = `${clamp(event.clientY + 14, 4, innerHeight - h - 4)}px`;
  },
  hide() {
    document.getElementById("tip").hidden = true;
  },
};

/** A panel with a heading and perhaps something at its right. */
function panel(title, content, { aside = null, kind = "" } = {}) {
  const head = el("header", {}, el("h2", {}, title), aside);
  return el("section", { class: `panel ${kind}`, "aria-label": title }, head, content);
}

function table(columns, rows, caption) {
  return el("div", { class: "scroll" }, el("table", {},
    el("caption", { class: "quiet" }, caption),
    el("thead", {}, el("tr", {}, columns.map((name) => el("th", { scope: "col" }, name)))),
    el("tbody", {}, rows.map((row) => el("tr", {}, row.map((cell) => el("td", {}, cell)))))));
}

function facts(rows) {
  return el("dl", {}, rows.map(([name, text]) => [el("dt", {}, name), el("dd", {}, text)]));
}

function toggle(label, on, change, key = "") {
  const box = el("input", { type: "checkbox", checked: on, onchange: () => change(box.checked) });
  return el("label", { class: "toggle", title: key }, box, label);
}
