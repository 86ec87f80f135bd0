import { useId } from "react";
import { FormField } from "@/components/ui/form-field";
import { fieldReason } from "@/lib/problem";
import { CATEGORIES, type Category, capital } from "./words";

interface SourceFieldsProps {
  folders: readonly string[];
  folder?: string | null;
  category?: Category | null;
  error?: Error | null;
}

/** Where a source is kept and what it writes about; the fields of a form. */
export function SourceFields({ folders, folder, category, error }: SourceFieldsProps) {
  const id = useId();
  return (
    <div className="grid gap-4 sm:grid-cols-2">
      <div>
        <FormField
          label="Folder"
          name="folder"
          list={`${id}-folders`}
          maxLength={100}
          defaultValue={folder ?? ""}
          placeholder="None"
          autoComplete="off"
          reason={fieldReason(error, "folder")}
        />
        <datalist id={`${id}-folders`}>
          {folders.map((name) => (
            <option key={name} value={name} />
          ))}
        </datalist>
      </div>
      <div>
        <label htmlFor={`${id}-category`} className="mb-1 block text-sm font-medium">
          Category
        </label>
        <select id={`${id}-category`} name="category" className="field" defaultValue={category ?? ""}>
          <option value="">As each article says</option>
          {CATEGORIES.map((name) => (
            <option key={name} value={name}>
              {capital(name)}
            </option>
          ))}
        </select>
      </div>
    </div>
  );
}

/** What the fields hold, with null for what was left empty. */
export function readSourceFields(form: FormData): { folder: string | null; category: Category | null } {
  return {
    folder: String(form.get("folder") ?? "").trim() || null,
    category: CATEGORIES.find((name) => name === form.get("category")) ?? null,
  };
}
