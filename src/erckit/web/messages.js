// What the page says about itself: busy, done, wrong.

import { byId, element, shown } from "./element.js";

/** One line for everybody, also read out. */
export function say(text) {
  byId("status").textContent = shown(text, 300);
}

/** What is wrong, in words, until it is closed or something works. */
export function showError(message) {
  const box = byId("error");
  const close = element("button", { type: "button", class: "quiet", "aria-label": "Close the message" }, "×");
  close.addEventListener("click", hideError);
  box.replaceChildren(element("p", {}, shown(message, 800)), close);
  box.hidden = false;
  say("");
}

/** Take the message away. */
export function hideError() {
  byId("error").hidden = true;
  byId("error").replaceChildren();
}

/** Whether something runs, and what; `onStop` makes it possible to stop it. */
export function setBusy(words, onStop = null) {
  byId("busy").hidden = words === null;
  byId("main").setAttribute("aria-busy", String(words !== null));
  byId("label").disabled = words !== null;
  byId("example").disabled = words !== null;
  if (words === null) return;
  say(words);
  if (onStop) {
    const stop = element("button", { type: "button", class: "link" }, "Stop");
    stop.addEventListener("click", onStop);
    byId("status").append(" ", stop);
  }
}
