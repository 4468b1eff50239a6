// Elements made from data. Text only ever becomes a text node, so nothing that people wrote can become markup.

const SVG = "http://www.w3.org/2000/svg";
// Control characters cannot be shown; bidirectional overrides could make a line read as something else than was said.
const ILLEGAL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\ufffe\uffff\u202a-\u202e]/g;

/** Text as it is shown; with a limit it ends in an ellipsis. */
export function shown(text, limit = Infinity) {
  const clean = String(text).replace(ILLEGAL, "\ufffd");
  if (clean.length <= limit) return clean;
  return clean.slice(0, limit - 1).trimEnd() + "…";
}

/** Name of a speaker as it is shown. */
export function shownName(speaker, limit = 80) {
  return speaker.trim() ? shown(speaker, limit) : "(no name)";
}

function build(made, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, listener] of Object.entries(value)) made.addEventListener(event, listener);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return made;
}

/** An HTML element; strings among the children become text nodes. */
export function element(tag, attributes = {}, ...children) {
  return build(document.createElement(tag), attributes, children);
}

/** An SVG element. */
export function svg(tag, attributes = {}, ...children) {
  return build(document.createElementNS(SVG, tag), attributes, children);
}

/** The element of the page with this id. */
export function byId(id) {
  return document.getElementById(id);
}

/** "1 utterance", "2 utterances". */
export function counted(number, noun) {
  return `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;
}

/** A share as whole percent, with a space before the sign. */
export function percent(value) {
  return `${Math.round(100 * value)} %`;
}
