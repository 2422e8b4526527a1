// The field on view. A click on it, or on the button over a suspect, says where, as shares of width and height.
export default function ({ parentElement, data, setTriggerValue }) {
  const figure = parentElement.querySelector(".smear-field");
  const image = figure.querySelector("img");
  const places = figure.querySelector(".places");
  const pick = (x, y) => setTriggerValue("picked", { x, y, token: data.token });
  image.src = data.picture;
  image.alt = data.alt;
  image.onclick = (event) => {
    const box = image.getBoundingClientRect();
    pick((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
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
