import { describe, expect, it } from "vitest";
import { EventParser, readEvents } from "./sse";

const stream = (chunks: Uint8Array[]) =>
  new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });

describe("event parser", () => {
  it("reads name, id and data", () => {
    const parser = new EventParser();
    expect(parser.push('id: 7\nevent: stage\ndata: {"a":1}\n\n')).toEqual([
      { id: "7", event: "stage", data: '{"a":1}' },
    ]);
  });

  it("joins data lines, skips comments and events without data", () => {
    const parser = new EventParser();
    expect(parser.push(": ping\n\nevent: empty\n\ndata: a\ndata: b\n\n")).toEqual([
      { id: null, event: "message", data: "a\nb" },
    ]);
  });

  it("accepts every line ending, also one cut between two chunks", () => {
    const parser = new EventParser();
    expect(parser.push("data: a\r")).toEqual([]);
    expect(parser.push("\n\r")).toEqual([]);
    expect(parser.push("\ndata: b\r\rx")).toEqual([
      { id: null, event: "message", data: "a" },
      { id: null, event: "message", data: "b" },
    ]);
  });

  it("keeps the last id for events that carry none", () => {
    const parser = new EventParser();
    const events = parser.push("id: 1\ndata: a\n\ndata: b\n\n");
    expect(events.map((event) => event.id)).toEqual(["1", "1"]);
  });
});

describe("reading a stream", () => {
  it("survives a character cut between two network chunks", async () => {
    const bytes = new TextEncoder().encode("event: delta\ndata: Größe 🏭\n\n");
    const events = [];
    for await (const event of readEvents(
      stream([bytes.slice(0, 23), bytes.slice(23, 29), bytes.slice(29)]),
    )) {
      events.push(event);
    }
    expect(events).toEqual([{ id: null, event: "delta", data: "Größe 🏭" }]);
  });
});
