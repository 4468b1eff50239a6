// A transcript on its way to labels: read by the server, then labelled in pieces the server can take.

import { LiveStream } from "./live_stream.js";
import { request } from "./api.js";

const ROOM = 0.7; // share of the server's limit on bytes that a request fills; letters may take more room on the way
const USUAL = { utterances: 512, conversations: 64, body_bytes: 2_000_000, explain_utterances: 64 };

/** What the server takes at once. */
export const limits = { ...USUAL };

/** Conversations of a transcript, {name, text} or {name, base64}: {format, conversations, skipped, notes}. */
export async function readTranscript(transcript, options) {
  const found = await request("v1/read", transcript, options);
  found.conversations.forEach((conversation, c) => {
    conversation.id ??= `conversation-${c + 1}`;
    conversation.utterances.forEach((utterance, u) => (utterance.id ??= String(u + 1)));
  });
  return found;
}

/** Utterances as the server takes them; ids count through them, whatever they are called in the transcript. */
export function sent(utterances) {
  return utterances.map(({ speaker, text, time }, u) => ({
    id: String(u + 1),
    speaker,
    text,
    ...(typeof time === "number" && { time }),
  }));
}

/**
 * Label conversations; their utterances get label, confidence, scores and reason.
 *
 * A conversation longer than the server takes at once is streamed, where the model's labels do not depend on what comes
 * later: the scores are the same.
 *
 * @param model {id, causal, default}.
 * @param onDone Called with the number of utterances labelled so far.
 * @returns Seconds it took.
 */
export async function labelConversations(conversations, model, { onDone, ...options } = {}) {
  const from = performance.now();
  let done = 0;
  for (const piece of pieces(conversations)) {
    const [first] = piece;
    if (first.utterances.length > limits.utterances && model.causal) {
      await labelByStream(first.utterances, model, (count) => onDone?.(done + count), options);
    } else {
      const body = {
        model: model.id,
        remember: false,
        conversations: piece.map(({ utterances }, c) => ({ id: `c${c + 1}`, utterances: sent(utterances) })),
      };
      const answer = await request("v1/label", body, options);
      piece.forEach(({ utterances }, c) => utterances.forEach((one, u) => take(one, answer.conversations[c].utterances[u])));
    }
    done += piece.reduce((sum, { utterances }) => sum + utterances.length, 0);
    onDone?.(done);
  }
  return (performance.now() - from) / 1000;
}

async function labelByStream(utterances, model, onDone, { signal, onWait }) {
  const stream = new LiveStream(model.default ? null : model.id);
  const stop = () => stream.close();
  signal?.addEventListener("abort", stop);
  try {
    const onAnswer = (answer, i) => {
      take(utterances[i], answer);
      if (i % 32 === 31) onDone(i + 1);
    };
    await stream.label(utterances, onAnswer, onWait);
  } catch (problem) {
    throw signal?.aborted ? new DOMException("stopped", "AbortError") : problem;
  } finally {
    signal?.removeEventListener("abort", stop);
    stream.close();
  }
}

/** Put what the server said of an utterance into it. */
export function take(utterance, { label, confidence, scores, reason }) {
  Object.assign(utterance, { label: label ?? null, confidence, scores, reason: reason ?? "" });
}

/** Conversations in groups that fit into a request each. */
function pieces(conversations) {
  const made = [];
  let [count, bytes] = [Infinity, Infinity];
  for (const conversation of conversations) {
    const size = JSON.stringify(sent(conversation.utterances)).length;
    const fits =
      count + conversation.utterances.length <= limits.utterances &&
      bytes + size <= ROOM * limits.body_bytes &&
      made.at(-1)?.length < limits.conversations;
    if (!fits) {
      made.push([]);
      [count, bytes] = [0, 0];
    }
    made.at(-1).push(conversation);
    count += conversation.utterances.length;
    bytes += size;
  }
  return made;
}
