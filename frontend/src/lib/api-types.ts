/** The words of the API as the interface uses them; the generated client owns their shape. */
export type {
  AnswerResource as Answer,
  CitationResource as Citation,
  DocumentCard,
  DocumentResource as TidingsDocument,
  DocumentText,
  FacetCount,
  Facets,
  HitResource as Hit,
  KeyOut as ApiKey,
  Me,
  PassageResource as Passage,
  SearchPage,
  SentenceResource as Sentence,
  SessionOut as Session,
  SourceResource as Source,
  SystemStatus,
} from "@/client";

export type DocumentType = "html" | "markdown" | "pdf" | "text";

/** What narrows a search or a question, every field present. */
export interface SearchFilters {
  source: string[];
  lang: string[];
  type: DocumentType[];
  not_source: string[];
  not_lang: string[];
  not_type: DocumentType[];
  published_after: string | null;
  published_before: string | null;
}
