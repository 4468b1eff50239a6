// The course of emotion: a strip per speaker, a mark per utterance.

import { counted, element, percent, shown, shownName, svg } from "./element.js";
import { courseLayout } from "./course_layout.js";
import { labelName, styleOf } from "./labels.js";

const short = (number) => String(Math.round(10 * number) / 10);

/**
 * Draw the chart into `box`.
 *
 * Its marks carry the utterance's position in `data-i`; one of them can be reached with Tab, the others with arrows.
 */
export function drawCourse(box, utterances, shifts) {
  const strips = element("div", { class: "strips", role: "group", "aria-label": "Marks, one per utterance; arrow keys move" });
  const before = box.querySelector(".strips")?.scrollLeft ?? 0;
  const names = element("div", { class: "names" });
  box.replaceChildren(element("div", { class: "course" }, names, strips));
  const layout = courseLayout(utterances, shifts, Math.max(240, strips.clientWidth - 2));
  const of = summaries(utterances);
  for (const speaker of layout.speakers) {
    const said = of.get(speaker);
    const parts = [...said.labels].sort((one, other) => other[1] - one[1]);
    const words = parts.map(([label, n]) => shown(`${labelName(label)} ${percent(n / said.count)}`, 60));
    const row = element("div", { title: `${shownName(speaker, 200)}: ${words.join(", ")}` }, element("b", { dir: "auto" }, shownName(speaker)));
    if (layout.codeRoom) row.append(share(parts), element("small", {}, words[0]));
    row.style.height = `${layout.rowHeight}px`;
    row.style.paddingTop = `${layout.shiftRoom}px`;
    names.append(row);
  }
  names.append(element("div", { class: "axis" }, layout.isTime ? "time" : "number"));
  strips.append(chart(layout, utterances, shifts));
  strips.scrollLeft = before;
}

function share(parts) {
  const bar = element("span", { class: "share", "aria-hidden": "true" });
  for (const [label, n] of parts) {
    const piece = element("i", { class: styleOf(label).css });
    piece.style.flexGrow = n;
    bar.append(piece);
  }
  return bar;
}

function chart(layout, utterances, shifts) {
  const size = { width: short(layout.width), height: short(layout.height) };
  const drawn = svg("svg", { ...size, viewBox: `0 0 ${size.width} ${size.height}`, role: "group", "aria-label": inWords(utterances) });
  const lanes = layout.lanes.map((lane) => `M0 ${short(lane.y)}h${short(layout.width)}v${lane.height}h-${short(layout.width)}z`);
  drawn.append(svg("path", { class: "lane", d: lanes.join("") }));
  for (const mark of layout.marks) drawn.append(markOf(mark, utterances[mark.index], shifts[mark.index]));
  for (const tick of layout.ticks) drawn.append(svg("text", { x: short(tick.x), y: short(layout.body + 14) }, tick.text));
  drawn.querySelector(".mark")?.setAttribute("tabindex", "0");
  return drawn;
}

function markOf(mark, utterance, shift) {
  const said = `${mark.index + 1}, ${shownName(utterance.speaker)}: ${labelName(utterance.label)}, ${percent(utterance.confidence ?? 0)}`;
  const changed = shift === null ? "" : `, before ${shift}`;
  const drawn = svg("g", {
    class: `mark ${styleOf(utterance.label).css}`,
    "data-i": mark.index,
    role: "button",
    tabindex: "-1",
    "aria-label": shown(said + changed, 160),
  });
  // The whole height of the lane answers to the pointer: low marks are hard to hit.
  drawn.append(
    svg("rect", {
      class: "bar-of",
      x: short(mark.x),
      y: short(mark.y),
      width: short(mark.width),
      height: short(mark.height),
      rx: mark.isRound ? 2 : null,
    }),
  );
  if (mark.shiftY !== null) {
    const half = Math.min(4, Math.max(2, mark.width / 2));
    const d = `M${short(mark.middle - half)} ${short(mark.shiftY - 1.5 * half)}h${short(2 * half)}l-${short(half)} ${short(1.3 * half)}z`;
    drawn.append(svg("path", { class: "shift-mark", d }));
  }
  if (mark.code) drawn.append(svg("text", { x: short(mark.middle), y: short(mark.codeY) }, mark.code));
  return drawn;
}

function summaries(utterances) {
  const of = new Map();
  for (const { speaker, label } of utterances) {
    const said = of.get(speaker) ?? { count: 0, labels: new Map() };
    said.count += 1;
    said.labels.set(label ?? null, (said.labels.get(label ?? null) ?? 0) + 1);
    of.set(speaker, said);
  }
  return of;
}

function inWords(utterances) {
  const parts = [...summaries(utterances)].slice(0, 20).map(([speaker, said]) => {
    const top = [...said.labels].sort((one, other) => other[1] - one[1]).slice(0, 3);
    return `${shownName(speaker)}: ${top.map(([label, n]) => `${labelName(label)} ${n}`).join(", ")}`;
  });
  return shown(`Course of emotion over ${counted(utterances.length, "utterance")}. ${parts.join("; ")}`, 900);
}
