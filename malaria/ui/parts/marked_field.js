// A field with what was found in it: outlines close to the cells, and a number beside each where there is room. Both are
// drawn here, since only here it is known how large the picture is. A click says where, as shares of width and height;
// so does Enter at the cross, which the arrow keys move once the field has the focus. The button over a suspect says
// which cell it stands for.
const SVG = "http://www.w3.org/2000/svg";
const NEAR = [1, 5, 10, 16, 23]; // pixels between a cell and its number
const LED = 9; // from so many on, a line leads from one to the other
const COVERED = { marked: 0.1, other: 0.25 }; // of a cell's radius, which a number may lie over: hardly more than its rim
const CROSSED = 0.4; // the same for the line
const HEIGHT = 10; // of a number

const draw = (name, about = {}, ...children) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(about)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};

/** How deep a rectangle lies over the ellipse in a box: 0 beside it, 1 over its middle. */
function depth([left, top, right, bottom], cell) {
  const x = (Math.min(Math.max(cell.x, left), right) - cell.x) / cell.across;
  const y = (Math.min(Math.max(cell.y, top), bottom) - cell.y) / cell.down;
  return Math.max(0, 1 - Math.hypot(x, y));
}

const meet = (one, other) => one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];

const isSame = (one, other) => one.x === other.x && one.y === other.y;

/** Where a number of this size is best written beside a cell, null where it would lie over a number or a cell. */
function findRoom(cell, [width, height], cells, taken, [right, bottom]) {
  const reach = Math.max(cell.across, cell.down) + Math.max(width, height) + NEAR.at(-1);
  const near = cells.filter(({ x, y, across, down }) => Math.hypot(x - cell.x, y - cell.y) < reach + Math.max(across, down));
  let best = null;
  for (const far of NEAR) {
    for (let at = 0; at < 24; at++) {
      const turn = ((at % 2 ? at + 1 : -at) * Math.PI) / 24 - Math.PI / 2; // from straight above to both sides
      const x = cell.x + (cell.across + far + width / 2) * Math.cos(turn);
      const y = cell.y + (cell.down + far + height / 2) * Math.sin(turn);
      const spot = [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
      if (spot[0] < 0 || spot[1] < 0 || spot[2] > right || spot[3] > bottom) continue;
      if (taken.some((other) => meet(spot, other))) continue;
      const over = near.map((other) => depth(spot, other));
      if (over.some((deep, which) => deep > (near[which].isMarked ? COVERED.marked : COVERED.other))) continue;
      const half = [(x + cell.x) / 2, (y + cell.y) / 2];
      if (far >= LED && near.some((other) => !isSame(other, cell) && depth([...half, ...half], other) > CROSSED)) continue;
      const cost = over.reduce((sum, deep) => sum + deep, 0) + far / 40;
      if (!best || cost < best.cost) best = { spot, cost, far };
    }
    if (best) return best;
  }
  return null;
}

const pen = document.createElement("canvas").getContext("2d");
pen.font = "700 11px system-ui, sans-serif"; // as in marked_field.css

/** Draw the marks for the size that the picture has now, and return how many numbers found no room. */
function drawMarks(svg, { marks, cells }) {
  const { clientWidth: right, clientHeight: bottom } = svg;
  if (!right) return 0; // it is hidden
  const sized = ([left, top, width, height]) => {
    const [across, down] = [(width / 2) * right, (height / 2) * bottom];
    return { x: left * right + across, y: top * bottom + down, across, down };
  };
  const [lines, numbers, taken] = [[], [], []];
  const marked = new Set(marks.map(({ box }) => box.join()));
  const about = cells.map((box) => ({ ...sized(box), isMarked: marked.has(box.join()) }));
  let hidden = 0;
  for (const { box, points, tag, kind } of marks) {
    const cell = sized(box);
    const wider = { ...cell, across: cell.across + 3, down: cell.down + 3 };
    const at = ([x, y]) =>
      `${cell.x + (x * right - cell.x) * (wider.across / cell.across)},${cell.y + (y * bottom - cell.y) * (wider.down / cell.down)}`;
    const shape = points ? ["polygon", { points: points.map(at).join(" ") }] : ["ellipse", { cx: cell.x, cy: cell.y, rx: wider.across, ry: wider.down }];
    lines.unshift(...["halo", ""].map((as) => draw(shape[0], { ...shape[1], class: `${as} ${kind}` })));
    const size = [pen.measureText(tag).width + 2, HEIGHT];
    let room = findRoom(wider, size, about, taken, [right, bottom]);
    if (!room && kind.includes("chosen")) {
      const [left, top] = [Math.min(Math.max(0, cell.x - size[0] / 2), right - size[0]), Math.max(0, cell.y - wider.down - size[1])];
      room = { spot: [left, top, left + size[0], top + size[1]], far: 0 };
    }
    if (!room) {
      hidden++;
      continue;
    }
    taken.push(room.spot);
    const [left, top] = room.spot;
    const [x, y] = [left + size[0] / 2, top + size[1] / 2];
    if (room.far >= LED) {
      const off = Math.hypot((x - cell.x) / wider.across, (y - cell.y) / wider.down);
      const ends = { x1: x, y1: y, x2: cell.x + (x - cell.x) / off, y2: cell.y + (y - cell.y) / off };
      lines.push(...["halo", ""].map((as) => draw("line", { ...ends, class: `${as} ${kind}` })));
    }
    numbers.push(draw("text", { x, y: y + 4, class: kind }, tag));
  }
  svg.style.setProperty("--line", Math.min(2, Math.max(1.3, right / 300))); // thin on a phone
  svg.setAttribute("viewBox", `0 0 ${right} ${bottom}`);
  svg.replaceChildren(...lines, ...numbers);
  return hidden;
}

export default function ({ parentElement, data, setTriggerValue }) {
  const figure = parentElement.querySelector(".marked-field");
  const image = figure.querySelector("img");
  const cross = figure.querySelector(".cross");
  const places = figure.querySelector(".places");
  const told = figure.querySelector("figcaption");
  const pick = (what) => setTriggerValue("picked", { ...what, token: data.token });
  const where = (event) => {
    const box = image.getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  };
  const off = (place, { x, y }) => [x - place.left - place.width / 2, y - place.top - place.height / 2].map(Math.abs);
  const apart = (place, spot) => Math.hypot(off(place, spot)[0] * data.aspect, off(place, spot)[1]);
  const holds = (place, spot) => off(place, spot)[0] <= place.width / 2 && off(place, spot)[1] <= place.height / 2;
  // Boxes overlap: a click means the one whose middle is nearest, not the one that happens to lie on top.
  const nearest = (spot) =>
    data.places.filter((place) => holds(place, spot)).sort((one, other) => apart(one, spot) - apart(other, spot))[0];
  const at = (cross.at ??= { x: 0.5, y: 0.5 }); // stays where it is when the field is drawn again
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  image.style.aspectRatio = data.aspect; // room is kept before the picture is there: nothing below it jumps
  image.src = data.picture;
  image.alt = data.alt;
  figure.classList.toggle("still", data.token === null);
  cross.hidden = data.token === null;
  image.onclick = (event) => data.token !== null && pick(where(event));
  cross.onkeydown = (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      pick(at);
    } else if (event.key in steps) {
      event.preventDefault();
      const far = event.shiftKey ? 0.05 : 0.01;
      at.x = Math.min(1, Math.max(0, at.x + far * steps[event.key][0]));
      at.y = Math.min(1, Math.max(0, at.y + far * steps[event.key][1]));
      cross.style.left = `${100 * at.x}%`;
      cross.style.top = `${100 * at.y}%`;
    }
  };
  places.replaceChildren(
    ...data.places.map((place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = place.name;
      button.setAttribute("aria-label", place.name);
      button.setAttribute("aria-pressed", place.chosen);
      for (const side of ["left", "top", "width", "height"]) button.style[side] = `${100 * place[side]}%`;
      button.onclick = (event) => pick({ cell: ((event.detail && nearest(where(event))) || place).cell }); // 0: by key
      return button;
    }),
  );
  const paint = () => {
    const hidden = drawMarks(figure.querySelector("svg"), data);
    told.textContent = hidden ? `${hidden === 1 ? "One number has" : `${hidden} numbers have`} no room here. Look closer to see ${hidden === 1 ? "it" : "them"}.` : "";
  };
  const watch = new ResizeObserver(paint); // which also calls at once
  watch.observe(image);
  return () => watch.disconnect();
}
