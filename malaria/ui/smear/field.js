// The field on view. A click on it, or on the button over a suspect, says where, as shares of width and height; so does
// Enter at the cross, which the arrow keys move once the field has the focus.
export default function ({ parentElement, data, setTriggerValue }) {
  const figure = parentElement.querySelector(".smear-field");
  const image = figure.querySelector("img");
  const cross = figure.querySelector(".cross");
  const places = figure.querySelector(".places");
  const pick = (x, y) => setTriggerValue("picked", { x, y, token: data.token });
  const at = (cross.at ??= { x: 0.5, y: 0.5 }); // stays where it is when the field is drawn again
  const steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

  image.style.aspectRatio = data.aspect; // room is kept before the picture is there: nothing below it jumps
  image.src = data.picture;
  image.alt = data.alt;
  image.onclick = (event) => {
    const box = image.getBoundingClientRect();
    pick((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
  };
  cross.onkeydown = (event) => {
    if (event.key === "Enter" || event.key === " ") {
      event.preventDefault();
      pick(at.x, at.y);
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
      button.onclick = () => pick(place.left + place.width / 2, place.top + place.height / 2);
      return button;
    }),
  );
}
