// Tables that scroll say so, on every page: in words above the table, and to keyboard and screen reader. `data-scrolls`
// is there only while some of the table is out of view; style.css has the words for those who see.
const TABLES = ".figures, [data-testid='stTable'], [data-testid='stDataFrame'], [data-testid='stMarkdownContainer']:has(> table)";
const WAYS = { across: "scrolls sideways", down: "scrolls down", both: "scrolls sideways and down" };

/** What of a table scrolls, and which way: nothing where all of it is in view. */
function findScroller(table) {
  for (const part of [table, ...table.querySelectorAll("div")]) {
    const { overflowX, overflowY } = getComputedStyle(part);
    const moves = (overflow, length, room) => /auto|scroll/.test(overflow) && room > 0 && length > room + 1;
    const across = moves(overflowX, part.scrollWidth, part.clientWidth);
    const down = moves(overflowY, part.scrollHeight, part.clientHeight);
    if (across || down) return { part, way: across && down ? "both" : across ? "across" : "down" };
  }
  return {};
}

function tell(table) {
  const { part, way } = findScroller(table);
  if (table.dataset.scrolls === way) return;
  if (!way) delete table.dataset.scrolls;
  else table.dataset.scrolls = way;
  if (table.matches("[data-testid='stDataFrame']")) return; // a grid, which arrow keys move through
  for (const old of [table, ...table.querySelectorAll("[data-told]")]) {
    if (!("told" in old.dataset)) continue;
    for (const name of ["data-told", "role", "tabindex", "aria-label"]) old.removeAttribute(name);
  }
  if (!part) return;
  const about = { "data-told": "", role: "region", tabindex: "0" };
  about["aria-label"] = `${table.querySelector("caption")?.textContent || "Table"}, ${WAYS[way]}`;
  for (const [name, value] of Object.entries(about)) part.setAttribute(name, value);
}

export default function () {
  const sizes = new ResizeObserver((seen) => seen.map(({ target }) => target.closest(TABLES)).forEach((table) => table && tell(table)));
  const known = new WeakSet();
  let waits = false;
  const look = () => {
    waits = false;
    for (const table of document.querySelectorAll(TABLES)) {
      for (const part of [table, ...table.querySelectorAll("table")]) {
        if (!known.has(part)) sizes.observe(part);
        known.add(part);
      }
      tell(table);
    }
  };
  const changes = new MutationObserver(() => {
    if (!waits) setTimeout(look, 100);
    waits = true;
  });
  changes.observe(document.body, { childList: true, subtree: true });
  look();
  return () => [sizes, changes].forEach((watch) => watch.disconnect());
}
