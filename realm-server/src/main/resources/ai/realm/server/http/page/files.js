// The tenant's files and batches.

import { badge, bytes, button, card, confirm, dialog, failure, field, h, heading, moment, say, select, table } from "./dom.js";
import { part, request, tenant } from "./api.js";

const ENDPOINTS = ["/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/messages", "/v1/embeddings"];
const ENDED = new Set(["completed", "failed", "expired", "cancelled"]);
const KINDS = { completed: "good", failed: "bad", expired: "bad", cancelled: "", in_progress: "busy", finalizing: "busy", cancelling: "busy", validating: "busy" };
const REFRESH = 3000;

async function download(id, name) {
  const url = URL.createObjectURL(await (await request("tenant", `v1/files/${part(id)}/content`)).blob());
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

class Files {
  constructor(signal) {
    this.signal = signal;
    this.problem = h("div", {});
    this.files = h("div", {});
    this.batches = h("div", {});
    this.last = "";
  }

  /** Runs what a button does, then shows what there is now. */
  async act(work, said) {
    this.problem.replaceChildren();
    try {
      await work();
      if (said) {
        say(said);
      }
      await this.load();
    } catch (e) {
      if (e.name !== "AbortError") {
        this.problem.replaceChildren(failure(e));
      }
    }
  }

  async load() {
    const [files, batches] = await Promise.all([tenant("v1/files?limit=100", { signal: this.signal }), tenant("v1/batches?limit=50", { signal: this.signal })]);
    const now = JSON.stringify([files.data, batches.data]);
    if (now !== this.last) {
      this.last = now; // Only what changed is drawn anew, so that the keyboard's place is kept.
      this.files.replaceChildren(this.fileTable(files.data));
      this.batches.replaceChildren(this.batchTable(batches.data, new Map(files.data.map((f) => [f.id, f.filename]))));
    }
    this.running = batches.data.some((b) => !ENDED.has(b.status));
  }

  fileTable(files) {
    return table("Files", ["Name", "Purpose", { text: "Size", number: true }, "Made", "Action"], files.map((f) => [f.filename, f.purpose, bytes(f.bytes), moment(f.created_at),
      h("div", { class: "actions" }, f.purpose === "batch" && button("Run", () => this.begin(f), { "aria-label": `Run ${f.filename}` }),
        button("Download", () => this.act(() => download(f.id, f.filename)), { "aria-label": `Download ${f.filename}` }),
        button("Delete", async () => {
          if (await confirm("Delete this file?", `${f.filename} is gone for good.`, "Delete")) {
            this.act(() => tenant(`v1/files/${part(f.id)}`, { method: "DELETE" }), "Deleted.");
          }
        }, { "aria-label": `Delete ${f.filename}` }))]), "There are no files. One of requests is a line of JSON each: custom_id, method, url, body.");
  }

  batchTable(batches, names) {
    return table("Batches", ["Input", "Endpoint", "State", "Done", "Made", "Action"], batches.map((b) => [names.get(b.input_file_id) ?? h("code", {}, b.input_file_id), b.endpoint,
      badge(b.status.replaceAll("_", " "), KINDS[b.status]), this.progress(b), moment(b.created_at), h("div", { class: "actions" },
        b.output_file_id && button("Results", () => this.act(() => download(b.output_file_id, `${b.id}-output.jsonl`))),
        b.error_file_id && button("Errors", () => this.act(() => download(b.error_file_id, `${b.id}-errors.jsonl`))),
        b.errors?.data?.length > 0 && button("Why", () => dialog("What is wrong with the file", h("ul", {}, b.errors.data.map((e) =>
          h("li", {}, `${e.line ? `Line ${e.line}: ` : ""}${e.message}`))))),
        !ENDED.has(b.status) && button("Cancel", () => this.act(() => tenant(`v1/batches/${part(b.id)}/cancel`, { method: "POST" }), "The batch is being cancelled.")))]), "There are no batches.");
  }

  progress(b) {
    const { total, completed, failed } = b.request_counts;
    const words = `${completed} of ${total}${failed ? `, ${failed} failed` : ""}`;
    return total > 0 ? h("div", { class: "progress" }, h("progress", { max: total, value: completed + failed, "aria-label": words }), h("span", {}, words)) : "–";
  }

  begin(file) {
    const endpoint = select(ENDPOINTS.map((e) => [e]), ENDPOINTS[0]);
    const box = dialog("Run a batch", h("p", {}, file.filename), field("Endpoint of its requests", endpoint), h("div", { class: "actions end" },
      button("Run", () => {
        box.close();
        this.act(() => tenant("v1/batches", { method: "POST", body: { input_file_id: file.id, endpoint: endpoint.value, completion_window: "24h" } }), "The batch has begun.");
      }, { class: "primary" })));
  }

  upload() {
    const input = h("input", { type: "file", accept: ".jsonl,application/jsonl,application/json,text/plain", required: true });
    return h("form", {
      class: "inline",
      submit: (e) => {
        e.preventDefault();
        const form = new FormData();
        form.append("purpose", "batch");
        form.append("file", input.files[0]);
        this.act(async () => {
          await tenant("v1/files", { method: "POST", body: form });
          input.value = "";
        }, "Uploaded.");
      },
    }, field("A file of requests", input), h("button", { class: "primary" }, "Upload"));
  }
}

export async function files(place, signal) {
  const room = new Files(signal);
  await room.load();
  place.replaceChildren(heading("Files and batches", "Requests in files, run when the server has time."), room.problem,
    card("Batches", room.batches), card("Files", room.upload(), room.files));
  const timer = setInterval(() => room.running && room.act(() => {}), REFRESH);
  signal.addEventListener("abort", () => clearInterval(timer));
}
