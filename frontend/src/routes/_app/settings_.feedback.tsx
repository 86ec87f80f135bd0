import { createFileRoute } from "@tanstack/react-router";
import { type FeedbackParams, FeedbackScreen } from "@/features/settings/feedback-screen";

export const Route = createFileRoute("/_app/settings_/feedback")({
  validateSearch: (raw: Record<string, unknown>): FeedbackParams =>
    raw.rating === "up" || raw.rating === "down" ? { rating: raw.rating } : {},
  component: Feedback,
});

function Feedback() {
  return <FeedbackScreen rating={Route.useSearch().rating} />;
}
