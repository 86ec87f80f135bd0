import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { announce } from "@/lib/announce";
import { currentTaker } from "@/lib/drops";
import { plural } from "@/lib/format";
import { droppedFiles } from "./folder-files";
import { offerFiles } from "./tables/pending";

const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes("Files") ?? false;

/** Files can be dropped anywhere in the app; they go to the library unless the screen takes them. */
export function DropTarget() {
  const navigate = useNavigate();
  const [over, setOver] = useState(false);

  useEffect(() => {
    let depth = 0;
    const onEnter = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth += 1;
      setOver(true);
    };
    const onLeave = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const onOver = (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault();
    };
    const onDrop = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      depth = 0;
      setOver(false);
      const files = event.dataTransfer?.files;
      const taker = currentTaker();
      if (!files || !event.dataTransfer) return;
      if (taker) {
        taker.take(files);
        return;
      }
      void droppedFiles(event.dataTransfer).then((found) => {
        const sent = offerFiles(found);
        if (sent > 0) announce(`${plural(sent, "file")} added to the queue`);
      });
      void navigate({ to: "/library" });
    };
    const listeners = { dragenter: onEnter, dragleave: onLeave, dragover: onOver, drop: onDrop };
    for (const [name, listener] of Object.entries(listeners))
      window.addEventListener(name, listener as EventListener);
    return () => {
      for (const [name, listener] of Object.entries(listeners))
        window.removeEventListener(name, listener as EventListener);
    };
  }, [navigate]);

  if (!over) return null;
  return (
    <div className="pointer-events-none fixed inset-3 z-50 grid place-items-center rounded border-2 border-dashed border-accent bg-selected">
      <p className="font-serif text-2xl font-semibold">
        {currentTaker()?.words ?? "Drop files or folders to add them to the library"}
      </p>
    </div>
  );
}
