import { describe, expect, it } from "vitest";
import type { LogEvent } from "@/lib/api-types";
import { logLine, readLogEvent, shortAddress, withLine } from "./log-lines";

const step = (stage: string, detail: LogEvent["detail"] = {}): LogEvent => ({
  job_id: "job_1",
  source_id: "src_1",
  at: "2026-11-25T12:01:07Z",
  stage,
  detail,
});

describe("a step of a crawl as a line", () => {
  it("says what happened to which address, how big and how fast", () => {
    const line = logLine(
      step("stored", {
        url: "https://a.example/x",
        status: 200,
        bytes: 48_211,
        ms: 210,
        document_id: "doc_1",
      }),
      "7",
    );
    expect(line).toMatchObject({
      word: "stored",
      tone: "good",
      url: "https://a.example/x",
      facts: "48 kB, 210 ms",
    });
  });

  it("prefers the sentence to the code, and both to nothing", () => {
    expect(
      logLine(step("refused", { reason: "robots_refused", detail: "robots.txt forbids it." }), "1").facts,
    ).toBe("robots.txt forbids it.");
    expect(logLine(step("refused", { reason: "robots_refused" }), "1").facts).toBe("robots refused");
  });

  it("shows a look at the feed with what it brought, and a failed one as a failure", () => {
    expect(logLine(step("polled", { status: 304, seen: 0, new: 0, bytes: 0, ms: 12 }), "1")).toMatchObject({
      word: "looked at",
      tone: "plain",
      facts: "HTTP 304, 0 seen, 0 new, 0 B, 12 ms",
    });
    expect(logLine(step("polled", { status: 500, reason: "server_error" }), "1").tone).toBe("failure");
    expect(logLine(step("finished", { status: "succeeded" }), "1")).toMatchObject({
      tone: "good",
      facts: "succeeded",
    });
  });

  it("links only to the web", () => {
    expect(logLine(step("stored", { url: "javascript:alert(1)" }), "1").url).toBeNull();
  });

  it("lets a step that is not known yet through, without its inner figures", () => {
    expect(logLine(step("brand_new", { run_id: "run_1", odd: true }), "1")).toMatchObject({
      word: "brand new",
      tone: "plain",
      facts: "",
    });
  });
});

describe("the stream", () => {
  it("ignores what is no step", () => {
    expect(readLogEvent("{")).toBeNull();
    expect(readLogEvent("null")).toBeNull();
    expect(readLogEvent('{"stage": 4}')).toBeNull();
    expect(readLogEvent(JSON.stringify(step("stored")))).toEqual(step("stored"));
  });

  it("adds each step once, also when the connection was lost between", () => {
    const first = logLine(step("stored"), "1");
    const lines = withLine(withLine([], first), logLine(step("failed"), "2"));
    expect(withLine(lines, first)).toBe(lines);
    expect(lines.map((line) => line.id)).toEqual(["1", "2"]);
  });

  it("forgets the oldest lines of a long visit", () => {
    let lines: ReturnType<typeof withLine> = [];
    for (let id = 0; id < 450; id += 1) lines = withLine(lines, logLine(step("stored"), String(id)));
    expect(lines).toHaveLength(400);
    expect(lines.at(-1)?.id).toBe("449");
  });
});

describe("addresses in the log", () => {
  it("leave out the source's own site and nothing else", () => {
    expect(shortAddress("https://a.example/news/1", "https://a.example/feed")).toBe("/news/1");
    expect(shortAddress("https://b.example/news/1", "https://a.example/feed")).toBe(
      "https://b.example/news/1",
    );
    expect(shortAddress("https://a.example/", "https://a.example/feed")).toBe("https://a.example/");
    expect(shortAddress("https://a.example.evil/1", "https://a.example/feed")).toBe(
      "https://a.example.evil/1",
    );
  });
});
