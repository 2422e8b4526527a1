// Points marked on a picture: a click or a tap marks, another one on a mark takes it away. By keys the arrows move an aim
// and Space marks. Places are shares of the picture's width and height.
const NEAR = 0.025; // of the width: a click so near to a mark means that mark
const STEP = 0.02;

export default function ({ parentElement, data, setTriggerValue }) {
  const find = (name) => parentElement.querySelector(name);
  const field = find(".field");
  const image = find("img");
  if (field.token !== data.token) {
    field.token = data.token;
    field.marks = [];
    field.aim = null;
    field.sent = false;
    field.since = performance.now();
    image.src = data.picture;
    find(".view").scrollTo(0, 0);
  }
  image.alt = field.ariaLabel = data.alt;
  find(".done").textContent = data.done;

  function draw() {
    field.querySelectorAll(".mark").forEach((mark) => mark.remove());
    for (const [x, y] of field.marks) {
      const mark = document.createElement("span");
      mark.className = "mark";
      mark.style.left = `${100 * x}%`;
      mark.style.top = `${100 * y}%`;
      field.append(mark);
    }
    const aim = find(".aim");
    aim.hidden = !field.aim;
    if (field.aim) [aim.style.left, aim.style.top] = field.aim.map((at) => `${100 * at}%`);
    const n = field.marks.length;
    const more = find(".view").scrollWidth > find(".view").clientWidth ? ". Push the field aside to see all of it." : "";
    find(".said").textContent = `${data.title}: ${n} marked${more}`;
    tell();
  }

  const spent = () => (performance.now() - field.since) / 1000;

  function tell() {
    const seconds = Math.floor(spent());
    find(".clock").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }

  function toggle(x, y) {
    const tall = image.naturalHeight / image.naturalWidth;
    const at = field.marks.findIndex(([a, b]) => Math.hypot(a - x, (b - y) * tall) < NEAR);
    at < 0 ? field.marks.push([x, y]) : field.marks.splice(at, 1);
    draw();
  }

  field.onclick = (event) => {
    const box = image.getBoundingClientRect();
    field.aim = null;
    toggle((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  field.onkeydown = (event) => {
    const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    if (event.key === " " && field.aim) toggle(...field.aim);
    else if (event.key in moves) {
      const from = field.aim ?? [0.5, 0.5];
      field.aim = from.map((at, axis) => Math.min(1, Math.max(0, at + moves[event.key][axis])));
      draw();
      find(".aim").scrollIntoView({ block: "nearest", inline: "nearest" });
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };
  find(".done").onclick = () => {
    if (field.sent) return;
    field.sent = true; // one answer for one picture
    setTriggerValue("marked", { token: data.token, marks: field.marks, seconds: spent() });
  };
  draw();
  const clock = setInterval(tell, 500);
  return () => clearInterval(clock);
}
