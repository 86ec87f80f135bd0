/** Server-sent events over fetch: the same parser for GET feeds and for POST answers. */

export interface ServerEvent {
  id: string | null;
  event: string;
  data: string;
}

/** Collects lines into events, as the HTML standard's event-stream interpretation says (section 9.2.6). */
export class EventParser {
  private buffer = "";
  private event = "";
  private data: string[] = [];
  private id: string | null = null;
  private started = false;

  /** Feed decoded text; get the events it completed. */
  push(chunk: string): ServerEvent[] {
    let text = this.buffer + chunk;
    if (!this.started && text.length > 0) {
      if (text.startsWith("\ufeff")) text = text.slice(1);
      this.started = true;
    }
    const events: ServerEvent[] = [];
    let at = 0;
    for (;;) {
      const match = /\r\n|\n|\r/.exec(text.slice(at));
      // A carriage return at the very end may be half of a pair: wait for the next chunk.
      if (!match || (match[0] === "\r" && at + match.index + 1 === text.length)) break;
      this.line(text.slice(at, at + match.index), events);
      at += match.index + match[0].length;
    }
    this.buffer = text.slice(at);
    return events;
  }

  private line(line: string, events: ServerEvent[]): void {
    if (line === "") {
      if (this.data.length > 0) {
        events.push({ id: this.id, event: this.event || "message", data: this.data.join("\n") });
      }
      this.event = "";
      this.data = [];
      return;
    }
    if (line.startsWith(":")) return;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") this.event = value;
    else if (field === "data") this.data.push(value);
    else if (field === "id" && !value.includes("\0")) this.id = value;
  }
}

/** The events of a streaming response, one after the other. Ends when the server closes the stream. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  const parser = new EventParser();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield* parser.push(decoder.decode(value, { stream: true }));
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
