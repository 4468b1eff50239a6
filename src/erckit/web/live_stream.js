// The line that was just typed, labelled over a web socket: the earlier utterances are fed first, once.

import { ServerError, address, apiKey } from "./api.js";

const PATIENCE = 30_000; // ms without any answer
const AT_ONCE = 8; // utterances sent before their answers are waited for
const WAITS = [1, 2, 4, 8, 8, 8]; // seconds before a busy server is asked again

/** No web socket could be opened: the caller may label another way. */
export class NoStream extends Error {}

/** One conversation's stream. */
export class LiveStream {
  /** @param model Id of the model, or null for the server's default one. */
  constructor(model) {
    this.model = model;
    this.socket = null;
    this.fed = []; // texts that the server has, to see whether it is still the same conversation
    this.waiting = [];
    this.name = "";
  }

  /**
   * Label the last of the utterances; the others are sent before it where the server does not have them yet.
   *
   * @param utterances All utterances so far, {speaker, text, time}.
   * @param onAnswer Called with every answer and the position of its utterance.
   * @param onWait Called with the seconds to wait when the server is too busy.
   * @returns The answer to the last one.
   */
  async label(utterances, onAnswer = () => {}, onWait = () => {}) {
    const known = this.fed.every((line, i) => line === lineOf(utterances[i]));
    if (this.socket?.readyState !== WebSocket.OPEN || !known || this.fed.length >= utterances.length) await this.open();
    let [answer, atOnce, refused] = [null, AT_ONCE, 0];
    while (this.fed.length < utterances.length) {
      const first = this.fed.length;
      const some = utterances.slice(first, first + atOnce);
      const results = await Promise.allSettled(some.map((utterance) => this.send(utterance)));
      const bad = results.findIndex(({ status }) => status === "rejected");
      for (const [i, { value }] of results.slice(0, bad < 0 ? some.length : bad).entries()) onAnswer((answer = value), first + i);
      if (bad < 0) continue;
      const problem = results[bad].reason;
      if (problem.code !== "overloaded" || refused === WAITS.length || !this.socket) {
        this.close();
        throw problem;
      }
      onWait(WAITS[refused]);
      await new Promise((resolve) => setTimeout(resolve, 1000 * WAITS[refused++]));
      atOnce = 1;
      // One after the refused one may have been taken, which would leave a gap: then all begins again.
      if (results.slice(bad).some(({ status }) => status === "fulfilled") || !this.socket) await this.open();
      else this.fed.length = first + bad;
    }
    return answer;
  }

  send({ speaker, text, time }) {
    const message = { conversation: this.name, id: String(this.fed.length + 1), speaker, text, remember: false };
    if (typeof time === "number") message.time = time;
    if (this.model !== null) message.model = this.model;
    this.fed.push(lineOf({ speaker, text }));
    const answer = new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.fail(new ServerError("The server took too long to label the line.")), PATIENCE);
      this.waiting.push({ resolve, reject, timer });
    });
    this.socket.send(JSON.stringify(message));
    return answer;
  }

  open() {
    this.close();
    this.fed = [];
    this.name = `page-${crypto.getRandomValues(new Uint32Array(2)).join("-")}`;
    return new Promise((resolve, reject) => {
      const where = address("v1/stream");
      where.protocol = where.protocol === "https:" ? "wss:" : "ws:";
      let socket;
      try {
        socket = new WebSocket(where, protocols());
      } catch {
        reject(new NoStream());
        return;
      }
      this.socket = socket;
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new NoStream());
      socket.onclose = () => {
        reject(new NoStream());
        if (this.socket === socket) this.fail(new ServerError("The connection to the server broke off."));
      };
      socket.onmessage = (event) => this.receive(event.data);
    });
  }

  receive(data) {
    let value;
    try {
      value = JSON.parse(data);
    } catch {
      return this.fail(new ServerError("The server's answer could not be read."));
    }
    const first = this.waiting.shift();
    if (!first) return undefined;
    clearTimeout(first.timer);
    if (value.error) first.reject(new ServerError(value.error.message ?? "The server refused the line.", 0, value.error.code));
    else first.resolve(value);
    return undefined;
  }

  fail(problem) {
    for (const one of this.waiting.splice(0)) {
      clearTimeout(one.timer);
      one.reject(problem);
    }
  }

  close() {
    const socket = this.socket;
    this.socket = null;
    socket?.close();
    this.fail(new ServerError("The conversation was closed."));
  }
}

function lineOf({ speaker, text }) {
  return `${speaker}\n${text}`;
}

function protocols() {
  const key = apiKey();
  if (!key) return ["erckit"];
  // A browser cannot set headers here; a sub-protocol is what it can send, in letters that are allowed in one.
  const bytes = String.fromCharCode(...new TextEncoder().encode(key));
  return ["erckit", `erckit.key.${btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`];
}
