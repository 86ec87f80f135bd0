import { Check, Download, Link2 } from "lucide-react";
import { useEffect, useState } from "react";
import { Button, buttonClass } from "@/components/ui/button";
import { useMe } from "@/features/auth/session";
import { announce } from "@/lib/announce";
import { AnswerFeedback } from "./answer-feedback";

interface AnswerActionsProps {
  answerId: string;
  threadId: string | null;
}

/** What one does with a finished answer: say what one thinks of it, hand it on, take it away. */
export function AnswerActions({ answerId, threadId }: AnswerActionsProps) {
  return (
    <div className="mt-6 border-t border-rule pt-3">
      <div className="flex flex-wrap items-center gap-1">
        <AnswerFeedback key={answerId} answerId={answerId} />
        <span className="flex-1" />
        <CopyLink answerId={answerId} />
        <ExportAnswer answerId={answerId} threadId={threadId} />
      </div>
    </div>
  );
}

/** The address of the answer: readable for everybody of the organisation who is signed in, and nobody else. */
function CopyLink({ answerId }: { answerId: string }) {
  const organisation = useMe()?.tenant.name ?? "your organisation";
  const [address, setAddress] = useState<string | null>(null);
  const [copied, setCopied] = useState(false);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another answer has another address.
  useEffect(() => {
    setAddress(null);
    setCopied(false);
  }, [answerId]);
  async function onCopy() {
    const link = `${window.location.origin}/ask/${answerId}`;
    setAddress(link);
    try {
      await navigator.clipboard.writeText(link);
      setCopied(true);
      announce(`Link copied. Only people of ${organisation} who are signed in can read it.`);
    } catch {
      // Without a secure connection a page may not write to the clipboard; the address is shown to be copied by hand.
      setCopied(false);
    }
  }
  return (
    <>
      <Button look="quiet" size="small" onClick={() => void onCopy()}>
        {copied ? <Check size={14} aria-hidden /> : <Link2 size={14} aria-hidden />}
        Copy link
      </Button>
      {address && (
        <p className="order-last w-full pt-1 text-xs text-muted">
          {copied ? (
            "Copied. "
          ) : (
            <input readOnly value={address} aria-label="Link" className="field field-small mb-1" />
          )}
          Only people of {organisation} who are signed in can read it, and not change it.
        </p>
      )}
    </>
  );
}

const KINDS = [
  { format: "md", label: "Markdown" },
  { format: "docx", label: "Word document" },
] as const;

/** The answer, or the whole thread, as a file with its citations. */
function ExportAnswer({ answerId, threadId }: AnswerActionsProps) {
  const scopes = [
    { name: "This answer", address: `/v1/answers/${answerId}/export` },
    ...(threadId ? [{ name: "The whole thread", address: `/v1/threads/${threadId}/export` }] : []),
  ];
  return (
    <details
      className="relative"
      onKeyDown={(event) => {
        if (event.key === "Escape") event.currentTarget.open = false;
      }}
      onBlur={(event) => {
        if (!event.currentTarget.contains(event.relatedTarget)) event.currentTarget.open = false;
      }}
    >
      <summary
        className={`${buttonClass("quiet", "small")} cursor-pointer list-none [&::-webkit-details-marker]:hidden`}
      >
        <Download size={14} aria-hidden />
        Export
      </summary>
      <div className="layer absolute right-0 bottom-full z-30 mb-1 w-48 p-1 text-sm">
        {scopes.map(({ name, address }) => (
          <section key={name} aria-label={name}>
            <p className="eyebrow px-2.5 pt-1.5">{name}</p>
            <ul>
              {KINDS.map(({ format, label }) => (
                <li key={format}>
                  <a
                    href={`${address}?format=${format}`}
                    download
                    className="flex min-h-8 items-center rounded px-2.5 hover:bg-selected pointer-coarse:min-h-11"
                  >
                    {label}
                  </a>
                </li>
              ))}
            </ul>
          </section>
        ))}
      </div>
    </details>
  );
}
