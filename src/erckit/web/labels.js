// How labels look: colour, two letters and shape come from the server, the same as in every report.

import { svg } from "./element.js";

const NONE = { label: null, code: "", css: "no", light: "#7f8997", dark: "#8791a0", shape: "M-.8 -.8L.8 -.8L.8 .8L-.8 .8z" };
let known = new Map();
const rules = [];

/** Take over a model's labels; colours are written as rules of the style sheet, which follow the theme. */
export function useStyles(styles) {
  const sheet = document.styleSheets[0];
  while (rules.length) {
    rules.pop();
    sheet.deleteRule(sheet.cssRules.length - 1);
  }
  known = new Map();
  styles.forEach((style, i) => {
    const css = `e${i}`;
    known.set(style.label, { ...style, css });
    const colour = (value) => (/^#[0-9a-f]{6}$/i.test(value) ? value : NONE.light);
    for (const rule of [`.${css}{--c:${colour(style.light)}}`, `[data-theme=dark] .${css}{--c:${colour(style.dark)}}`]) {
      sheet.insertRule(rule, sheet.cssRules.length);
      rules.push(rule);
    }
  });
}

/** Style of a label; null, or a label the server did not describe, is shown without colour. */
export function styleOf(label) {
  if (label === null || label === undefined) return NONE;
  return known.get(label) ?? { ...NONE, label, code: label.slice(0, 2) };
}

/** Colour of a label in the theme that is shown now. */
export function colourOf(label) {
  return styleOf(label)[document.documentElement.dataset.theme === "dark" ? "dark" : "light"];
}

/** The mark of a label: its shape in its colour. */
export function icon(label, size = 12) {
  const style = styleOf(label);
  return svg(
    "svg",
    { class: `icon ${style.css}`, width: size, height: size, viewBox: "-1.15 -1.15 2.3 2.3", "aria-hidden": "true" },
    svg("path", { d: style.shape }),
  );
}

/** Labels of an utterance with their scores, the highest first. */
export function ranked(scores) {
  return Object.entries(scores).sort((one, other) => other[1] - one[1]);
}

/** The label in words. */
export function labelName(label) {
  return label ?? "no label";
}
