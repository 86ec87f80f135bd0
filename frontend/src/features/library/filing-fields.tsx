import { useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { chooseFiling, foldersQuery, splitTags, tagsQuery, useFiling } from "./filing";

/** Into which folder and with which tags the next additions go. */
export function FilingFields() {
  const { folder, tags } = useFiling();
  const [typed, setTyped] = useState(tags.join(", "));
  return (
    <div className="mt-3 flex flex-wrap gap-x-4 gap-y-2">
      <FolderField value={folder} onChange={(next) => chooseFiling({ folder: next })} label="Into folder" />
      <TagsField
        value={typed}
        onChange={(next) => {
          setTyped(next);
          chooseFiling({ tags: splitTags(next) });
        }}
        label="With tags"
      />
    </div>
  );
}

interface FieldProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
}

/** A folder's path; the folders there are can be chosen. */
export function FolderField({ label, value, onChange }: FieldProps) {
  const folders = useQuery(foldersQuery).data ?? [];
  const names = folders.map(({ folder }) => folder).filter(Boolean);
  return <Suggested {...{ label, value, onChange, names }} placeholder="None" maxLength={200} />;
}

/** Tags with commas between; the tags there are can be chosen. */
export function TagsField({ label, value, onChange }: FieldProps) {
  const known = useQuery(tagsQuery).data ?? [];
  const before = value.includes(",") ? `${value.slice(0, value.lastIndexOf(",") + 1)} ` : "";
  const names = known.map(({ tag }) => before + tag);
  return <Suggested {...{ label, value, onChange, names }} placeholder="budget, city" maxLength={600} />;
}

interface SuggestedProps extends FieldProps {
  names: readonly string[];
  placeholder: string;
  maxLength: number;
}

function Suggested({ label, value, onChange, names, placeholder, maxLength }: SuggestedProps) {
  const id = useId();
  return (
    <label className="flex min-w-0 items-center gap-2 text-sm max-md:w-full">
      <span className="shrink-0 text-muted max-md:w-24">{label}</span>
      <input
        className="field field-small w-52 max-md:w-full"
        list={id}
        value={value}
        placeholder={placeholder}
        maxLength={maxLength}
        onChange={(event) => onChange(event.target.value)}
      />
      <datalist id={id}>
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </label>
  );
}
