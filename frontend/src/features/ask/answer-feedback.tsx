import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { ThumbsDown, ThumbsUp } from "lucide-react";
import { useState } from "react";
import { type FeedbackGive, feedbackDelete, feedbackGet, feedbackGive } from "@/client";
import { Button } from "@/components/ui/button";
import { Problem } from "@/components/ui/states";
import { announce } from "@/lib/announce";
import { cx } from "@/lib/cx";
import { REASONS } from "./feedback-reasons";

/** Good or bad, and why. One opinion per person; a second click takes it back. */
export function AnswerFeedback({ answerId }: { answerId: string }) {
  const queryClient = useQueryClient();
  const key = ["answer-feedback", answerId] as const;
  const path = { answer_id: answerId };
  const tally = useQuery({
    queryKey: key,
    queryFn: async ({ signal }) => (await feedbackGet({ path, signal })).data,
  });
  const [asking, setAsking] = useState(false);
  const give = useMutation({
    mutationFn: async (body: FeedbackGive | null) => {
      if (body) return (await feedbackGive({ path, body })).data;
      await feedbackDelete({ path });
      return (await feedbackGet({ path })).data;
    },
    onSuccess: (data, body) => {
      queryClient.setQueryData(key, data);
      announce(body ? "Thank you; you can change it" : "Taken back");
    },
  });
  const own = tally.data?.own ?? null;
  function onThumb(rating: "up" | "down") {
    const again = own?.rating === rating;
    setAsking(!again && rating === "down");
    give.mutate(again ? null : { rating });
  }
  return (
    <>
      {(["up", "down"] as const).map((rating) => {
        const Icon = rating === "up" ? ThumbsUp : ThumbsDown;
        const chosen = own?.rating === rating;
        return (
          <Button
            key={rating}
            look="quiet"
            size="icon"
            aria-label={rating === "up" ? "A good answer" : "A bad answer"}
            aria-pressed={chosen}
            disabled={give.isPending || tally.isPending}
            className={cx(chosen && "bg-selected text-accent")}
            onClick={() => onThumb(rating)}
          >
            <Icon size={15} aria-hidden />
          </Button>
        );
      })}
      {own?.rating === "down" && !asking && (
        <Button look="quiet" size="small" onClick={() => setAsking(true)}>
          {own.reasons.length + own.comment.length > 0 ? "Change the reason" : "Say why"}
        </Button>
      )}
      {own?.rating === "down" && asking && (
        <Why
          own={own}
          pending={give.isPending}
          onSend={(body) => give.mutate(body, { onSuccess: () => setAsking(false) })}
        />
      )}
      {give.error && <Problem error={give.error} className="order-last mt-2 w-full" />}
    </>
  );
}

interface WhyProps {
  own: { reasons: readonly NonNullable<FeedbackGive["reasons"]>[number][]; comment: string };
  pending: boolean;
  onSend: (body: FeedbackGive) => void;
}

/** The reasons, any of them, and words of one's own. */
function Why({ own, pending, onSend }: WhyProps) {
  const [reasons, setReasons] = useState(own.reasons);
  const [comment, setComment] = useState(own.comment);
  return (
    <form
      aria-label="What is wrong with the answer"
      className="order-last mt-2 w-full space-y-3 border-l-2 border-rule py-1 pl-4 text-sm"
      onSubmit={(event) => {
        event.preventDefault();
        onSend({ rating: "down", reasons: [...reasons], comment });
      }}
    >
      <fieldset className="flex flex-wrap gap-x-5 gap-y-1.5">
        <legend className="mb-1.5 font-medium">What is wrong with it?</legend>
        {REASONS.map(({ reason, label }) => (
          <label key={reason} className="flex items-center gap-1.5 pointer-coarse:min-h-9">
            <input
              type="checkbox"
              checked={reasons.includes(reason)}
              onChange={(event) =>
                setReasons(
                  event.target.checked ? [...reasons, reason] : reasons.filter((other) => other !== reason),
                )
              }
            />
            {label}
          </label>
        ))}
      </fieldset>
      <textarea
        aria-label="In your words"
        placeholder="In your words, if you like"
        rows={2}
        maxLength={2000}
        className="field"
        value={comment}
        onChange={(event) => setComment(event.target.value)}
      />
      <div className="flex items-center gap-3">
        <Button type="submit" size="small" disabled={pending}>
          Send
        </Button>
        <p className="text-xs text-muted">The owners of your organisation read it, with the question.</p>
      </div>
    </form>
  );
}
