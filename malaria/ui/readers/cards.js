// Cells to read, one after another. All that a reader does is done here, so that the next cell comes at once: pictures
// lie ready, each card is timed from when it shows until it is answered, and answers go to the server in batches. What
// the server has not yet said to have kept is sent again with the next batch.
const PAUSE = 2000; // ms at one card, after which answers do not wait for their batch: a reload then loses none

export default function ({ parentElement, data, setTriggerValue }) {
  const root = parentElement.querySelector(".cards");
  const find = (name) => root.querySelector(name);
  if (root.run?.token !== data.token) {
    clearInterval(root.run?.clock);
    root.run = { token: data.token, state: "waiting", at: data.kept + 1, cards: new Map(), given: [], sent: 0 };
    find(".stage").replaceChildren();
  }
  const run = root.run;
  const waiting = run.given.filter((one) => one.position > data.kept);
  run.sent = Math.max(0, run.sent - run.given.length + waiting.length);
  run.given = waiting;
  root.dataset.underway = run.sent;
  if (run.state !== "told") run.at = Math.max(run.at, data.kept + 1); // what is told stays until the reader goes on
  for (const card of data.cards) if (card.position >= run.at && !run.cards.has(card.position)) run.cards.set(card.position, load(card));

  function load(card) {
    const image = new Image();
    image.src = card.picture;
    image.alt = "A red blood cell";
    image.hidden = true;
    find(".stage").append(image);
    return { ...card, image };
  }

  function draw() {
    const running = run.state === "running";
    const place = data.total ? Math.min(run.at, data.total) : run.at;
    find(".place").textContent = `Cell ${place.toLocaleString("en")}` + (data.total ? ` of ${data.total.toLocaleString("en")}` : "");
    const card = run.cards.get(run.at);
    for (const one of run.cards.values()) one.image.hidden = !((running || run.state === "told") && one === card);
    find(".call").hidden = !data.calls && !data.lessons;
    if (run.state !== "told") find(".call").textContent = running && card?.call ? `The network says: ${card.call}` : "\u00a0";
    drawBelow(running && Boolean(card));
    if (running && card && run.shown !== run.at) {
      run.shown = run.at;
      run.since = performance.now();
    }
    if (run.state === "over") find(".place").textContent = "Done";
    tell();
  }

  function tell() {
    const clock = find(".clock");
    clock.hidden = !data.seconds;
    if (!data.seconds) return;
    const left = run.state === "running" ? Math.max(0, run.until - performance.now()) / 1000 : run.state === "over" ? 0 : data.seconds;
    find(".left").textContent = `${Math.ceil(left)} s`;
    clock.firstElementChild.style.transform = `scaleX(${left / data.seconds})`;
    if (run.state === "running" && left === 0) end();
  }

  function start() {
    if (run.state !== "waiting") return;
    run.state = "running";
    run.until = performance.now() + 1000 * data.seconds;
    find(".start")?.remove();
    root.scrollIntoView({ block: "start" });
    draw();
    find(".below").firstElementChild.focus({ preventScroll: true });
    if (!matchMedia("(hover: none)").matches) find(".below").firstElementChild.blur();
  }

  function answer(choice) {
    const card = run.cards.get(run.at);
    if (run.state !== "running" || !card) return;
    run.given.push({ position: run.at, answer: choice, seconds: (performance.now() - run.since) / 1000 });
    if (card.lesson) {
      run.state = "told";
      card.image.src = card.lesson.picture;
      find(".call").textContent = `${choice === card.lesson.reference ? "✓ Right" : "✗ Wrong"}. ${card.lesson.why}`;
      draw();
      send(false);
    } else next();
  }

  function next() {
    run.cards.get(run.at).image.remove();
    run.cards.delete(run.at);
    run.at += 1;
    run.state = "running";
    if (data.total && run.at > data.total) end();
    else {
      draw();
      const unsent = run.given.length - run.sent;
      if (data.every && (unsent >= data.every || (unsent && !run.cards.has(run.at)))) send(false);
    }
  }

  function end() {
    run.state = "over";
    draw();
    send(true);
  }

  function send(over) {
    root.dataset.underway = run.sent = run.given.length;
    setTriggerValue("answered", { token: run.token, answers: run.given, over });
  }

  function makeButton(words, key, act) {
    const button = document.createElement("button");
    button.type = "button";
    const shown = document.createElement("kbd");
    shown.textContent = key;
    button.append(words, shown);
    button.onclick = act;
    return button;
  }

  function drawBelow(open) {
    const wanted = run.state === "told" ? "told" : "answers";
    const below = find(".below");
    if (below.shown !== wanted || !below.children.length) {
      const make = (one) => makeButton(one.words, one.key, () => answer(one.answer));
      below.replaceChildren(...(wanted === "told" ? [makeButton("Next", "Space", next)] : data.answers.map(make)));
      below.shown = wanted;
    }
    for (const button of below.children) button.disabled = wanted === "answers" && !open;
  }

  find(".start")?.remove();
  if (run.state === "waiting") {
    const intro = document.createElement("div");
    intro.className = "start";
    const told = document.createElement("p");
    told.textContent = data.told;
    const go = document.createElement("button");
    go.type = "button";
    go.className = "go";
    go.textContent = data.begin;
    go.onclick = start;
    intro.append(told, go);
    find(".stage").append(intro);
  }
  draw();

  const hear = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (isWriting(event.composedPath()[0])) return;
    const said = data.answers.find((one) => one.key.toLowerCase() === event.key.toLowerCase());
    const goes = run.state === "told" ? event.key === " " || event.key === "Enter" : run.state === "running" && said;
    if (!goes) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    run.state === "told" ? next() : answer(said.answer);
  };
  const hide = () => document.hidden && run.state === "running" && data.every && run.given.length && send(false);
  const tick = () => {
    tell();
    const unsent = data.every && run.state === "running" && run.given.length > run.sent;
    if (unsent && performance.now() - run.since > PAUSE) send(false);
  };
  clearInterval(run.clock);
  run.clock = setInterval(tick, 100);
  window.addEventListener("keydown", hear, true);
  document.addEventListener("visibilitychange", hide);
  return () => {
    clearInterval(run.clock);
    window.removeEventListener("keydown", hear, true);
    document.removeEventListener("visibilitychange", hide);
  };
}
