import { type ReactNode, useId } from "react";
import type { TablePreview } from "@/client";
import { plural } from "@/lib/format";
import { type Choice, type Columns, DELIMITERS, ENCODINGS, ROLES } from "./choices";

interface ModeChoiceProps {
  mode: Choice["mode"];
  count: number;
  onChange: (mode: Choice["mode"]) => void;
}

export function ModeChoice({ mode, count, onChange }: ModeChoiceProps) {
  const name = useId();
  const modes = [
    {
      value: "rows",
      label: "A document per row",
      hint: `${plural(count, "row")}, each found and cited by itself`,
    },
    { value: "sheet", label: "One document", hint: "The whole sheet becomes one text, a paragraph per row" },
  ] as const;
  return (
    <fieldset className="grid gap-2 sm:grid-cols-2">
      <legend className="sr-only">How to add this table</legend>
      {modes.map(({ value, label, hint }) => (
        <label
          key={value}
          className="flex cursor-pointer items-start gap-2.5 rounded border border-edge px-3 py-2 has-checked:border-accent has-checked:bg-selected"
        >
          <input
            type="radio"
            name={name}
            className="mt-1"
            checked={mode === value}
            onChange={() => onChange(value)}
          />
          <span>
            <span className="block text-sm font-medium">{label}</span>
            <span className="block text-xs text-muted">{hint}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

interface ChoiceProps {
  choice: Choice;
  onChange: (choice: Choice) => void;
}

/** Which column is what. */
export function ColumnChoice({ preview, choice, onChange }: ChoiceProps & { preview: TablePreview }) {
  const { columns } = choice;
  const set = (changed: Partial<Columns>) => onChange({ ...choice, columns: { ...columns, ...changed } });
  const options = preview.columns.map(({ number, name, samples }) => (
    <option key={number} value={number}>
      {name || `Column ${number}${samples[0] ? `: ${samples[0].slice(0, 30)}` : ""}`}
    </option>
  ));
  return (
    <fieldset className="grid grid-cols-2 gap-x-3 gap-y-2.5 sm:grid-cols-4">
      <legend className="eyebrow mb-1.5">Columns</legend>
      {ROLES.map(({ role, label }) => (
        <Select
          key={role}
          label={label}
          value={String((role === "text" ? columns.text[0] : columns[role]) ?? "")}
          onChange={(value) => {
            const number = value ? Number(value) : null;
            if (role !== "text") set({ [role]: number });
            else
              set({
                text: number ? [number, ...columns.text.slice(1).filter((other) => other !== number)] : [],
              });
          }}
        >
          <option value="">{role === "text" ? "Choose …" : "None"}</option>
          {options}
        </Select>
      ))}
      {columns.text.length > 0 && (
        <Select
          label="Further text"
          value={String(columns.text[1] ?? "")}
          onChange={(value) =>
            set({ text: [...columns.text.slice(0, 1), ...(value ? [Number(value)] : [])] })
          }
        >
          <option value="">None</option>
          {options}
        </Select>
      )}
    </fieldset>
  );
}

/** How the file itself is read: seldom needed, so folded away. */
export function FileChoice({ choice, onChange }: ChoiceProps) {
  const known = choice.encoding in ENCODINGS;
  return (
    <details className="text-sm">
      <summary className="cursor-pointer text-muted">How the file is read</summary>
      <div className="mt-2.5 grid grid-cols-2 gap-x-3 gap-y-2.5 sm:grid-cols-4">
        <Select
          label="Cells end at"
          value={choice.delimiter}
          onChange={(delimiter) => onChange({ ...choice, delimiter })}
        >
          {!(choice.delimiter in DELIMITERS) && <option value={choice.delimiter}>{choice.delimiter}</option>}
          {Object.entries(DELIMITERS).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
        <Select
          label="Characters"
          value={choice.encoding}
          onChange={(encoding) => onChange({ ...choice, encoding })}
        >
          {!known && <option value={choice.encoding}>{choice.encoding}</option>}
          {Object.entries(ENCODINGS).map(([value, label]) => (
            <option key={value} value={value}>
              {label}
            </option>
          ))}
        </Select>
        <Select
          label="Dates begin with"
          value={choice.day_first ? "day" : "month"}
          onChange={(value) => onChange({ ...choice, day_first: value === "day" })}
        >
          <option value="day">The day</option>
          <option value="month">The month</option>
        </Select>
        <Select
          label="First row"
          value={choice.has_header ? "names" : "data"}
          onChange={(value) => onChange({ ...choice, has_header: value === "names" })}
        >
          <option value="names">Names the columns</option>
          <option value="data">Is a document</option>
        </Select>
      </div>
    </details>
  );
}

interface SelectProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  children: ReactNode;
}

function Select({ label, value, onChange, children }: SelectProps) {
  const id = useId();
  return (
    <div className="min-w-0">
      <label htmlFor={id} className="mb-1 block text-xs font-medium">
        {label}
      </label>
      <select
        id={id}
        className="field field-small"
        value={value}
        onChange={(event) => onChange(event.target.value)}
      >
        {children}
      </select>
    </div>
  );
}
