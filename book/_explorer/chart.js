// Diffusivity on double logarithmic axes: the book's curves, points of the reader, the live point.

const WIDTH = 460;
const HEIGHT = 400;
const LEFT = 78;
const RIGHT = WIDTH - 12;
const TOP = 12;
const BOTTOM = HEIGHT - 50;
const SVG = "http://www.w3.org/2000/svg";

// Position along an axis from `low` to `high`, which stand at `start` and `stop`.
export function logScale(low, high, start, stop) {
  return (value) => start + ((stop - start) * Math.log(value / low)) / Math.log(high / low);
}

// 1, 2 and 5 times powers of ten from `low` to `high`.
export function logTicks(low, high) {
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.log10(high); power++)
    for (const digit of [1, 2, 5]) ticks.push(Number(`${digit}e${power}`));
  return ticks.filter((tick) => tick >= low * (1 - 1e-9) && tick <= high * (1 + 1e-9));
}

function element(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

function path(points) {
  return points.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
}

// `axis` has name, label and range; curves have colour, dash and points with a value `D`.
export function drawChart(svg, axis, curves, points) {
  const [low, high] = axis.range;
  const [least, most] = axis.D_range;
  const x = logScale(low, high, LEFT, RIGHT);
  const y = logScale(least, most, BOTTOM, TOP);
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.replaceChildren(element("rect", { width: WIDTH, height: HEIGHT, fill: "#fff" }));
  svg.append(...frame(axis, x, y));
  for (const { colour, dash, points: along } of curves) {
    const at = along.map((one) => [x(one[axis.name]), y(one.D)]);
    const look = { fill: "none", stroke: colour, "stroke-width": 2, "stroke-dasharray": dash };
    svg.append(element("polyline", { points: path(at), ...look }));
  }
  for (const point of points) {
    const place = point[axis.name];
    if (place < low || place > high || !(point.D > least && point.D < most)) continue;
    svg.append(...mark(x(place), y, point, least));
  }
}

function frame(axis, x, y) {
  const { label, range, D_range } = axis;
  const text = { fill: "#222", "font-size": 15, "font-family": "sans-serif" };
  const ink = { ...text, "text-anchor": "middle" };
  const line = { stroke: "#222", "stroke-width": 1 };
  const drawn = [
    element("line", { x1: LEFT, x2: RIGHT, y1: BOTTOM, y2: BOTTOM, ...line }),
    element("line", { x1: LEFT, x2: LEFT, y1: TOP, y2: BOTTOM, ...line }),
    element("text", { x: (LEFT + RIGHT) / 2, y: HEIGHT - 8, ...ink }, label),
  ];
  const middle = (TOP + BOTTOM) / 2;
  const turned = { x: 15, y: middle, transform: `rotate(-90 15 ${middle})` };
  drawn.push(element("text", { ...turned, ...ink }, "diffusivity D (cm²/s)"));
  for (const tick of logTicks(...range)) {
    drawn.push(element("line", { x1: x(tick), x2: x(tick), y1: BOTTOM, y2: BOTTOM + 5, ...line }));
    drawn.push(element("text", { x: x(tick), y: BOTTOM + 20, ...ink }, tick));
  }
  for (const tick of logTicks(...D_range)) {
    drawn.push(element("line", { x1: LEFT - 5, x2: LEFT, y1: y(tick), y2: y(tick), ...line }));
    const place = { x: LEFT - 8, y: y(tick) + 5 };
    drawn.push(element("text", { ...place, ...text, "text-anchor": "end" }, tick));
  }
  return drawn;
}

// A point with its error bar: filled where it is of the film shown, hollow while it settles.
function mark(x, y, { D, std_err, colour, live, settling }, least) {
  const bar = { stroke: colour, "stroke-width": 2 };
  const ends = { y1: y(Math.max(D - std_err, least)), y2: y(D + std_err) };
  const dot = { cx: x, cy: y(D), r: live ? 7 : 4.5, fill: settling ? "#fff" : colour, ...bar };
  const drawn = [element("circle", dot)];
  const ring = { cx: x, cy: y(D), r: 11, fill: "none", stroke: "#222" };
  if (!settling) drawn.unshift(element("line", { x1: x, x2: x, ...ends, ...bar }));
  if (live) drawn.push(element("circle", ring));
  return drawn;
}
