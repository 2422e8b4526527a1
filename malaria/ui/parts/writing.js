/** Whether what has the focus is being written in: a letter is then for it, and no answer. A toggle takes no letters. */
const isWriting = (element) =>
  element?.closest?.("input:not([type='checkbox'], [type='radio'], [type='range']), textarea, select, [contenteditable='true']");
