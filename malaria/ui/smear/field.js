// The field on view. A click on it says where, as shares of width and height; so does Enter at the cross, which the
// arrow keys move once the field has the focus. The button over a suspect says which cell it stands for.
export default function ({ parentElement, data, setTriggerValue }) {
  const figure = parentElement.querySelector(".smear-field");
  const image = figure.querySelector("img");
  const cross = figure.querySelector(".cross");
  const places = figure.querySelector(".places");
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
  image.onclick = (event) => pick(where(event));
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
}
