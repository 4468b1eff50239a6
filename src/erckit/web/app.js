// The page's parts put together.

import { LiveStream, NoStream } from "./live_stream.js";
import { byId, counted, element, percent, shown, shownName } from "./element.js";
import { download, fileName, toCsv, toJsonl } from "./exports.js";
import { hideError, say, setBusy, showError } from "./messages.js";
import { labelConversations, limits, readTranscript, take } from "./labelling.js";
import { labelName, useStyles } from "./labels.js";
import { offerSpeakers, startComposer } from "./composer.js";
import { EXAMPLE } from "./example.js";
import { ResultView } from "./result_view.js";
import { request } from "./api.js";
import { startThemeSwitch } from "./theme_switch.js";
import { startTranscriptInput } from "./transcript_input.js";
import { toPng } from "./picture.js";

let models = [];
let conversations = [];
let talk = null; // the conversation that is shown
let stream = null;
let running = null; // AbortController of the labelling that runs
let typed = Promise.resolve(); // the lines that were typed, one after the other

const view = new ResultView();
const input = startTranscriptInput(start, showError);
startThemeSwitch(() => {});
startComposer(addLine);
byId("host").textContent = location.host ? `this server (${location.host})` : "this server";
byId("example").addEventListener("click", () => {
  input.show(EXAMPLE);
  start({ name: "example.txt", text: EXAMPLE });
});
byId("empty").addEventListener("click", async () => {
  if (!(await loadModels())) return;
  conversations = [{ id: "conversation", utterances: [] }];
  showResult(`Nobody has said anything yet. Choose a name and type the first line.`);
  byId("new-speaker").focus();
});
byId("again").addEventListener("click", () => {
  show("start");
  byId("transcript").focus();
});
byId("model").addEventListener("change", changeModel);
byId("which").addEventListener("change", () => showConversation(Number(byId("which").value)));
byId("to-jsonl").addEventListener("click", () => save("jsonl"));
byId("to-csv").addEventListener("click", () => save("csv"));
byId("to-png").addEventListener("click", () => save("png"));
loadModels();

function model() {
  return models.find(({ id }) => id === byId("model").value);
}

async function loadModels() {
  if (models.length) return true;
  try {
    const told = await request("v1/models");
    models = told.models;
    Object.assign(limits, told.limits);
  } catch (problem) {
    showError(problem.message);
    return false;
  }
  const chosen = models.find((one) => one.default) ?? models[0];
  const select = byId("model");
  select.replaceChildren(...models.map(({ id }) => element("option", { value: id }, shown(id, 60))));
  select.value = chosen.id;
  select.disabled = false;
  useStyles(chosen.styles ?? []);
  return true;
}

/** Something that takes time: its errors are shown, and it can be stopped. */
async function during(words, work) {
  running?.abort();
  const own = (running = new AbortController());
  hideError();
  setBusy(words, () => own.abort());
  try {
    await work({ signal: own.signal, onWait: (seconds) => setBusy(`The server is busy; trying again in ${seconds} s.`, () => own.abort()) });
  } catch (problem) {
    if (problem.name !== "AbortError") showError(problem.message);
    else if (running === own) say("Stopped.");
  } finally {
    if (running === own) {
      running = null;
      setBusy(null);
    }
  }
}

/** Read and label a transcript. */
function start(transcript) {
  return during("Reading…", async (options) => {
    if (!(await loadModels())) return say("");
    const found = await readTranscript(transcript, options);
    if (!found.conversations.length) throw new Error(found.skipped?.[0]?.reason ?? "There is no conversation in this text.");
    const about = await labelAll(found.conversations, options);
    conversations = found.conversations;
    showSkipped(found);
    showResult(about);
    byId("result-title").focus({ preventScroll: true });
  });
}

async function labelAll(all, options) {
  const total = all.reduce((sum, one) => sum + one.utterances.length, 0);
  setBusy(`Labelling ${counted(total, "utterance")}…`, () => running?.abort());
  const onDone = (done) => done < total && setBusy(`Labelled ${done.toLocaleString("en")} of ${counted(total, "utterance")}…`, () => running?.abort());
  const seconds = await labelConversations(all, model(), { ...options, onDone });
  return `Labelled ${counted(total, "utterance")} in ${seconds < 0.95 ? `${Math.round(1000 * seconds)} ms` : `${seconds.toFixed(1)} s`}.`;
}

function changeModel() {
  useStyles(model().styles ?? []);
  if (byId("result").hidden) return undefined;
  return during("Labelling again…", async (options) => {
    const copies = conversations.map(({ id, utterances }) => ({ id, utterances: utterances.map((one) => ({ ...one })) }));
    const which = conversations.indexOf(talk);
    const about = copies.some(({ utterances }) => utterances.length) ? await labelAll(copies, options) : "";
    conversations = copies;
    showResult(about, which);
  });
}

function show(section) {
  byId("start").hidden = section !== "start";
  byId("result").hidden = section !== "result";
  hideError();
  say("");
  scrollTo(0, 0);
}

function showResult(about, which = 0) {
  show("result");
  const select = byId("which");
  select.replaceChildren(...conversations.map(({ id, utterances }, i) => element("option", { value: String(i) }, `${shown(id, 50)} (${utterances.length})`)));
  byId("which-box").hidden = conversations.length < 2;
  showConversation(Math.max(0, which));
  say(about);
}

function showConversation(i) {
  byId("which").value = String(i);
  talk = conversations[i];
  Object.assign(talk, { model: model(), isCausal: model().causal, labels: model().labels });
  stream?.close();
  stream = null;
  view.show(talk);
  offer();
  byId("state").replaceChildren(
    element("b", {}, model().calibrated ? "Scores are calibrated" : "Scores are not calibrated"),
    model().calibrated ? " on held-out data: on texts like it, 60 % should be right about 6 times in 10. " : ": they rank labels, they are not probabilities. ",
    model().causal ? "No label depends on what comes later." : "Labels also depend on what comes later.",
  );
}

function showSkipped({ format, skipped = [], notes = [] }) {
  const box = byId("skipped");
  const lines = [...skipped.map(({ where, reason }) => `${where}: ${reason}`), ...notes];
  box.hidden = !lines.length;
  box.open = false;
  const parts = [format ? `Read as ${shown(format, 40)}` : "Read"];
  if (skipped.length) parts.push(`${skipped.length} left out`);
  if (notes.length) parts.push(counted(notes.length, "note"));
  box.querySelector("summary").textContent = parts.join(", ");
  box.querySelector("ul").replaceChildren(...lines.slice(0, 50).map((line) => element("li", { dir: "auto" }, shown(line, 300))));
}

/** The speaker who did not speak last is likely to speak next. */
function offer() {
  const speakers = [...new Set(talk.utterances.map((one) => one.speaker))];
  const last = talk.utterances.at(-1)?.speaker;
  const other = talk.utterances.findLast((one) => one.speaker !== last)?.speaker;
  offerSpeakers(speakers, other ?? last);
}

function addLine(speaker, text) {
  const here = talk;
  const taken = new Set(here.utterances.map((one) => one.id));
  let number = here.utterances.length + 1;
  while (taken.has(String(number))) number++;
  const utterance = { id: String(number), speaker, text };
  here.utterances.push(utterance);
  view.appended();
  offer();
  typed = typed.then(() => labelLine(here, utterance));
  return typed;
}

async function labelLine(here, utterance) {
  if (here !== talk) return;
  try {
    const upTo = here.utterances.slice(0, here.utterances.indexOf(utterance) + 1);
    hideError();
    if (here.isCausal && (await labelByStream(upTo))) view.labelled(upTo.length - 1);
    else {
      await labelConversations([{ utterances: upTo }], here.model);
      view.redrawAll();
    }
    say(`${shownName(utterance.speaker)}: ${labelName(utterance.label)}, ${percent(utterance.confidence)}`);
  } catch (problem) {
    here.utterances.splice(here.utterances.indexOf(utterance), 1);
    if (here !== talk) return;
    view.redrawAll();
    offer();
    if (!byId("line").value) byId("line").value = utterance.text;
    showError(problem.message);
  }
}

/** Whether the line could be labelled over the web socket. */
async function labelByStream(utterances) {
  stream ??= new LiveStream(model().default ? null : model().id);
  const before = utterances.length - 1;
  const onAnswer = (_, i) => before > 40 && i % 32 === 31 && say(`Reading the conversation: ${i + 1} of ${counted(before, "earlier utterance")}…`);
  try {
    take(utterances.at(-1), await stream.label(utterances, onAnswer, saysBusy));
    return true;
  } catch (problem) {
    if (problem instanceof NoStream) return false;
    throw problem;
  }
}

function saysBusy(seconds) {
  say(`The server is busy; trying again in ${seconds} s.`);
}

async function save(ending) {
  const { calibrated, causal } = model();
  const name = fileName(conversations.length > 1 && ending !== "png" ? "conversations" : talk.id, ending);
  try {
    if (ending === "jsonl") download(name, toJsonl(conversations, calibrated, causal), "application/jsonl");
    else if (ending === "csv") download(name, toCsv(conversations, model().labels, calibrated, causal), "text/csv;charset=utf-8");
    else {
      const labelled = talk.utterances.filter((one) => one.scores !== undefined);
      if (!labelled.length) throw new Error("There is nothing to draw yet. Type a line first.");
      const about = `${model().id} · ${byId("facts").textContent}`;
      const content = { title: talk.id, about, utterances: labelled, shifts: view.shifts, labels: model().labels };
      download(name, await toPng(content), "image/png");
    }
    say(`Saved ${name}.`);
  } catch (problem) {
    showError(problem.message);
  }
}
