// Where a transcript comes in: pasted, chosen or dropped.

import { byId, shown } from "./element.js";

const MOST = 20_000_000; // bytes; more would only make the browser slow before the server refuses it

/** Make the form work; `onTranscript` is called with {name, text} or {name, base64}, `onProblem` with a message. */
export function startTranscriptInput(onTranscript, onProblem) {
  const [form, area, file] = [byId("paste"), byId("transcript"), byId("file")];
  let name = null;

  function forget() {
    name = null;
    byId("file-name").textContent = "";
  }

  async function take(chosen) {
    if (!chosen) return;
    if (chosen.size > MOST) return onProblem(`“${shown(chosen.name, 60)}” is larger than ${MOST / 1e6} MB. Split it into parts.`);
    const buffer = await chosen.arrayBuffer();
    const text = decoded(buffer);
    name = chosen.name.slice(-200);
    area.value = text ?? "";
    byId("file-name").textContent = shown(name, 40);
    onTranscript(text === null ? { name, base64: base64(buffer) } : { name, text });
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!area.value.trim()) {
      onProblem("There is no text yet. Paste a transcript, drop a file, or try the example.");
      return area.focus();
    }
    onTranscript(name ? { name, text: area.value } : { text: area.value });
  });
  area.addEventListener("input", forget);
  area.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  byId("choose").addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    take(file.files[0]);
    file.value = "";
  });
  startDropping(take);
  return {
    show(text) {
      forget();
      area.value = text;
    },
  };
}

function startDropping(take) {
  const sign = byId("drop");
  let depth = 0;
  const holdsFile = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  addEventListener("dragenter", (event) => {
    if (holdsFile(event)) sign.hidden = ++depth === 0;
  });
  addEventListener("dragleave", (event) => {
    if (holdsFile(event)) sign.hidden = --depth <= 0;
  });
  addEventListener("dragover", (event) => {
    if (holdsFile(event)) event.preventDefault();
  });
  addEventListener("drop", (event) => {
    if (!holdsFile(event)) return;
    event.preventDefault();
    depth = 0;
    sign.hidden = true;
    take(event.dataTransfer.files[0]);
  });
}

/** Text of a file in UTF-8 or UTF-16 with its mark; null for something that is not text. */
function decoded(buffer) {
  const bytes = new Uint8Array(buffer);
  const starts = (...wanted) => wanted.every((byte, i) => bytes[i] === byte);
  if (starts(0xff, 0xfe)) return new TextDecoder("utf-16le").decode(buffer);
  if (starts(0xfe, 0xff)) return new TextDecoder("utf-16be").decode(buffer);
  if (bytes.subarray(0, 4096).includes(0)) return null;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(buffer);
  } catch {
    return new TextDecoder("windows-1252").decode(buffer);
  }
}

function base64(buffer) {
  const bytes = new Uint8Array(buffer);
  let letters = "";
  for (let i = 0; i < bytes.length; i += 8192) letters += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(letters);
}
