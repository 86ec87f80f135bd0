/**
 * Places in a text. The server counts Unicode code points; JavaScript strings count UTF-16 units. The two differ as soon
 * as a text holds a character outside the basic plane (an emoji, a flag, a mathematical letter), so every offset that
 * comes from the server passes through here once.
 */

export interface Span {
  start: number;
  end: number;
}

export interface Segment {
  text: string;
  marked: boolean;
}

const ASTRAL = /[\ud800-\udbff]/;

/** Code-point spans as UTF-16 spans of `text`. Order kept; ends beyond the text are clamped. Cost: one pass. */
export function toUtf16(text: string, spans: readonly Span[]): Span[] {
  if (!ASTRAL.test(text)) {
    const clamp = (offset: number) => Math.min(Math.max(offset, 0), text.length);
    return spans.map(({ start, end }) => ({ start: clamp(start), end: clamp(end) }));
  }
  const wanted = [...new Set(spans.flatMap(({ start, end }) => [start, end]))].sort((a, b) => a - b);
  const found = new Map<number, number>();
  let unit = 0;
  let point = 0;
  for (const offset of wanted) {
    while (point < offset && unit < text.length) {
      unit += (text.codePointAt(unit) ?? 0) > 0xffff ? 2 : 1;
      point += 1;
    }
    found.set(offset, unit);
  }
  return spans.map(({ start, end }) => ({
    start: found.get(start) ?? 0,
    end: found.get(end) ?? text.length,
  }));
}

/** Overlapping and touching spans joined, empty ones dropped, in order of start. */
export function mergeSpans(spans: readonly Span[]): Span[] {
  const merged: Span[] = [];
  for (const span of [...spans].filter((s) => s.end > s.start).sort((a, b) => a.start - b.start)) {
    const last = merged.at(-1);
    if (last && span.start <= last.end) last.end = Math.max(last.end, span.end);
    else merged.push({ ...span });
  }
  return merged;
}

/** `text[within.start:within.end]` cut into marked and plain pieces; offsets are UTF-16 in the whole text. */
export function segmentsOf(
  text: string,
  marks: readonly Span[],
  within: Span = { start: 0, end: text.length },
): Segment[] {
  const segments: Segment[] = [];
  let at = within.start;
  for (const mark of mergeSpans(marks)) {
    const start = Math.max(mark.start, at);
    const end = Math.min(mark.end, within.end);
    if (end <= start) continue;
    if (start > at) segments.push({ text: text.slice(at, start), marked: false });
    segments.push({ text: text.slice(start, end), marked: true });
    at = end;
  }
  if (at < within.end) segments.push({ text: text.slice(at, within.end), marked: false });
  return segments;
}

/** The paragraphs of a text (blocks between blank lines) as UTF-16 spans, without the blank lines. */
export function paragraphsOf(text: string): Span[] {
  const paragraphs: Span[] = [];
  for (const match of text.matchAll(/(?:(?!\n[ \t]*\n)[\s\S])+/g)) {
    const block = match[0];
    const lead = block.length - block.trimStart().length;
    const body = block.trim();
    if (body) paragraphs.push({ start: match.index + lead, end: match.index + lead + body.length });
  }
  return paragraphs;
}

/** Where the body begins in a text that repeats its headline first; 0 where it does not. */
export function afterTitle(text: string, title: string): number {
  if (title === "" || !text.startsWith(title)) return 0;
  const rest = /^\s+(?=\S)/.exec(text.slice(title.length));
  return rest ? title.length + rest[0].length : 0;
}

/**
 * The part of `text` from `from` on, at most `length` units and cut at words, that shows the first mark with some
 * context before it.
 */
export function windowAround(text: string, marks: readonly Span[], length: number, from = 0): Span {
  if (text.length - from <= length) return { start: from, end: text.length };
  const first = mergeSpans(marks).find((mark) => mark.end > from)?.start ?? from;
  let start = Math.max(from, Math.min(first - Math.floor(length / 3), text.length - length));
  if (start > from) {
    const space = text.indexOf(" ", start);
    start = space >= 0 && space < first ? space + 1 : start;
  }
  let end = Math.min(text.length, start + length);
  if (end < text.length) {
    const space = text.lastIndexOf(" ", end);
    if (space > start) end = space;
  }
  return { start, end };
}
