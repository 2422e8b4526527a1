// The tables that scroll and do not say so, or say so and do not scroll.
(() => {
  const moves = (part) =>
    part.clientWidth &&
    ["X", "Y"].some(
      (way) =>
        /auto|scroll/.test(getComputedStyle(part)["overflow" + way]) &&
        (way === "X" ? part.scrollWidth - part.clientWidth : part.scrollHeight - part.clientHeight) > 1,
    );
  const around = (table) => {
    const parts = [table];
    while (parts[0].parentElement && !parts[0].matches("[data-testid='stElementContainer']")) parts.unshift(parts[0].parentElement);
    return parts;
  };
  const tables = "[data-testid='stMain'] :is(table:not(canvas table), .dvn-scroller, [data-scrolls])";
  return [...document.querySelectorAll(tables)]
    .filter((table) => {
      const parts = table.matches("[data-scrolls]") ? [table, ...table.querySelectorAll("div")] : around(table);
      return parts.some(moves) !== Boolean(table.closest("[data-scrolls]"));
    })
    .map((table) => table.outerHTML.slice(0, 200));
})()
