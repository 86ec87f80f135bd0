import { Link } from "@tanstack/react-router";
import { buttonClass } from "@/components/ui/button";
import { Empty } from "@/components/ui/states";
import { useMayWrite } from "@/features/auth/session";
import { LoadDemo } from "@/features/demo/load-demo";

/** Nothing is here yet: the one action that shows what this is, and the two that bring in one's own. */
export function FirstRun() {
  const mayWrite = useMayWrite();
  if (!mayWrite)
    return <Empty title="Nothing to read yet">Whoever runs this has not added news so far.</Empty>;
  return (
    <Empty
      title="Nothing to read yet"
      action={
        <>
          <LoadDemo look="primary" />
          <Link to="/sources" search={{ add: "packs" }} className={buttonClass("secondary")}>
            Watch a source
          </Link>
          <Link to="/library" className={buttonClass("secondary")}>
            Upload documents
          </Link>
        </>
      }
    >
      Load two weeks of invented news to look around; it goes again with one click under Settings. Or begin
      with your own.
    </Empty>
  );
}
