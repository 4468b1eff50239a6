// Talking to the server: one request at a time, its errors in words, the key only when it is asked for.

import { byId } from "./element.js";

const TRIES = 4;
const STORE = "erckit-key";
let key = null;
try {
  key = sessionStorage.getItem(STORE);
} catch {
  // storage is switched off: the key lives as long as the page
}

/** What the server, or the way to it, says is wrong. */
export class ServerError extends Error {
  constructor(message, status = 0, code = "") {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** The key the user gave, or null. */
export function apiKey() {
  return key;
}

/** Full address of a path such as "v1/label". */
export function address(path) {
  return new URL(path, document.baseURI);
}

/**
 * Send JSON and take JSON back.
 *
 * A missing key is asked for; a busy server is asked again after the time it names.
 */
export async function request(path, body = undefined, { signal, onWait } = {}) {
  for (let tries = 1; ; tries++) {
    const headers = body === undefined ? {} : { "Content-Type": "application/json" };
    if (key) headers.Authorization = `Bearer ${key}`;
    let answer;
    try {
      answer = await fetch(address(path), {
        method: body === undefined ? "GET" : "POST",
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        signal,
        credentials: "same-origin",
        cache: "no-store",
      });
    } catch (problem) {
      if (problem.name === "AbortError") throw problem;
      throw new ServerError("The server does not answer. Is it still running? Start it with “erckit serve” and try again.");
    }
    if (answer.ok) {
      try {
        return await answer.json();
      } catch (problem) {
        if (problem.name === "AbortError") throw problem;
        throw new ServerError("The server's answer broke off. Try again.");
      }
    }
    if (answer.status === 401) {
      await askForKey(key !== null);
      tries = 0;
      continue;
    }
    const isBusy = answer.status === 429 || answer.status === 503;
    if (isBusy && tries < TRIES) {
      const seconds = Math.min(30, Math.max(1, Number(answer.headers.get("Retry-After")) || 2));
      onWait?.(seconds);
      await pause(1000 * seconds, signal);
      continue;
    }
    throw await inWords(answer);
  }
}

async function inWords(answer) {
  const told = await answer.json().catch(() => ({}));
  const message = told?.error?.message;
  const general = {
    404: "The server does not know this address. Is it an older version?",
    413: "This is more than the server takes at once. Split the transcript, or start the server with higher limits.",
    422: "The server could not read the request.",
    429: "The server is busy. Try again in a moment.",
    503: "The server cannot answer just now. Try again in a moment.",
  };
  const words = message || general[answer.status] || `The server answered with an error (${answer.status}).`;
  return new ServerError(words, answer.status, told?.error?.code ?? "");
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(new DOMException("stopped", "AbortError"));
    });
  });
}

let asking = null;

/** Ask for the key in a dialog; several requests that need it wait for the same answer. */
function askForKey(wasWrong) {
  asking ??= new Promise((resolve, reject) => {
    const dialog = byId("key");
    const field = byId("key-value");
    byId("key-wrong").hidden = !wasWrong;
    field.value = "";
    let given = false;
    byId("key-cancel").onclick = () => dialog.close();
    dialog.querySelector("form").onsubmit = () => {
      given = field.value.trim() !== "";
      if (given) keepKey(field.value.trim());
    };
    dialog.onclose = () => {
      asking = null;
      if (given) resolve();
      else reject(new ServerError("The server asks for a key, and none was given.", 401));
    };
    dialog.showModal();
    field.focus();
  });
  return asking;
}

function keepKey(value) {
  key = value;
  try {
    sessionStorage.setItem(STORE, value);
  } catch {
    // storage is switched off: the key lives as long as the page
  }
}
