// Labelled conversations as files: the same fields and columns as erckit's own writers.

const DIGITS = 6;

function rounded(number) {
  return Number(number.toFixed(DIGITS));
}

/** One conversation in JSON per line; erckit reads it again. */
export function toJsonl(conversations, isCalibrated, isCausal = true) {
  return conversations.map((one) => JSON.stringify(line(one, isCalibrated, isCausal)) + "\n").join("");
}

function line({ id, utterances }, isCalibrated, isCausal) {
  const said = utterances.map((one) => {
    const value = { id: one.id, speaker: one.speaker, text: one.text };
    if (typeof one.time === "number") value.start = one.time;
    if (one.scores) {
      value.predicted = one.label;
      value.confidence = rounded(one.confidence);
      value.scores = Object.fromEntries(Object.entries(one.scores).map(([label, score]) => [label, rounded(score)]));
      value.calibrated = isCalibrated;
      if (one.reason) value.reason = one.reason;
      if (!isCausal) value.causal = false;
    }
    return value;
  });
  return { id, utterances: said, meta: {} };
}

/**
 * One utterance per row, for spreadsheets.
 *
 * Words of other people are always quoted, and a cell that a spreadsheet would take for a formula gets an apostrophe in
 * front. The mark at the beginning tells spreadsheets that it is UTF-8.
 */
export function toCsv(conversations, labels, isCalibrated, isCausal = true) {
  const first = ["conversation", "id", "speaker", "text", "start", "end", "emotion", "predicted", "confidence", "calibrated", "reason"];
  const causal = isCausal ? [] : ["causal"];
  const rows = [[...first, ...causal, ...labels.map((label) => cell(`score_${label}`))]];
  for (const { id, utterances } of conversations) {
    for (const one of utterances) {
      rows.push([
        cell(id),
        cell(one.id),
        cell(one.speaker),
        cell(one.text),
        typeof one.time === "number" ? String(one.time) : "",
        "",
        "",
        one.label ? cell(one.label) : "",
        one.scores ? one.confidence.toFixed(DIGITS) : "",
        one.scores ? String(isCalibrated) : "",
        one.reason ? cell(one.reason) : "",
        ...causal.map(() => (one.scores ? "false" : "")),
        ...labels.map((label) => (one.scores?.[label] === undefined ? "" : one.scores[label].toFixed(DIGITS))),
      ]);
    }
  }
  return "\ufeff" + rows.map((row) => row.join(",") + "\r\n").join("");
}

function cell(text) {
  // Spreadsheets skip blanks before the sign, and take the full-width signs of East Asian text for it as well.
  // One that has an apostrophe already gets another, so that erckit, which takes one away, gives the text back.
  const isFormula = /^'*(?:[\s\u0000-\u0020]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n])/.test(text);
  return `"${(isFormula ? "'" : "") + text.replaceAll('"', '""')}"`;
}

/** Hand a file to the user. */
export function download(name, content, type) {
  const blob = content instanceof Blob ? content : new Blob([content], { type });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

/** A name that every file system takes. */
export function fileName(id, ending) {
  const plain = id.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^[-.]+|[-.]+$/g, "").slice(0, 60);
  return `${plain || "conversation"}.${ending}`;
}
