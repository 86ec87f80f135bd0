/** The words of the API, named once for the interface; the generated client owns their shape. */
export type {
  Answer,
  AnswerSummary,
  ApiKey,
  ApiKeyCreated,
  Citation,
  Document as TidingsDocument,
  DocumentCard,
  DocumentText,
  Facets,
  FacetValue,
  Filters as SearchFilters,
  Hit,
  Me,
  Passage,
  SearchResults,
  Sentence,
  Session,
  Source,
  SystemStatus,
} from "@/client";

export type DocumentType = "html" | "markdown" | "pdf" | "text";
