import { useQuery } from "@tanstack/react-query";
import { number } from "@/lib/format";
import { foldersQuery, tagsQuery } from "./filing";
import { type LibraryParams, NO_FOLDER } from "./library-params";

interface ShelfFilterProps {
  params: LibraryParams;
  onParams: (params: LibraryParams) => void;
}

/** Narrows the list to one folder and one tag, each with its count; nothing to choose, nothing shown. */
export function ShelfFilter({ params, onParams }: ShelfFilterProps) {
  const folders = useQuery(foldersQuery).data ?? [];
  const tags = useQuery(tagsQuery).data ?? [];
  const { folder, tag } = params;
  const named = folders.filter((each) => each.folder !== "");
  const loose = folders.find((each) => each.folder === "");
  return (
    <>
      {(named.length > 0 || folder) && (
        <select
          aria-label="Folder"
          className="field field-small w-auto max-w-48"
          value={folder ?? ""}
          onChange={({ target }) => onParams({ ...params, folder: target.value || undefined })}
        >
          <option value="">All folders</option>
          {named.map((each) => (
            <option key={each.folder} value={each.folder}>
              {indented(each.folder)} ({number(each.total)})
            </option>
          ))}
          {loose && <option value={NO_FOLDER}>In no folder ({number(loose.count)})</option>}
          {folder && folder !== NO_FOLDER && !named.some((each) => each.folder === folder) && (
            <option value={folder}>{folder} (0)</option>
          )}
        </select>
      )}
      {(tags.length > 0 || tag) && (
        <select
          aria-label="Tag"
          className="field field-small w-auto max-w-48"
          value={tag ?? ""}
          onChange={({ target }) => onParams({ ...params, tag: target.value || undefined })}
        >
          <option value="">All tags</option>
          {tags.map((each) => (
            <option key={each.tag} value={each.tag}>
              {each.tag} ({number(each.count)})
            </option>
          ))}
          {tag && !tags.some((each) => each.tag === tag) && <option value={tag}>{tag} (0)</option>}
        </select>
      )}
    </>
  );
}

/** A folder by its last part, moved in by what it lies in. */
function indented(folder: string): string {
  const parts = folder.split("/");
  return "\u2003".repeat(parts.length - 1) + (parts.at(-1) ?? "");
}
