// One stop for Tab in a group of many; the arrow keys move inside it.

const STEPS = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1, PageDown: 10, PageUp: -10 };

/** Let arrow keys, Home and End move the focus among the elements of `box` that match `selector`. */
export function startRoving(box, selector) {
  box.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !event.target.matches(selector)) return;
    const all = [...box.querySelectorAll(selector)];
    const at = all.indexOf(event.target);
    const isEdge = event.key === "Home" || event.key === "End";
    if (!isEdge && !(event.key in STEPS)) return;
    event.preventDefault();
    const wanted = isEdge ? (event.key === "Home" ? 0 : all.length - 1) : at + STEPS[event.key];
    moveTo(box, selector, all[Math.min(all.length - 1, Math.max(0, wanted))]);
  });
  box.addEventListener("focusin", (event) => {
    if (event.target.matches?.(selector)) makeStop(box, selector, event.target);
  });
}

/** Focus an element of the group and make it the group's stop. */
export function moveTo(box, selector, target) {
  makeStop(box, selector, target);
  target.focus({ preventScroll: true });
  target.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function makeStop(box, selector, target) {
  for (const old of box.querySelectorAll(`${selector}[tabindex="0"]`)) if (old !== target) old.setAttribute("tabindex", "-1");
  target.setAttribute("tabindex", "0");
}
