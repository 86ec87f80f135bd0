import { CircleStop, Pause, Play, RotateCw } from "lucide-react";
import type { ReactNode } from "react";
import { Button } from "@/components/ui/button";
import { Problem } from "@/components/ui/states";
import { useRetryDocument, useSteerDocument } from "@/features/documents/queries";
import type { TidingsDocument } from "@/lib/api-types";

export const isUnderWay = ({ status }: TidingsDocument) => status === "queued" || status === "processing";
export const needsPassword = ({ status, type, error }: TidingsDocument) =>
  status === "failed" && type === "pdf" && error?.code === "encrypted";

/** What can be done with a document that is not ready: pause and cancel, resume, try again. */
export function useSteering(document: TidingsDocument): { buttons: ReactNode; problem: ReactNode } {
  const steer = useSteerDocument(document.id);
  const retry = useRetryDocument(document.id);
  const { title, status } = document;
  const paused = status === "paused";
  const buttons = (
    <>
      {isUnderWay(document) && (
        <Icon
          label={`Pause ${title}`}
          title="Pause"
          busy={steer.isPending}
          onClick={() => steer.mutate("pause")}
        >
          <Pause size={15} />
        </Icon>
      )}
      {paused && (
        <Icon
          label={`Resume ${title}`}
          title="Resume"
          busy={steer.isPending}
          onClick={() => steer.mutate("resume")}
        >
          <Play size={15} />
        </Icon>
      )}
      {(isUnderWay(document) || paused) && (
        <Icon
          label={`Cancel ${title}`}
          title="Cancel"
          busy={steer.isPending}
          onClick={() => steer.mutate("cancel")}
        >
          <CircleStop size={15} />
        </Icon>
      )}
      {(status === "failed" || status === "cancelled") && !needsPassword(document) && (
        <Icon
          label={`Read ${title} again`}
          title="Try again"
          busy={retry.isPending}
          onClick={() => retry.mutate(undefined)}
        >
          <RotateCw size={15} />
        </Icon>
      )}
    </>
  );
  const error = steer.error ?? retry.error;
  return { buttons, problem: error && <Problem error={error} className="relative z-10 mt-2" /> };
}

interface IconProps {
  label: string;
  title: string;
  busy: boolean;
  onClick: () => void;
  children: ReactNode;
}

function Icon({ label, title, busy, onClick, children }: IconProps) {
  return (
    <Button look="quiet" size="icon" aria-label={label} title={title} disabled={busy} onClick={onClick}>
      {children}
    </Button>
  );
}
