// The line at the bottom: who speaks, and what.

import { byId, element, shownName } from "./element.js";

const NEW = "new";

/** Make the composer work; `onLine` is called with (speaker, text) and returns a promise. */
export function startComposer(onLine) {
  const [form, who, name, line] = [byId("composer"), byId("speaker"), byId("new-speaker"), byId("line")];
  who.addEventListener("change", () => {
    showName(who.value === NEW);
    (who.value === NEW ? name : line).focus();
  });
  line.addEventListener("keydown", (event) => {
    // Enter sends, as in a chat; a composition (Japanese, Chinese) is left alone.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
  line.addEventListener("input", () => grow(line));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const isNew = who.value === NEW;
    const speaker = isNew ? name.value.trim() : speakersOf(who)[Number(who.value)];
    if (isNew && !speaker) return name.focus();
    const text = line.value.trim();
    if (!text) return line.focus();
    line.value = "";
    grow(line);
    line.focus();
    await onLine(speaker, text);
  });
}

const kept = new WeakMap();

function speakersOf(select) {
  return kept.get(select) ?? [];
}

/** Offer these speakers; the one who is likely to speak next is chosen. */
export function offerSpeakers(speakers, next) {
  const who = byId("speaker");
  kept.set(who, speakers);
  who.replaceChildren(
    ...speakers.map((speaker, i) => element("option", { value: String(i) }, shownName(speaker, 40))),
    element("option", { value: NEW }, "Somebody new…"),
  );
  const at = speakers.indexOf(next);
  who.value = speakers.length ? String(Math.max(0, at)) : NEW;
  byId("new-speaker").value = "";
  showName(!speakers.length);
}

function showName(isShown) {
  byId("new-speaker-box").hidden = !isShown;
}

function grow(line) {
  line.style.height = "auto";
  if (line.value) line.style.height = `${Math.min(140, line.scrollHeight + 2)}px`;
}
