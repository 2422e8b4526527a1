// What keys and fingers do to the cell on view beside answering it: + and - enlarge, C changes the contrast, 0 undoes
// both, ? lists all keys. On a phone a swipe gives the key that the word beside the finger stands for, and nothing if
// another cell came on view under the finger; what a key may do, and how often it must be pressed, is not decided here.
const look = { zoom: 1, contrast: 0 };
const CONTRASTS = [null, 150, 200, 300]; // percent; the first leaves what the sliders say
const FAR = 80; // pixels that a finger must travel across, and twice as far as up or down
let now = null; // what the page says last

const rules = document.createElement("style");
document.head.append(rules);

const root = () => document.querySelector(".st-key-review-card [data-card]");
const picture = () => document.querySelector(".st-key-review-card .cell img");

function draw() {
  const zoom = look.zoom === 1 ? "" : `--zoom: ${look.zoom};`;
  const contrast = CONTRASTS[look.contrast] ? `--contrast: ${CONTRASTS[look.contrast]}%;` : "";
  rules.textContent = `.st-key-review-card .cell img { ${zoom} ${contrast} }`;
}

let centred = "";
function centre() {
  const cell = picture()?.closest(".cell");
  const state = `${root()?.dataset.card} ${look.zoom}`;
  if (!cell || state === centred) return; // where the eye was led since stays
  centred = state;
  cell.scrollTo((cell.scrollWidth - cell.clientWidth) / 2, (cell.scrollHeight - cell.clientHeight) / 2);
}

const acts = {
  "+": () => (look.zoom = Math.min(5, look.zoom + 0.5)),
  "=": () => acts["+"](), // the same key without Shift
  "-": () => (look.zoom = Math.max(1, look.zoom - 0.5)),
  0: () => Object.assign(look, { zoom: 1, contrast: 0 }),
  c: () => (look.contrast = (look.contrast + 1) % CONTRASTS.length),
};

window.addEventListener(
  "keydown",
  (event) => {
    if (!now?.dialog.isConnected || event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    if (now.dialog.contains(event.target)) {
      if (key === "?") now.dialog.close();
    } else if (isWriting(event.target)) {
      return;
    } else if (key === "?") {
      now.open();
    } else if (key in acts && picture()) {
      acts[key]();
      draw();
      centre();
    } else {
      return;
    }
    event.stopImmediatePropagation(); // C is also Streamlit's
    if (key === "?" || key in acts) event.preventDefault();
  },
  true,
);

/** What a swipe stands for now: a key and the word for it. */
function mean(right) {
  const { card, said } = root()?.dataset ?? {};
  const other = (letter) => (letter === "p" ? "u" : "p");
  const words = { p: "Parasitized", u: "Uninfected" };
  if (said) {
    if (right) return { key: "Enter", word: "Keep, next" };
    const change = said === "Parasitized" ? "u" : "p";
    return { key: change, word: `Change to ${words[change]}` };
  }
  const given = now.data.given[card];
  if (given) return right ? { key: given, word: "Right as given" } : { key: other(given), word: `Wrong: ${words[other(given)]}` };
  return now.data.hidden.includes(card) ? { key: right ? "p" : "u", word: words[right ? "p" : "u"] } : null;
}

function press(key) {
  const code = key.length === 1 ? `Key${key.toUpperCase()}` : key;
  document.body.dispatchEvent(new KeyboardEvent("keydown", { key, code, bubbles: true, cancelable: true }));
  document.body.dispatchEvent(new KeyboardEvent("keyup", { key, code, bubbles: true, cancelable: true }));
}

let drag = null;
const across = ({ clientX, clientY }) => {
  const [x, y] = [clientX - drag.x, clientY - drag.y];
  return Math.abs(x) > FAR && Math.abs(x) > 2 * Math.abs(y) ? x : 0;
};
document.addEventListener("touchstart", (event) => {
  const cell = event.target.closest?.(".st-key-review-card .cell");
  drag = null;
  if (!cell || !now?.dialog.isConnected || event.touches.length > 1 || cell.scrollWidth > cell.clientWidth) return;
  const { clientX, clientY } = event.touches[0];
  drag = { x: clientX, y: clientY, card: root()?.dataset.card, said: root()?.dataset.said, cell };
});
document.addEventListener("touchmove", (event) => {
  if (!drag) return;
  const x = across(event.touches[0]);
  const meant = x && mean(x > 0);
  const box = drag.cell.getBoundingClientRect();
  now.word.hidden = !meant;
  if (meant) now.word.textContent = x > 0 ? `${meant.word} →` : `← ${meant.word}`;
  Object.assign(now.word.style, { left: `${box.left + box.width / 2}px`, top: `${box.top + 16}px` });
});
document.addEventListener("touchend", (event) => {
  if (!drag) return;
  const x = across(event.changedTouches[0]);
  const meant = x && mean(x > 0);
  const isSame = drag.card && drag.card === root()?.dataset.card && drag.said === root()?.dataset.said;
  drag = null;
  now.word.hidden = true;
  if (meant && isSame) press(meant.key);
});
document.addEventListener("touchcancel", () => {
  drag = null;
  if (now) now.word.hidden = true;
});

export default function ({ parentElement, data }) {
  const dialog = parentElement.querySelector("dialog");
  const rows = data.keys.map(([keys, does]) => {
    const row = document.createElement("tr");
    const [head, cell] = ["th", "td"].map((tag) => document.createElement(tag));
    head.scope = "row";
    head.textContent = keys;
    cell.textContent = does;
    row.append(head, cell);
    return row;
  });
  dialog.querySelector("tbody").replaceChildren(...rows);
  const open = () => {
    dialog.showModal();
    dialog.querySelector("input").focus(); // where one writes, no key answers
  };
  dialog.onclick = () => dialog.close();
  parentElement.querySelector(".all-keys").onclick = open;
  parentElement.querySelector(".swipe-hint").textContent = data.hint;
  now = { data, dialog, open, word: parentElement.querySelector(".swipe-word") };
  draw();
  centre();
}
