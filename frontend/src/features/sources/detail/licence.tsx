import type { FormEvent } from "react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Dialog } from "@/components/ui/dialog";
import { Problem } from "@/components/ui/states";
import { useMayWrite } from "@/features/auth/session";
import type { NewsSource } from "@/lib/api-types";
import { useChangeSource } from "../mutations";

const EXPLANATION =
  "Pages that their publisher reserves against text and data mining are not kept, unless you note why this does not bind you.";

/** Why a publisher's reservation does not bind, if somebody noted it. */
export function Licence({ source }: { source: NewsSource }) {
  const [open, setOpen] = useState(false);
  const mayWrite = useMayWrite();
  const note = source.licence_note;
  if (!note && !mayWrite) return null;
  return (
    <p className="mt-1.5 max-w-3xl text-xs text-muted" title={EXPLANATION}>
      {note ? (
        <>
          <span className="font-medium text-ink">Licence:</span> {note}{" "}
        </>
      ) : (
        "What a publisher reserves is not kept. A licence lifts reservations against mining, not noindex. "
      )}
      {mayWrite && (
        <button type="button" className="link" onClick={() => setOpen(true)}>
          {note ? "Change" : "Note a licence"}
        </button>
      )}
      {open && <LicenceForm source={source} onClose={() => setOpen(false)} />}
    </p>
  );
}

function LicenceForm({ source, onClose }: { source: NewsSource; onClose: () => void }) {
  const change = useChangeSource(source, onClose);
  function submit(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const note = String(new FormData(event.currentTarget).get("note")).trim();
    change.mutate({ licence_note: note || null });
  }
  return (
    <Dialog open onOpenChange={onClose} title="Licence note" description={EXPLANATION}>
      <form onSubmit={submit} className="space-y-4">
        <label className="block text-sm font-medium">
          Why it does not bind you
          <textarea
            name="note"
            rows={3}
            minLength={3}
            maxLength={1000}
            className="field mt-1 text-sm"
            defaultValue={source.licence_note ?? ""}
            placeholder="Licence of 3 November 2026, until the end of 2027"
          />
        </label>
        <p className="text-xs text-muted">
          The note is kept with your name and the date. It counts for pages fetched from now on. An empty note
          takes it back.
        </p>
        {change.error && <Problem error={change.error} />}
        <Button type="submit" look="primary" disabled={change.isPending}>
          Save
        </Button>
      </form>
    </Dialog>
  );
}
