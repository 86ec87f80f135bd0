import { FileUp, FolderUp, Link2, TextCursorInput } from "lucide-react";
import { type ChangeEvent, type FormEvent, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { FormField } from "@/components/ui/form-field";
import { Tooltip } from "@/components/ui/tooltip";
import { useCommand } from "@/lib/commands/commands";
import { FilingFields } from "./filing-fields";
import { pickedFiles } from "./folder-files";
import { offerFiles } from "./tables/pending";
import { TableDialog } from "./tables/table-dialog";
import { addText, addUrl } from "./uploads";

const ACCEPTED =
  ".pdf,.docx,.docm,.dotx,.csv,.tsv,.html,.htm,.md,.markdown,.txt,.png,.jpg,.jpeg,.tif,.tiff,text/*,application/pdf";

/** The ways in: files and folders (also dropped anywhere), a web address, pasted text; and where they go. */
export function AddDocuments() {
  const picker = useRef<HTMLInputElement>(null);
  const folderPicker = useRef<HTMLInputElement>(null);
  const [layer, setLayer] = useState<"url" | "text" | null>(null);
  const pick = () => picker.current?.click();
  useCommand("library.upload", pick);
  const close = () => setLayer(null);
  const onPicked = (directory: boolean) => (event: ChangeEvent<HTMLInputElement>) => {
    offerFiles(pickedFiles(event.target.files ?? [], directory));
    event.target.value = "";
  };
  return (
    <section aria-label="Add documents" className="mt-5 rounded border border-dashed border-edge px-5 py-5">
      <div className="flex flex-wrap items-center gap-2">
        <Tooltip label="Add files" command="library.upload">
          <Button look="primary" onClick={pick}>
            <FileUp size={16} aria-hidden />
            Choose files
          </Button>
        </Tooltip>
        <Button onClick={() => folderPicker.current?.click()}>
          <FolderUp size={16} aria-hidden />
          Choose a folder
        </Button>
        <Button onClick={() => setLayer("url")}>
          <Link2 size={16} aria-hidden />
          Web address
        </Button>
        <Button onClick={() => setLayer("text")}>
          <TextCursorInput size={16} aria-hidden />
          Paste text
        </Button>
        <p className="ml-1 text-sm text-muted">
          <span className="max-md:hidden">Or drop files and folders anywhere. </span>PDF, DOCX, images of
          text, CSV, HTML, Markdown and plain text.
        </p>
      </div>
      <input
        ref={picker}
        type="file"
        multiple
        accept={ACCEPTED}
        className="sr-only"
        tabIndex={-1}
        aria-label="Files to add"
        onChange={onPicked(false)}
      />
      <input
        ref={folderPicker}
        type="file"
        // React's types do not know this attribute, which every browser does.
        {...{ webkitdirectory: "" }}
        className="sr-only"
        tabIndex={-1}
        aria-label="Folder to add"
        onChange={onPicked(true)}
      />
      <FilingFields />
      <Dialog
        open={layer === "url"}
        onOpenChange={close}
        title="Add a web address"
        description="Tidings fetches the page once and keeps its text."
      >
        <UrlForm onDone={close} />
      </Dialog>
      <Dialog open={layer === "text"} onOpenChange={close} title="Paste text" wide>
        <TextForm onDone={close} />
      </Dialog>
      <TableDialog />
    </section>
  );
}

function UrlForm({ onDone }: { onDone: () => void }) {
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    addUrl(String(new FormData(event.currentTarget).get("url")).trim());
    onDone();
  }
  return (
    <form onSubmit={submit} className="space-y-4">
      <FormField
        label="Address"
        name="url"
        type="url"
        required
        pattern="https?://.+"
        placeholder="https://"
      />
      <Button type="submit" look="primary">
        Add page
      </Button>
    </form>
  );
}

function TextForm({ onDone }: { onDone: () => void }) {
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    addText(String(form.get("text")), String(form.get("title")).trim() || undefined);
    onDone();
  }
  return (
    <form onSubmit={submit} className="space-y-4">
      <FormField label="Title" name="title" hint="If you leave it empty, the first line is used." />
      <label className="block text-sm font-medium">
        Text
        <textarea name="text" rows={10} required className="field mt-1 font-serif" />
      </label>
      <Button type="submit" look="primary">
        Add text
      </Button>
    </form>
  );
}
