// The labelled conversation: course, bubbles, legend, and what opens when one is pointed at or chosen.

import { appendUtterance, drawConversation, redrawUtterance } from "./conversation_view.js";
import { byId, counted, element, shown } from "./element.js";
import { drawCourse } from "./course_view.js";
import { hideScores, showScores } from "./score_card.js";
import { icon, labelName, styleOf } from "./labels.js";
import { moveTo, startRoving } from "./roving.js";
import { pointsOf, utteranceDetail } from "./utterance_detail.js";
import { shiftsOf } from "./shifts.js";

/** What is shown of one conversation at a time. */
export class ResultView {
  constructor() {
    this.said = byId("said");
    this.course = byId("course");
    this.talk = null; // {model, isCausal, labels, id, utterances}
    this.shifts = [];
    this.open = null; // position of the utterance whose panel is open
    this.only = new Set();
    startRoving(this.said, ".bubble");
    startRoving(this.course, ".mark");
    for (const box of [this.said, this.course]) this.listen(box);
    this.said.addEventListener("click", (event) => this.click(event));
    this.said.addEventListener("keydown", (event) => this.key(event));
    this.course.addEventListener("click", (event) => this.follow(event));
    this.course.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") this.follow(event);
    });
    addEventListener("scroll", hideScores, { passive: true });
    addEventListener("keydown", (event) => event.key === "Escape" && hideScores());
    let width = 0;
    new ResizeObserver(([{ contentRect }]) => {
      if (this.talk && Math.abs(contentRect.width - width) > 1) this.drawCourse();
      width = contentRect.width;
    }).observe(this.course);
  }

  /** Show a conversation. */
  show(talk) {
    this.talk = talk;
    this.open = null;
    this.only.clear();
    this.shifts = shiftsOf(talk.utterances);
    hideScores();
    byId("result-title").textContent = shown(talk.id, 100);
    drawConversation(this.said, talk.utterances, this.shifts);
    this.drawAround();
  }

  /** Draw an utterance that was added at the end, not yet labelled. */
  appended() {
    this.shifts = shiftsOf(this.talk.utterances);
    const { utterances } = this.talk;
    // The first line of a second or third speaker may move the others to the other side.
    if (new Set(utterances.map((one) => one.speaker)).size <= 3 && isFirstOf(utterances)) this.redrawAll();
    else appendUtterance(this.said, utterances, this.shifts);
    this.scrollToEnd();
  }

  /** Draw what changed when the label of an utterance came. */
  labelled(i) {
    this.shifts = shiftsOf(this.talk.utterances);
    redrawUtterance(this.said, this.talk.utterances, this.shifts, i);
    this.drawAround();
    if (i === this.talk.utterances.length - 1) this.scrollToEnd();
  }

  scrollToEnd() {
    this.said.lastElementChild.scrollIntoView({ block: "end" });
  }

  /** Draw everything again, for example when an utterance was taken back. */
  redrawAll() {
    this.shifts = shiftsOf(this.talk.utterances);
    this.open = null;
    drawConversation(this.said, this.talk.utterances, this.shifts);
    this.drawAround();
  }

  drawAround() {
    const { utterances } = this.talk;
    const speakers = new Set(utterances.map((one) => one.speaker)).size;
    const shifts = this.shifts.filter((one) => one !== null).length;
    const facts = [counted(utterances.length, "utterance"), counted(speakers, "speaker"), counted(shifts, "emotion shift")];
    byId("facts").textContent = facts.join(" · ");
    byId("course-card").hidden = !utterances.length;
    this.drawCourse();
    this.drawLegend();
    this.dim();
  }

  drawCourse() {
    const { utterances } = this.talk;
    const drawn = utterances.filter((one) => one.scores !== undefined);
    if (drawn.length) drawCourse(this.course, drawn, this.shifts.slice(0, drawn.length));
    else this.course.replaceChildren();
    this.dim();
  }

  drawLegend() {
    const counts = new Map(this.talk.labels.map((label) => [label, 0]));
    for (const { label, scores } of this.talk.utterances) if (scores) counts.set(label, (counts.get(label) ?? 0) + 1);
    byId("legend").replaceChildren(
      ...[...counts].map(([label, count]) => {
        const button = element(
          "button",
          { type: "button", class: count ? "" : "unused", "aria-pressed": String(this.only.has(label)) },
          icon(label, 13),
          shown(labelName(label), 40),
          element("span", { class: "count" }, String(count)),
        );
        button.addEventListener("click", () => {
          if (!this.only.delete(label)) this.only.add(label);
          button.setAttribute("aria-pressed", String(this.only.has(label)));
          this.dim();
        });
        return button;
      }),
    );
  }

  /** Only the chosen labels stay bright; without a choice all do. */
  dim() {
    if (!this.talk) return;
    const hidden = (label) => this.only.size > 0 && !this.only.has(label ?? null);
    for (const box of [this.said, this.course]) {
      for (const one of box.querySelectorAll("[data-i]")) {
        one.classList.toggle("dim", hidden(this.talk.utterances[one.dataset.i]?.label));
      }
    }
  }

  listen(box) {
    const at = (event) => event.target.closest?.(".bubble, .mark");
    const show = (target) => {
      const i = Number(target.closest("[data-i]").dataset.i);
      if (i !== this.open || target.matches(".mark")) showScores(this.talk.utterances[i], target);
    };
    // The pointer also comes to lie on a bubble when the page scrolls under it: moving it is what counts.
    let over = null;
    box.addEventListener("pointermove", (event) => {
      const target = at(event);
      if (target && event.pointerType === "mouse" && (target !== over || byId("scores").hidden)) show((over = target));
    });
    box.addEventListener("pointerout", (event) => {
      const target = at(event);
      if (target && !target.contains(event.relatedTarget)) hideScores();
    });
    box.addEventListener("focusin", (event) => {
      const target = event.target.matches(".bubble, .mark") ? event.target : null;
      // Scrolling to the focused bubble comes first and would take the card away again.
      if (target?.matches(":focus-visible")) requestAnimationFrame(() => requestAnimationFrame(() => document.activeElement === target && show(target)));
    });
    box.addEventListener("focusout", hideScores);
  }

  click(event) {
    const bubble = event.target.closest(".bubble");
    if (!bubble || event.target.closest("button")) return;
    if (!getSelection().isCollapsed && bubble.contains(getSelection().anchorNode)) return; // text was being marked
    this.toggle(Number(bubble.parentElement.dataset.i));
  }

  key(event) {
    if (event.key === "Escape" && this.open !== null) {
      const bubble = this.bubble(this.open);
      this.close();
      moveTo(this.said, ".bubble", bubble);
    } else if (event.target.matches(".bubble") && (event.key === "Enter" || event.key === " ")) {
      event.preventDefault();
      this.toggle(Number(event.target.parentElement.dataset.i));
    }
  }

  follow(event) {
    const mark = event.target.closest(".mark");
    if (!mark) return;
    event.preventDefault();
    this.goTo(Number(mark.dataset.i));
  }

  goTo(i) {
    const bubble = this.bubble(i);
    moveTo(this.said, ".bubble", bubble);
    bubble.scrollIntoView({ block: "center" });
    bubble.classList.add("flash");
    bubble.addEventListener("animationend", () => bubble.classList.remove("flash"), { once: true });
  }

  bubble(i) {
    return this.said.children[i].querySelector(".bubble");
  }

  toggle(i) {
    const wasOpen = this.open === i;
    this.close();
    if (wasOpen || this.talk.utterances[i].scores === undefined) return;
    hideScores();
    this.open = i;
    const row = this.said.children[i];
    this.bubble(i).setAttribute("aria-expanded", "true");
    row.classList.add("open");
    row.append(utteranceDetail(this.talk, i, (index) => this.goTo(index), (effects) => this.showEffects(effects)));
    row.querySelector(".detail").scrollIntoView({ block: "nearest" });
  }

  close() {
    if (this.open === null) return;
    const row = this.said.children[this.open];
    this.open = null;
    row.classList.remove("open");
    row.querySelector(".detail")?.remove();
    row.querySelector(".bubble").setAttribute("aria-expanded", "false");
    this.showEffects([]);
  }

  showEffects(effects) {
    for (const badge of this.said.querySelectorAll(".badge")) badge.remove();
    for (const { index, effect } of effects) {
      this.bubble(index).querySelector(".verdict").append(element("span", { class: "badge" }, pointsOf(effect)));
    }
  }
}

function isFirstOf(utterances) {
  const { speaker } = utterances.at(-1);
  return utterances.findIndex((one) => one.speaker === speaker) === utterances.length - 1;
}
