// The conversation as bubbles. A bubble's colour, mark and word say its label.

import { counted, element, percent, shown, shownName } from "./element.js";
import { clock, day } from "./moment.js";
import { icon, labelName, styleOf } from "./labels.js";

const LONG = 2000; // characters of a text that are shown at first

/** Draw all utterances into the list. */
export function drawConversation(list, utterances, shifts) {
  const sides = sideOf(utterances);
  const rows = document.createDocumentFragment();
  utterances.forEach((utterance, i) => rows.append(row(utterances, shifts, i, sides)));
  list.replaceChildren(rows);
  list.querySelector(".bubble")?.setAttribute("tabindex", "0");
}

/** Draw the last utterance, which is new. */
export function appendUtterance(list, utterances, shifts) {
  const i = utterances.length - 1;
  list.append(row(utterances, shifts, i, sideOf(utterances)));
  if (i === 0) list.querySelector(".bubble").setAttribute("tabindex", "0");
}

/** Draw one utterance again, because its label came. */
export function redrawUtterance(list, utterances, shifts, i) {
  const old = list.children[i];
  const hadFocus = old.contains(document.activeElement);
  const tabindex = old.querySelector(".bubble").getAttribute("tabindex");
  old.replaceWith(row(utterances, shifts, i, sideOf(utterances)));
  const bubble = list.children[i].querySelector(".bubble");
  bubble.setAttribute("tabindex", tabindex);
  if (hadFocus) bubble.focus();
}

/** Two speakers sit face to face; more of them all sit on one side. */
function sideOf(utterances) {
  const speakers = new Set();
  for (const { speaker } of utterances) {
    speakers.add(speaker);
    if (speakers.size > 2) return null;
  }
  return speakers.size === 2 ? [...speakers][1] : null;
}

function row(utterances, shifts, i, right) {
  const utterance = utterances[i];
  const previous = utterances[i - 1];
  const date = day(utterance.time);
  const isNewDay = date !== "" && date !== day(previous?.time);
  const goesOn = previous?.speaker === utterance.speaker && !isNewDay && shifts[i] === null;
  const { css } = styleOf(utterance.label);
  const made = element("li", {
    class: `row ${css}${goesOn ? " goes-on" : ""}${right !== null && utterance.speaker === right ? " right" : ""}`,
    "data-i": i,
  });
  if (isNewDay) made.append(element("p", { class: "day" }, date));
  if (shifts[i] !== null) made.append(shiftLine(utterance, shifts[i]));
  if (!goesOn) made.append(who(utterance));
  made.append(bubble(utterance, i));
  return made;
}

function shiftLine(utterance, before) {
  return element(
    "p",
    { class: "shift" },
    element("span", { class: "arrow", "aria-hidden": "true" }, "▾"),
    element("span", { class: "hidden" }, "Emotion shift. "),
    element("span", { dir: "auto" }, shownName(utterance.speaker, 30), ":"),
    icon(before, 10),
    ` ${shown(before, 30)} `,
    element("span", { "aria-hidden": "true" }, "→"),
    element("span", { class: "hidden" }, "to"),
    " ",
    icon(utterance.label, 10),
    ` ${shown(utterance.label, 30)}`,
  );
}

function who(utterance) {
  const initial = [...shownName(utterance.speaker).trim()][0]?.toUpperCase() ?? "?";
  const time = clock(utterance.time);
  return element(
    "p",
    { class: "who" },
    element("span", { class: "avatar", "aria-hidden": "true" }, initial),
    element("b", { dir: "auto" }, shownName(utterance.speaker)),
    time ? element("time", {}, time) : null,
  );
}

function bubble(utterance, i) {
  const isWaiting = utterance.scores === undefined;
  const verdict = element("p", { class: "verdict" });
  if (isWaiting) verdict.append(element("span", { class: "chip no waiting" }, "labelling…"));
  else {
    verdict.append(chip(utterance.label));
    verdict.append(element("span", { class: "pct" }, percent(utterance.confidence)));
    if (utterance.label === null && utterance.reason) verdict.append(element("span", { class: "why" }, shown(utterance.reason)));
  }
  verdict.append(element("span", { class: "nr" }, `${i + 1}`));
  return element(
    "div",
    { class: "bubble", role: "button", tabindex: "-1", "aria-expanded": "false", "aria-busy": isWaiting ? "true" : null },
    ...text(utterance.text),
    verdict,
  );
}

/** A label's word beside its mark. */
export function chip(label) {
  return element("span", { class: `chip ${styleOf(label).css}` }, label === null ? null : icon(label), shown(labelName(label), 40));
}

function text(said) {
  if (!said.trim()) return [element("p", { class: "text muted" }, "(no text)")];
  const paragraph = element("p", { class: "text", dir: "auto" }, shown(said.slice(0, LONG)));
  if (said.length <= LONG) return [paragraph];
  const more = element("button", { type: "button", class: "link more" }, `${counted(said.length - LONG, "more character")}`);
  more.addEventListener("click", (event) => {
    event.stopPropagation();
    paragraph.textContent = shown(said);
    more.remove();
  });
  return [paragraph, more];
}
