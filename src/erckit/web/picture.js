// The course and the conversation as a picture, drawn on a canvas in the colours of the page.

import { percent, shown, shownName } from "./element.js";
import { courseLayout } from "./course_layout.js";
import { colourOf, labelName, styleOf } from "./labels.js";
import { clock } from "./moment.js";

const WIDE = 1100;
const EDGE = 40;
const NAMES = 150;
const HIGHEST = 15_000; // px; browsers refuse much higher canvases
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Helvetica Neue", Arial, sans-serif';

/**
 * A PNG of one labelled conversation.
 *
 * A conversation too long for one picture is cut; its last line says how many utterances are missing.
 *
 * @returns Promise of a Blob.
 */
export function toPng({ title, about, utterances, shifts, labels }) {
  const ground = getComputedStyle(document.documentElement);
  const colours = Object.fromEntries(
    ["bg", "card", "fg", "muted", "line", "soft"].map((name) => [name, ground.getPropertyValue(`--${name}`).trim()]),
  );
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const inner = WIDE - 2 * EDGE;
  const layout = courseLayout(utterances, shifts, inner - NAMES);
  const squeeze = Math.min(1, (inner - NAMES) / layout.width);
  const rows = measured(pen, utterances, inner - 330);
  const head = 128 + 26 * Math.max(0, legendLines(pen, labels, inner) - 1);
  const top = head + layout.height + 34;
  const cut = fitting(rows, HIGHEST - top - 80);
  const height = top + rows.slice(0, cut).reduce((sum, row) => sum + row.height, 0) + (cut < rows.length ? 36 : 0) + 44;
  const scale = height * 2 <= HIGHEST ? 2 : 1;
  canvas.width = WIDE * scale;
  canvas.height = Math.ceil(height * scale);
  pen.scale(scale, scale);
  pen.fillStyle = colours.bg;
  pen.fillRect(0, 0, WIDE, height);
  pen.textBaseline = "alphabetic";
  drawHead(pen, { title, about, labels, colours, inner });
  pen.save();
  pen.translate(EDGE, head);
  drawCourseOn(pen, layout, squeeze, colours);
  pen.restore();
  let y = top;
  rows.slice(0, cut).forEach((row, i) => {
    drawRow(pen, row, utterances[i], i, y, colours, inner);
    y += row.height;
  });
  write(pen, cut < rows.length ? `… and ${(rows.length - cut).toLocaleString("en")} more utterances` : "", EDGE, y + 22, colours.muted, 14);
  write(pen, "Labels are a model's reading of written words, not what a person felt. Made with erckit.", EDGE, height - 18, colours.muted, 12);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("This browser could not draw the picture."))), "image/png");
  });
}

function write(pen, text, x, y, colour, size, { weight = 400, align = "left", widest } = {}) {
  if (!text) return;
  pen.font = `${weight} ${size}px ${FONT}`;
  pen.fillStyle = colour;
  pen.textAlign = align;
  let kept = text;
  if (widest !== undefined && pen.measureText(kept).width > widest) {
    while (kept && pen.measureText(kept + "…").width > widest) kept = kept.slice(0, -1);
    kept = kept.trimEnd() + "…";
  }
  pen.fillText(kept, x, y);
}

function mark(pen, label, x, y, size) {
  pen.save();
  pen.translate(x, y);
  pen.scale(size / 2.3, size / 2.3);
  pen.fillStyle = colourOf(label);
  pen.fill(new Path2D(styleOf(label).shape));
  pen.restore();
}

function legendWidths(pen, labels) {
  pen.font = `400 14px ${FONT}`;
  return labels.map((label) => pen.measureText(label).width + 42);
}

function legendLines(pen, labels, inner) {
  let [lines, x] = [1, 0];
  for (const width of legendWidths(pen, labels)) {
    if (x + width > inner && x > 0) [lines, x] = [lines + 1, 0];
    x += width;
  }
  return lines;
}

function drawHead(pen, { title, about, labels, colours, inner }) {
  write(pen, shown(title), EDGE, 52, colours.fg, 26, { weight: 700, widest: inner });
  write(pen, about, EDGE, 76, colours.muted, 14, { widest: inner });
  let [x, y] = [EDGE, 106];
  legendWidths(pen, labels).forEach((width, i) => {
    if (x - EDGE + width > inner && x > EDGE) [x, y] = [EDGE, y + 26];
    mark(pen, labels[i], x + 7, y - 5, 14);
    write(pen, shown(labels[i]), x + 20, y, colours.fg, 14);
    x += width;
  });
}

function drawCourseOn(pen, layout, squeeze, colours) {
  for (const lane of layout.lanes) {
    write(pen, shownName(lane.speaker), 0, lane.y + lane.height / 2 + 5, colours.fg, 14, { weight: 600, widest: NAMES - 14 });
    pen.fillStyle = colours.soft;
    pen.fillRect(NAMES, lane.y, layout.width * squeeze, lane.height);
  }
  for (const one of layout.marks) {
    const [x, width] = [NAMES + one.x * squeeze, Math.max(0.8, one.width * squeeze)];
    if (one.label === null) {
      pen.strokeStyle = colourOf(null);
      pen.setLineDash([3, 2]);
      pen.strokeRect(x, one.y, width, one.height);
      pen.setLineDash([]);
    } else {
      pen.fillStyle = colourOf(one.label);
      pen.fillRect(x, one.y, width, one.height);
    }
    const middle = NAMES + one.middle * squeeze;
    if (one.shiftY !== null) {
      const half = Math.min(4, Math.max(2, width / 2));
      pen.fillStyle = colours.fg;
      pen.beginPath();
      pen.moveTo(middle - half, one.shiftY - 1.5 * half);
      pen.lineTo(middle + half, one.shiftY - 1.5 * half);
      pen.lineTo(middle, one.shiftY - 0.2 * half);
      pen.fill();
    }
    if (one.code && squeeze > 0.98) write(pen, one.code, middle, one.codeY, colours.muted, 10, { align: "center" });
  }
  let free = 0;
  for (const tick of layout.ticks) {
    const x = NAMES + tick.x * squeeze;
    if (x < free) continue;
    free = x + 34;
    write(pen, tick.text, x, layout.body + 14, colours.muted, 10, { align: "center" });
  }
}

function measured(pen, utterances, width) {
  pen.font = `400 15px ${FONT}`;
  return utterances.map(({ text }) => {
    const lines = wrapped(pen, shown(text, 700).replace(/\s+/g, " ").trim() || "(no text)", width);
    return { lines, height: 22 * lines.length + 18 };
  });
}

function wrapped(pen, text, width) {
  const lines = [];
  let line = "";
  // Words first; a piece wider than the line is cut between its characters.
  for (const word of text.split(/(?<=\s)/)) {
    if (pen.measureText(line + word.trimEnd()).width <= width) {
      line += word;
      continue;
    }
    if (line) lines.push(line);
    line = "";
    for (const character of word) {
      if (line && pen.measureText(line + character).width > width) {
        lines.push(line);
        line = "";
      }
      line += character;
    }
  }
  return [...lines, line];
}

function fitting(rows, room) {
  let sum = 0;
  const over = rows.findIndex((row) => (sum += row.height) > room);
  return over === -1 ? rows.length : over;
}

function drawRow(pen, row, utterance, i, y, colours, inner) {
  pen.fillStyle = colours.card;
  pen.fillRect(EDGE, y, inner, row.height);
  pen.fillStyle = colours.line;
  pen.fillRect(EDGE, y + row.height - 1, inner, 1);
  pen.fillStyle = colourOf(utterance.label);
  pen.fillRect(EDGE, y, 5, row.height);
  write(pen, String(i + 1), EDGE + 38, y + 25, colours.muted, 12, { align: "right" });
  write(pen, shownName(utterance.speaker), EDGE + 50, y + 25, colours.fg, 15, { weight: 600, widest: 100 });
  if (row.lines.length > 1) write(pen, clock(utterance.time), EDGE + 50, y + 44, colours.muted, 12);
  row.lines.forEach((line, n) => write(pen, line, EDGE + 164, y + 25 + 22 * n, colours.fg, 15));
  if (!utterance.scores) return;
  mark(pen, utterance.label, EDGE + inner - 150, y + 20, 13);
  write(pen, labelName(utterance.label), EDGE + inner - 138, y + 25, colours.fg, 14, { weight: 600, widest: 84 });
  write(pen, percent(utterance.confidence), EDGE + inner - 12, y + 25, colours.fg, 14, { align: "right" });
}
