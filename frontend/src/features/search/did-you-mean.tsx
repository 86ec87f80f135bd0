/** A better spelling, from the words of the library. One click or Enter searches with it. */
export function DidYouMean({ query, onQuery }: { query: string; onQuery: (query: string) => void }) {
  return (
    <p className="px-4 pt-3 text-sm text-muted md:px-5">
      Did you mean{" "}
      <button type="button" className="link font-medium" onClick={() => onQuery(query)}>
        {query}
      </button>
      ?
    </p>
  );
}
