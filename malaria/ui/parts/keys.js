// The cell on view and the keys that decide on it. Each key is bound to the cell that the screen shows when it is
// pressed, and kept in `pending` until the server has heard it. The next cell is drawn here at once, from those that the
// server has promised (`deck`), without waiting for its answer. A key that has no cell to be about is refused, and that
// is said. T goes to the note; Enter and Escape lead back from it and from the annotator's name.
const pictures = new Map(); // by key; the server sends each once
const works = new Map(); // what was pressed in each, whatever is drawn again
let listen = null;
const hear = (event) => {
  if (listen) listen(event);
  else if (document.querySelector("[class*='-answers'] button") && "punxsz".includes(event.key.toLowerCase()) && !isWriting(event.target))
    event.stopImmediatePropagation(); // the buttons are there, the cell is not
};
window.addEventListener("keydown", hear, true);
// Who chose from a list by hand goes on by key: the list must not take the key for what it is to search.
const leaveList = ({ target, pointerType }) => {
  const leave = () => document.activeElement?.matches?.("[role='combobox']") && document.activeElement.blur();
  if (pointerType && target.closest?.("[role='option']")) setTimeout(leave, 0);
};
window.addEventListener("click", leaveList, true);
window.addEventListener("beforeunload", (event) => {
  if ([...works.values()].some((work) => work.pending.length)) event.preventDefault();
});

const KEPT = 64;
const AGAIN = 4000; // milliseconds
const app = () => document.querySelector(".stApp");
const note = () => document.querySelector(":is(.st-key-review-note, .st-key-smear-note) input");
const moves = "[role='slider'], [role='radio'], [role='tab'], [role='listbox']";
/** Whether a key is for what has the focus: Enter presses a button, an arrow moves a slider. */
const isTaken = ({ key, target }) =>
  (key === "Enter" && target?.closest?.(`button, a, summary, ${moves}`)) || (key.startsWith("Arrow") && target?.closest?.(moves));

/** What the screen shows once the server has heard all that is pending: the card, and what was said of it so far. */
function foresee({ deck, said, doubted }, pending) {
  const now = { at: 0, said, doubted, isUnknown: false };
  const goOn = () => Object.assign(now, { at: now.at + 1, said: null, doubted: null });
  for (const press of pending) {
    if (press.act === "go_on" || press.act === "skip") goOn();
    else if (press.act !== "answer") now.isUnknown = true; // as after an undo
    else if (now.said && ![now.said, now.doubted].includes(press.said)) now.doubted = press.said;
    else if (!now.said && deck[now.at]?.waits) now.said = press.said;
    else goOn();
  }
  return { ...now, card: now.isUnknown ? undefined : deck[now.at] };
}

/** Go to the note once the page rests, with what was typed meanwhile, and back if Enter followed. */
function openNote(work, tries = 60) {
  const rests = app()?.dataset.testScriptState !== "running";
  if (!(rests && note())) {
    if (tries) setTimeout(() => openNote(work, tries - 1), 50);
    else work.opening = null;
    return;
  }
  const { typed, isDone } = work.opening;
  work.opening = null;
  note().focus();
  if (typed) {
    Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(note(), note().value + typed);
    note().dispatchEvent(new Event("input", { bubbles: true }));
  }
  if (isDone) note().blur();
}

export default function ({ parentElement, data, setStateValue }) {
  const root = parentElement.querySelector(".keys");
  const frame = root.querySelector(".cell");
  const told = root.querySelector("[role='status']");
  if (!works.has(data.work)) works.set(data.work, { pending: [], number: data.heard, refused: data.refused, missed: 0 });
  const work = works.get(data.work);
  work.pending = work.pending.filter((press) => press.number > data.heard);
  if (!work.pending.length) clearTimeout(work.again);
  for (const card of data.deck) if (typeof card.picture === "string") pictures.set(card.key, card.picture);
  for (const key of [...pictures.keys()].slice(0, -KEPT)) pictures.delete(key);

  const send = () => {
    const have = data.deck.map((card) => card.key).filter((key) => pictures.has(key));
    setStateValue("log", { work: data.work, pending: [...work.pending], have, at: Date.now() });
    clearTimeout(work.again);
    if (work.pending.length) work.again = setTimeout(send, AGAIN); // the connection may have broken
  };
  const refuse = (words, n = 1) => {
    work.missed += n;
    root.dataset.refused = work.missed;
    told.textContent = words;
  };
  const paint = () => {
    const { at, said, card } = foresee(data, work.pending);
    root.hidden = !data.deck.length;
    frame.setAttribute("aria-label", data.label);
    root.dataset.card = card?.image_id ?? "";
    root.classList.toggle("waits", !card);
    for (const name of ["--tall", "--wide"]) root.style.setProperty(name, (card ?? {})[name.slice(2)] ?? 1);
    for (const [name, value] of Object.entries(data.look)) root.style.setProperty(name, value);
    const uri = card && pictures.get(card.key);
    const error = card?.error ?? (uri === "" ? "This image cannot be read." : null);
    if (error || !data.deck.length) frame.replaceChildren();
    else if (uri) {
      const image = frame.querySelector("img") ?? frame.appendChild(document.createElement("img"));
      image.src = uri;
      image.alt = card.alt;
    }
    if (error) told.textContent = error;
    else if (!work.missed) told.textContent = "";
    root.dataset.said = said ?? "";
    if (!app()) return;
    app().toggleAttribute("data-ahead", at > 0 || (data.deck.length > 0 && !card)); // at the end nothing is waited for
    app().toggleAttribute("data-pending", work.pending.length > 0);
  };
  const press = (event, [act, answer]) => {
    const { said, card } = foresee(data, work.pending);
    const key = event.key.length === 1 ? event.key.toUpperCase() : event.key;
    if (!card) return refuse(`${key} was not taken: it came before the next cell.`);
    if (act === "go_on" && !said) return refuse(`${key} was not taken: answer first.`);
    if (act === "skip" && said) return refuse(`${key} was not taken: Enter goes on.`);
    const written = work.pending.length ? "" : (note()?.value ?? "");
    work.pending.push({ number: ++work.number, image_id: card.image_id, act, said: answer ?? "", note: written });
    work.missed = 0;
    paint();
    send();
  };

  listen = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === note() || event.target.matches?.("input[aria-label='Annotator']")) {
      if (event.key === "Escape" || event.key === "Enter") event.target.blur(); // which hands the text over
      return;
    }
    if (isWriting(event.target)) return;
    const act = data.deck.length ? data.acts[event.key.toLowerCase()] : undefined;
    const isNote = event.key.toLowerCase() === "t" && note();
    if (work.opening) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.key === "Enter" || event.key === "Escape") work.opening.isDone = true;
      else if (event.key.length === 1 && !work.opening.isDone) work.opening.typed += event.key;
    } else if (event.repeat && event.key.length === 1) event.stopImmediatePropagation(); // held down, it answers once
    else if (act && !isTaken(event)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!event.repeat) press(event, act);
    } else if (isNote) {
      event.preventDefault();
      work.opening = { typed: "", isDone: false };
      if (!work.pending.length) openNote(work); // else the note on view is that of an earlier cell
    }
  };
  if (data.refused > work.refused) {
    const n = data.refused - work.refused;
    refuse(`${n === 1 ? "A key was" : `${n} keys were`} not taken: the cell was no longer on view.`, n);
    work.refused = data.refused;
  }
  paint();
  if (work.opening && !work.pending.length) openNote(work);
  if (data.deck.some((card) => !card.error && !pictures.has(card.key))) send();

  const heard = listen;
  return () => {
    if (listen === heard) listen = null;
  };
}
