// An upload that the server refused is told in the words of the browser's library, and to nobody who only looks: say it
// below the uploader, which style.css draws.
const refused = /AxiosError|status code/;
const told = "This file did not arrive. Reload this page, then choose it again.";

export default function () {
  const say = () => {
    for (const uploader of document.querySelectorAll('[data-testid="stFileUploader"]')) {
      const lost = [...uploader.querySelectorAll('[role="alert"]')].filter(
        ({ textContent }) => refused.test(textContent) || textContent === told,
      );
      for (const alert of lost) if (alert.textContent !== told) alert.textContent = told;
      uploader.toggleAttribute("data-refused", lost.length > 0);
      if (lost.length) uploader.dataset.refused = told;
    }
  };
  const watching = new MutationObserver(say);
  watching.observe(document.body, { childList: true, subtree: true });
  say();
  return () => watching.disconnect();
}
