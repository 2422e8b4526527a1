// The keys themselves are Streamlit's (button shortcuts). This adds what those lack: a key held down answers once, T goes
// to the note, and Enter or Escape leads back from it and from the annotator's name, so that no mouse is needed and what
// is meant as an answer is not written there.
export default function () {
  const note = () => document.querySelector(":is(.st-key-review-note, .st-key-smear-note) input");
  const writing = (element) => element?.closest("input, textarea, select, [contenteditable='true']");
  const hear = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target === note() || event.target.matches?.("input[aria-label='Annotator']")) {
      if (event.key === "Escape" || event.key === "Enter") event.target.blur(); // which hands the text over
    } else if (writing(event.target)) {
      return;
    } else if (event.repeat && event.key.length === 1) {
      event.stopImmediatePropagation();
    } else if (event.key.toLowerCase() === "t" && note()) {
      event.preventDefault();
      note().focus();
    }
  };
  window.addEventListener("keydown", hear, true);
  return () => window.removeEventListener("keydown", hear, true);
}
