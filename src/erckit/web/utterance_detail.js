// What opens under a bubble: all its scores, and on demand which earlier utterances mattered.

import { counted, element, percent, shown, shownName } from "./element.js";
import { request } from "./api.js";
import { limits, sent } from "./labelling.js";
import { scoreBars } from "./score_card.js";

const MOST = 5; // effects shown at first
const SURE = 40; // earlier utterances that are all tried whatever the server's limits; it may try fewer of more
const SMALL = 0.005; // effects below half a point are not worth a line

/**
 * The panel of one utterance.
 *
 * @param talk {model: {id}, utterances, isCausal}.
 * @param i Position of the utterance.
 * @param goTo Called with the position of an earlier utterance that the user wants to see.
 * @param onEffects Called with [{index, effect}] when they are known.
 */
export function utteranceDetail(talk, i, goTo, onEffects) {
  const utterance = talk.utterances[i];
  const answer = element("div", { class: "effects" });
  const panel = element("div", { class: "detail", role: "region", "aria-label": `Scores of utterance ${i + 1}` });
  panel.append(element("h3", {}, "Scores"), scoreBars(utterance.scores), element("h3", {}, "What mattered"), answer);
  if (i === 0) {
    answer.append(element("p", { class: "muted small" }, "It is the first utterance: nothing came before it."));
    return panel;
  }
  const button = element("button", { type: "button" }, "Which earlier utterances mattered?");
  const tried = Math.min(i, limits.explain_utterances);
  const which = tried < i ? `the ${tried} utterances before it` : i === 1 ? "the earlier utterance" : `the ${i} earlier utterances`;
  const cost = `Leaves out ${tried === 1 ? "" : "each of "}${which}${tried === 1 ? "" : " in turn"} and labels again: ${tried > SURE ? "up to " : ""}${tried + 1} passes of the model.`;
  const costLine = element("p", { class: "muted small cost" }, cost);
  answer.append(button, costLine);
  let isLooking = false; // a disabled button would lose the focus
  button.addEventListener("click", async () => {
    if (isLooking) return;
    isLooking = true;
    button.setAttribute("aria-disabled", "true");
    button.textContent = "Looking…";
    const from = performance.now();
    try {
      // What comes later is sent only where the model reads it; of a very long conversation the nearest part is sent.
      const end = talk.isCausal ? i + 1 : talk.utterances.length;
      const first = Math.max(0, Math.min(i - tried, end - limits.utterances));
      const read = sent(talk.utterances.slice(first, Math.min(end, first + limits.utterances)));
      const found = await request("v1/explain", { model: talk.model.id, conversation: { utterances: read }, index: i - first });
      const hadFocus = document.activeElement === button;
      showEffects(answer, found, talk, i, first, performance.now() - from, goTo, onEffects);
      if (hadFocus) answer.querySelector("button, [tabindex]")?.focus();
    } catch (problem) {
      isLooking = false;
      button.removeAttribute("aria-disabled");
      button.textContent = "Try again";
      costLine.replaceWith(element("p", { class: "wrong", role: "alert" }, shown(problem.message)));
    }
  });
  return panel;
}

function showEffects(answer, found, talk, i, first, milliseconds, goTo, onEffects) {
  // The ids are those that were sent: they count from 1 through the part that was sent.
  const effects = found.effects
    .map(({ id, effect }) => ({ index: first + Number(id) - 1, effect }))
    .sort((one, other) => Math.abs(other.effect) - Math.abs(one.effect));
  const worth = effects.filter(({ effect }) => Math.abs(effect) >= SMALL);
  const highest = Math.max(...worth.map(({ effect }) => Math.abs(effect)), 0.01);
  answer.replaceChildren();
  answer.append(
    element(
      "p",
      { tabindex: "-1", class: "found" },
      worth.length
        ? `What each one did to the score of ${shown(found.label, 40)} (${percent(found.score)}):`
        : `No earlier utterance changed the score of ${shown(found.label, 40)} (${percent(found.score)}) by half a point.`,
    ),
  );
  const list = element("ol", { class: "effect-list" });
  const add = (some) => list.append(...some.map((one) => effectLine(one, talk.utterances[one.index], highest, goTo)));
  add(worth.slice(0, MOST));
  answer.append(list);
  if (worth.length > MOST) {
    const more = element("button", { type: "button", class: "link" }, `Show ${worth.length - MOST} more`);
    more.addEventListener("click", () => {
      const first = list.children.length;
      add(worth.slice(MOST));
      more.remove();
      list.children[first]?.querySelector("button")?.focus();
    });
    answer.append(more);
  }
  const took = milliseconds < 950 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
  const kept = effects.length - worth.length;
  const nearest = effects.length < i ? `The nearest ${effects.length} were tried. ` : "";
  const rest = nearest + (worth.length && kept ? `${counted(kept, "other")} changed it by less than half a point. ` : "");
  answer.append(element("p", { class: "muted small cost" }, `${rest}${found.passes.toLocaleString("en")} passes, ${took}.`));
  onEffects(worth.slice(0, MOST));
}

function effectLine({ index, effect }, utterance, highest, goTo) {
  const filled = element("i", { class: effect > 0 ? "up" : "down" });
  filled.style.width = `${(50 * Math.abs(effect)) / highest}%`;
  const button = element(
    "button",
    { type: "button", class: "effect" },
    element("span", { class: "nr" }, String(index + 1)),
    element("span", { class: "line", dir: "auto" }, element("b", {}, shownName(utterance.speaker, 30)), " ", shown(utterance.text, 160)),
    element("span", { class: "both", "aria-hidden": "true" }, filled),
    element("span", { class: "points" }, pointsOf(effect)),
  );
  button.addEventListener("click", () => goTo(index));
  return element("li", {}, button);
}

/** An effect in points of the score, signed. */
export function pointsOf(effect) {
  const points = Math.round(100 * Math.abs(effect));
  return `${effect > 0 ? "+" : "−"}${points || "<1"} ${points === 1 ? "point" : "points"}`;
}
