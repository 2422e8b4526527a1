// On a phone the navigation lies over the page: once a link in it is taken, it goes out of the way.
export default function () {
  const close = (event) => {
    if (!event.target.closest(".st-key-navigation a") || !matchMedia("(max-width: 767px)").matches) return;
    document.querySelector('[data-testid="stSidebarCollapseButton"] button')?.click();
  };
  document.addEventListener("click", close);
  return () => document.removeEventListener("click", close);
}
