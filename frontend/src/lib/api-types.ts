import type { DocumentCard } from "@/client";

/** The words of the API as the interface uses them; the generated client owns their shape. */
export type {
  AnswerResource as Answer,
  Candidate,
  CitationResource as Citation,
  CopiesResource as Copies,
  Discovery,
  DocumentCard,
  DocumentResource as TidingsDocument,
  DocumentText,
  FacetCount,
  Facets,
  HitResource as Hit,
  Imported,
  ItemResource as LedgerItem,
  KeyOut as ApiKey,
  LogEvent,
  Me,
  Pack,
  PassageResource as Passage,
  RunResource as Visit,
  SearchPage,
  SentenceResource as Sentence,
  SessionOut as Session,
  SiteRuleResource as SiteRule,
  SourceHealth,
  SourceOut as NewsSource,
  SourceResource as Source,
  SystemStatus,
  TakedownResource as Takedown,
} from "@/client";

export type DocumentType = "html" | "markdown" | "pdf" | "text";

export type Category = NonNullable<DocumentCard["category"]>;

/** What narrows a search or a question, every field present. */
export interface SearchFilters {
  source: string[];
  category: Category[];
  lang: string[];
  type: DocumentType[];
  not_source: string[];
  not_category: Category[];
  not_lang: string[];
  not_type: DocumentType[];
  published_after: string | null;
  published_before: string | null;
}
