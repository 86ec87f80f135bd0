/** Files as they are chosen or dropped, each with the path of the folder that it lay in. */

export interface FoundFile {
  file: File;
  folder: string;
}

/** What the server reads. From a folder only these are taken; a single file of another kind is refused with a reason. */
const READ = /\.(pdf|png|jpe?g|tiff?|docx|docm|dotx|csv|tsv|html?|md|markdown|txt)$/i;

const parent = (path: string) => path.split("/").slice(0, -1).join("/");
const isRead = ({ name }: { name: string }) => READ.test(name) && !name.startsWith(".");

/** The files of a file picker; with `directory` those of a chosen folder that the server reads. */
export function pickedFiles(files: Iterable<File>, directory = false): FoundFile[] {
  return [...files]
    .filter((file) => !directory || isRead(file))
    .map((file) => ({ file, folder: parent(file.webkitRelativePath) }));
}

/** The files of a drop, with everything in dropped folders. Must be called while the event is handled. */
export async function droppedFiles(transfer: DataTransfer): Promise<FoundFile[]> {
  const items = [...transfer.items].map((item) => item.webkitGetAsEntry?.() ?? null);
  const entries = items.filter((entry) => entry !== null);
  if (!entries.some((entry) => entry.isDirectory)) return pickedFiles(transfer.files);
  const found = await Promise.all(entries.map((entry) => walk(entry, "")));
  return found.flat();
}

async function walk(entry: FileSystemEntry, folder: string): Promise<FoundFile[]> {
  if (entry.isFile) {
    if (folder && !isRead(entry)) return [];
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    return [{ file, folder }];
  }
  if (entry.name.startsWith(".")) return [];
  const inside = folder ? `${folder}/${entry.name}` : entry.name;
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: FoundFile[] = [];
  // A reader gives its entries in parts; an empty part is the end.
  while (true) {
    const part = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (part.length === 0) return found;
    for (const child of part) found.push(...(await walk(child, inside)));
  }
}
