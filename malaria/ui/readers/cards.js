// Cells to read, one after another. All that a reader does is done here, so that the next cell comes at once: pictures
// lie ready, each card is timed from when it shows until it is answered, and answers go to the server in batches. What
// the server has not yet said to have kept is sent again with the next batch.
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
  run.at = Math.max(run.at, data.kept + 1);
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
    const place = Math.min(run.at, data.total);
    find(".place").textContent = `Cell ${place.toLocaleString("en")} of ${data.total.toLocaleString("en")}`;
    const card = run.cards.get(run.at);
    for (const one of run.cards.values()) one.image.hidden = !(running && one === card);
    find(".call").hidden = !data.calls;
    find(".call").textContent = running && card?.call ? `The network says: ${card.call}` : "\u00a0";
    for (const button of find(".below").children) button.disabled = !running || !card;
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
    card.image.remove();
    run.cards.delete(run.at);
    run.at += 1;
    if (run.at > data.total) end();
    else {
      draw();
      const unsent = run.given.length - run.sent;
      if (data.every && (unsent >= data.every || !run.cards.has(run.at))) send(false);
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

  const below = find(".below");
  below.replaceChildren(
    ...data.answers.map(({ answer: choice, words, key }) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(words);
      const shown = document.createElement("kbd");
      shown.textContent = key;
      button.append(shown);
      button.onclick = () => answer(choice);
      return button;
    }),
  );
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
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || run.state !== "running") return;
    if (event.composedPath()[0].closest?.("input, textarea, select, [contenteditable='true']")) return;
    const said = data.answers.find((one) => one.key.toLowerCase() === event.key.toLowerCase());
    if (!said) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    answer(said.answer);
  };
  const hide = () => document.hidden && run.state === "running" && data.every && run.given.length && send(false);
  clearInterval(run.clock);
  run.clock = setInterval(tell, 100);
  window.addEventListener("keydown", hear, true);
  document.addEventListener("visibilitychange", hide);
  return () => {
    clearInterval(run.clock);
    window.removeEventListener("keydown", hear, true);
    document.removeEventListener("visibilitychange", hide);
  };
}
