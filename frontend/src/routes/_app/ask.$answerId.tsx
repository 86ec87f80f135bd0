import { createFileRoute } from "@tanstack/react-router";

/** The screen belongs to /ask, so that an answer keeps streaming when its address becomes known. */
export const Route = createFileRoute("/_app/ask/$answerId")({});
