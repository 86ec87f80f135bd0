import { FileUp, Link2, TextCursorInput } from "lucide-react";
import { type FormEvent, useRef, useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { FormField } from "@/components/ui/form-field";
import { Tooltip } from "@/components/ui/tooltip";
import { useCommand } from "@/lib/commands/commands";
import { addFiles, addText, addUrl } from "./uploads";

const ACCEPTED = ".pdf,.html,.htm,.md,.markdown,.txt,text/*,application/pdf";

/** The three ways in: files (also dropped anywhere), a web address, pasted text. */
export function AddDocuments() {
  const picker = useRef<HTMLInputElement>(null);
  const [layer, setLayer] = useState<"url" | "text" | null>(null);
  const pick = () => picker.current?.click();
  useCommand("library.upload", pick);
  const close = () => setLayer(null);
  return (
    <section aria-label="Add documents" className="mt-5 rounded border border-dashed border-edge px-5 py-5">
      <div className="flex flex-wrap items-center gap-2">
        <Tooltip label="Add files" command="library.upload">
          <Button look="primary" onClick={pick}>
            <FileUp size={16} aria-hidden />
            Choose files
          </Button>
        </Tooltip>
        <Button onClick={() => setLayer("url")}>
          <Link2 size={16} aria-hidden />
          Web address
        </Button>
        <Button onClick={() => setLayer("text")}>
          <TextCursorInput size={16} aria-hidden />
          Paste text
        </Button>
        <p className="ml-1 text-sm text-muted">
          <span className="max-md:hidden">Or drop files anywhere. </span>PDF, HTML, Markdown and plain text.
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
        onChange={(event) => {
          addFiles(event.target.files ?? []);
          event.target.value = "";
        }}
      />
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
