// The scores of one utterance, beside the bubble or the mark that has the pointer or the focus.

import { byId, element, percent, shown, shownName } from "./element.js";
import { icon, ranked, styleOf } from "./labels.js";

const SHOWN = 8;

/** Bars of the scores, the highest first; labels beyond `limit` are summed up. */
export function scoreBars(scores, limit = Infinity) {
  const rows = ranked(scores);
  const list = element("ul", { class: "bars" });
  for (const [label, score] of rows.slice(0, limit)) list.append(bar(label, score));
  if (rows.length > limit) {
    const rest = rows.slice(limit).reduce((sum, [, score]) => sum + score, 0);
    list.append(element("li", { class: "rest" }, `${rows.length - limit} others together ${percent(rest)}`));
  }
  return list;
}

function bar(label, score) {
  const filled = element("i");
  filled.style.width = `${100 * score}%`;
  return element(
    "li",
    { class: styleOf(label).css },
    icon(label),
    element("span", {}, shown(label, 40)),
    element("span", { class: "track", "aria-hidden": "true" }, filled),
    element("b", {}, percent(score)),
  );
}

/** Show the scores of an utterance beside an element. */
export function showScores(utterance, beside) {
  if (!utterance?.scores) return hideScores();
  const card = byId("scores");
  card.replaceChildren(scoreBars(utterance.scores, SHOWN));
  if (beside.matches(".mark")) card.prepend(said(utterance));
  if (utterance.reason) card.append(element("p", { class: "muted small" }, shown(utterance.reason)));
  card.hidden = false;
  const at = beside.getBoundingClientRect();
  const own = card.getBoundingClientRect();
  const room = 10;
  const [wide, high] = [document.documentElement.clientWidth, window.innerHeight];
  let left = at.right + room;
  let top = at.top + at.height / 2 - own.height / 2;
  if (left + own.width > wide - room) {
    // No room on the right: on the left, else below or above.
    left = at.left - own.width - room;
    if (left < room) {
      left = Math.min(Math.max(room, at.left), wide - own.width - room);
      top = at.bottom + room;
      if (top + own.height > high - room) top = at.top - own.height - room;
    }
  }
  card.style.left = `${Math.max(room, left)}px`;
  card.style.top = `${Math.min(Math.max(room, top), Math.max(room, high - own.height - room))}px`;
  for (const old of document.querySelectorAll("[aria-describedby=scores]")) old.removeAttribute("aria-describedby");
  beside.setAttribute("aria-describedby", "scores");
}

function said({ speaker, text }) {
  return element("p", { class: "said-line", dir: "auto" }, element("b", {}, shownName(speaker, 40)), " ", shown(text, 120));
}

/** Take the scores away. */
export function hideScores() {
  byId("scores").hidden = true;
}
