// Calls of the server's own API, as any client makes them.

import { key } from "./keys.js";

/** What the server refused, with the status and the code of its answer. */
export class ApiError extends Error {
  constructor(status, message, code) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

async function refusal(response) {
  let message = `The server answered with status ${response.status}.`;
  let code = null;
  let current = null;
  try {
    const body = await response.json();
    const error = body.error ?? {};
    message = typeof error === "string" ? error : error.message ?? message;
    code = error.code ?? null;
    current = body.current ?? null;
  } catch {
    // No JSON: a proxy answered.
  }
  const wait = response.headers.get("retry-after");
  const refused = new ApiError(response.status, wait ? `${message} (again in ${wait} s)` : message, code);
  refused.current = current;
  return refused;
}

/**
 * A request whose answer is not read yet.
 *
 * @param kind whose key it carries: tenant or admin
 */
export async function request(kind, path, { method = "GET", body, headers = {}, signal } = {}) {
  const all = { ...headers };
  if (key(kind)) {
    all.Authorization = `Bearer ${key(kind)}`;
  }
  let sent = body;
  if (body !== undefined && !(body instanceof FormData) && !(body instanceof Blob)) {
    all["Content-Type"] = "application/json";
    sent = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, { method, headers: all, body: sent, signal, cache: "no-store", credentials: "omit" });
  } catch (e) {
    if (e.name === "AbortError") {
      throw e;
    }
    throw new ApiError(0, "The server cannot be reached.", null);
  }
  if (!response.ok) {
    throw await refusal(response);
  }
  return response;
}

export const call = async (kind, path, options) => (await request(kind, path, options)).json();

export const tenant = (path, options) => call("tenant", path, options);

export const admin = (path, options) => call("admin", path, options);

/** One part of a path, whatever is in it. */
export const part = (text) => encodeURIComponent(text);

/** The data of a stream's events, parsed; an error among them is thrown. */
export async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    rest += value ?? "";
    const lines = rest.split(/\r?\n/);
    rest = done ? "" : lines.pop();
    for (const line of lines) {
      if (!line.startsWith("data:")) {
        continue;
      }
      const data = line.slice(5).trim();
      if (data === "[DONE]") {
        return;
      }
      const event = JSON.parse(data);
      if (event.error) {
        throw new ApiError(200, event.error.message ?? "The stream ended with an error.", event.error.code);
      }
      yield event;
    }
    if (done) {
      throw new ApiError(200, "The stream ended before its end.", null);
    }
  }
}
