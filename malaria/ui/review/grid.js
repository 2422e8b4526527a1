// Cells to choose from, several at once. A click or Space chooses, with Shift all from the last one on; the arrow keys
// move, A chooses all, Escape none. An answer names the cells that were seen and chosen, so it can mean no others.
export default function ({ parentElement, data, setTriggerValue }) {
  const grid = parentElement.querySelector(".grid");
  const said = parentElement.querySelector(".chosen");
  const answers = parentElement.querySelector(".answers");
  const chosen = new Set(grid.page === data.page ? (grid.chosen ?? []) : []); // kept when the same page is drawn again
  const focused = grid.page === data.page ? grid.at ?? 0 : 0;
  const had = grid.contains(grid.getRootNode().activeElement);
  let anchor = focused;
  grid.page = data.page;
  grid.sent = false;

  const options = data.cells.map((cell, number) => {
    const option = document.createElement("div");
    option.setAttribute("role", "option");
    option.setAttribute("aria-label", cell.told);
    option.innerHTML = `<img alt=""><span class="label" ${cell.label ? "" : "hidden"}></span>`;
    option.querySelector("img").src = cell.picture;
    option.querySelector(".label").textContent = cell.label ?? "";
    option.onclick = (event) => {
      event.shiftKey ? chooseRange(number) : toggle(number);
      focus(number);
    };
    return option;
  });
  grid.replaceChildren(...options);
  const buttons = data.answers.map(({ answer, words, key }) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(words);
    const shown = document.createElement("span");
    shown.textContent = key;
    button.append(shown);
    button.onclick = () => send(answer);
    return button;
  });
  answers.replaceChildren(...buttons);

  function draw() {
    grid.chosen = chosen;
    options.forEach((option, number) => option.setAttribute("aria-selected", chosen.has(data.cells[number].id)));
    said.textContent = chosen.size ? `${chosen.size} of ${options.length} chosen` : data.hint;
    for (const button of buttons) button.disabled = !chosen.size;
  }
  function focus(number, move = true) {
    grid.at = Math.max(0, Math.min(options.length - 1, number));
    options.forEach((option, one) => (option.tabIndex = one === grid.at ? 0 : -1));
    if (move) options[grid.at]?.focus();
  }
  function toggle(number) {
    const id = data.cells[number].id;
    chosen.has(id) ? chosen.delete(id) : chosen.add(id);
    anchor = number;
    draw();
  }
  function chooseRange(number) {
    for (let one = Math.min(anchor, number); one <= Math.max(anchor, number); one++) chosen.add(data.cells[one].id);
    draw();
  }
  function send(answer) {
    if (!chosen.size || grid.sent) return;
    grid.sent = true; // one answer for one page that was seen
    for (const button of buttons) button.disabled = true;
    setTriggerValue("answered", { answer, cells: [...chosen], page: data.page });
  }
  function across() {
    const top = options[0]?.offsetTop;
    return options.filter((option) => option.offsetTop === top).length || 1;
  }
  grid.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const moves = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -across(), ArrowDown: across() };
    const key = event.key.toLowerCase();
    const answer = data.answers.find((one) => one.key.toLowerCase() === key);
    if (event.key in moves) {
      const to = grid.at + moves[event.key];
      if (to >= 0 && to < options.length) {
        if (event.shiftKey) chooseRange(to);
        focus(to);
      }
    } else if (event.key === "Home" || event.key === "End") {
      focus(event.key === "Home" ? 0 : options.length - 1);
    } else if (event.key === " ") {
      if (!event.repeat) toggle(grid.at);
    } else if (key === "a") {
      for (const cell of data.cells) chosen.add(cell.id);
      draw();
    } else if (event.key === "Escape") {
      chosen.clear();
      draw();
    } else if (answer) {
      if (!event.repeat) send(answer.answer);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };
  draw();
  focus(focused, had);
}
