import type { TablePreview } from "@/client";
import { cx } from "@/lib/cx";
import { plural, showDay } from "@/lib/format";
import { type Choice, ROLES } from "./choices";

const SHOWN_COLUMNS = 12;

/** The first rows as they stand, with what each column is taken for. */
export function SampleTable({ preview, choice }: { preview: TablePreview; choice: Choice | null }) {
  const columns = preview.columns.slice(0, SHOWN_COLUMNS);
  const more = preview.column_count - columns.length;
  return (
    <div>
      <h3 className="eyebrow mb-1.5">First rows</h3>
      <section
        className="overflow-x-auto rounded border border-rule"
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached with the keyboard.
        tabIndex={0}
        aria-label="Cells of the first rows"
      >
        <table className="w-full border-collapse text-left text-xs">
          <thead className="bg-sunken">
            <tr>
              {columns.map(({ number, name }) => {
                const label = choice && roleOf(choice, number);
                return (
                  <th
                    key={number}
                    scope="col"
                    className="px-2.5 py-1.5 align-top font-medium whitespace-nowrap"
                  >
                    {name || `Column ${number}`}
                    {label && <span className="block font-normal text-accent">{label}</span>}
                  </th>
                );
              })}
            </tr>
          </thead>
          <tbody>
            {preview.sample.map((row, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: rows have no identity but their place.
              <tr key={index} className="border-t border-rule">
                {columns.map(({ number }) => (
                  <td
                    key={number}
                    className={cx(
                      "max-w-56 truncate px-2.5 py-1.5",
                      choice && !roleOf(choice, number) && "text-muted",
                    )}
                  >
                    {row[number - 1] ?? ""}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {more > 0 && <p className="mt-1 text-xs text-muted">And {plural(more, "further column")}.</p>}
    </div>
  );
}

function roleOf({ columns }: Choice, number: number): string | undefined {
  return ROLES.find(({ role }) =>
    role === "text" ? columns.text.includes(number) : columns[role] === number,
  )?.label;
}

/** How the first rows look as documents. */
export function FirstDocuments({ preview }: { preview: TablePreview }) {
  if (preview.documents.length === 0) {
    return <p className="text-sm text-muted">Choose the column that holds the texts.</p>;
  }
  return (
    <section aria-label="As documents">
      <h3 className="eyebrow">As documents</h3>
      <ol>
        {preview.documents.map((document) => (
          <li key={document.row} className="border-b border-rule py-2.5">
            {document.text ? (
              <>
                <p className="font-serif leading-snug font-semibold">
                  {document.title || document.text.slice(0, 90)}
                </p>
                <p className="mt-0.5 flex flex-wrap gap-x-2.5 text-xs text-muted">
                  <span className="nums">Row {document.row}</span>
                  {document.published_at && <span>{showDay(document.published_at.slice(0, 10))}</span>}
                  {document.date && <span className="text-warning">no date: {document.date}</span>}
                  {document.author && <span>{document.author}</span>}
                  {(document.url || document.source) && (
                    <span className="max-w-64 truncate">{document.url || document.source}</span>
                  )}
                </p>
                <p className="mt-1 line-clamp-2 font-serif text-sm break-words">{document.text}</p>
              </>
            ) : (
              <p className="text-sm text-muted">Row {document.row} has no text and is left out.</p>
            )}
          </li>
        ))}
      </ol>
    </section>
  );
}

const WORDS: Record<string, (count: string, row: number, value: string) => string> = {
  no_text: (count, row) => `${count} without text are left out, the first is row ${row}.`,
  no_date: (count, row, value) =>
    `${count} with a date that cannot be read, such as “${value}” in row ${row}; they get none.`,
  ambiguous_date: (count, row, value) =>
    `${count} with a date like “${value}” (row ${row}), which may begin with the day or the month. See “How the file is read”.`,
  no_url: (count, row, value) => `${count} without a proper web address, such as “${value}” in row ${row}.`,
  ragged: (count, row, value) =>
    `${count} with more or fewer cells than the others, such as row ${row} (${value}).`,
};

/** What to look at before adding, with counts. */
export function Warnings({ preview }: { preview: TablePreview }) {
  const { warnings, problem, is_complete, row_count, encoding_confidence } = preview;
  const lines = warnings.map(({ code, count, row, value }) =>
    WORDS[code]?.(plural(count, "row"), row, value),
  );
  if (problem) lines.unshift(`Only ${plural(row_count, "row")} can be read: ${problem}`);
  if (!problem && !is_complete)
    lines.unshift(`There are more than ${plural(row_count, "row")}, which is the limit. Split the file.`);
  if (encoding_confidence < 0.5)
    lines.push("The characters may be wrong ones. Look at the texts, and choose others below.");
  if (lines.length === 0) return null;
  return (
    <ul aria-label="Warnings" className="space-y-1 border-l-2 border-warning pl-3 text-sm">
      {lines.map((line) => (
        <li key={line}>{line}</li>
      ))}
    </ul>
  );
}
