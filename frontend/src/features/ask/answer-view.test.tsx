import { renderToStaticMarkup } from "react-dom/server";
import { expect, test } from "vitest";
import { readEvents } from "@/lib/sse";
import { applyEvent, emptyDraft } from "./answer-events";
import { Sentences } from "./answer-view";

const PARTS = [
  "<script>alert(1)</script>",
  "<img src=x onerror=alert(1)>",
  "![x](https://elsewhere.example/?q=1)",
  "[x](javascript:alert(1))",
  "<iframe srcdoc='<script>1</script>'>",
  "<a href='//elsewhere.example'>",
  "&lt;b&gt; &#60;i&#62; &amp",
  "<svg/onload=alert(1)>",
  "</p></span></article><style>*{}</style>",
  "<!-- ]]> -->",
  "`$\u007bwindow}` {{7*7}}",
  "\u{1F6A2}\u{202E}\u{200D}é",
  "\n\n> # * _a_ **b** ```",
  "\"' onmouseover=alert(1) x='",
];

/** Numbers that are the same in every run (mulberry32). */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** The bytes of a stream in pieces of a few bytes: tags, entities and characters are cut anywhere. */
function cut(text: string, below: (limit: number) => number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      const next = Math.min(bytes.length, at + 1 + below(7));
      controller.enqueue(bytes.slice(at, next));
      at = next;
    },
  });
}

const OURS = /<\/?(?:p|span)(?: class="[^"<>]*")?>/g;
const plain = (markup: string) =>
  markup
    .replace(OURS, "")
    .replace(
      /&(lt|gt|quot|#x27|amp);/g,
      (_, name) => ({ lt: "<", gt: ">", quot: '"', "#x27": "'", amp: "&" })[name as "lt"],
    );
const words = (text: string) => text.replace(/\s+/g, "");

test.each([1, 2, 3, 4, 5, 6])(
  "at every moment of a hostile stream the answer is text, run %i",
  async (seed) => {
    const below = chance(seed);
    const told = Array.from({ length: 12 }, () => PARTS[below(PARTS.length)] ?? "").join(" ");
    let wire = "";
    for (let at = 0; at < told.length; ) {
      // By code units, so that a delta may end in the middle of a character.
      const text = told.slice(at, at + 1 + below(5));
      wire += `event: delta\ndata: ${JSON.stringify({ sentence: 0, text })}\n\n`;
      at += text.length;
    }
    let draft = emptyDraft("Why?", {} as never, null, "generated");
    let moments = 0;
    for await (const event of readEvents(cut(wire, below))) {
      draft = applyEvent(draft, event);
      for (const apart of [true, false]) {
        const markup = renderToStaticMarkup(
          <Sentences sentences={draft.sentences} sources={[]} apart={apart} onOpen={undefined} />,
        );
        expect(markup.replace(OURS, "")).not.toMatch(/[<>]/);
        expect(words(plain(markup))).toBe(words(draft.sentences[0]?.text ?? ""));
      }
      moments += 1;
    }
    expect(moments).toBeGreaterThan(told.length / 6);
    expect(draft.sentences[0]?.text).toBe(told);
  },
);
