import type { DocumentCard } from "@/client";

/** The words of the API as the interface uses them; the generated client owns their shape. */
export type {
  AnswerResource as Answer,
  Candidate,
  CitationResource as Citation,
  ConflictResource as Conflict,
  CopiesResource as Copies,
  DemoStatus as Demo,
  Discovery,
  DocumentCard,
  DocumentResource as TidingsDocument,
  DocumentText,
  FacetCount,
  Facets,
  FolderResource as Folder,
  HistogramResource as Histogram,
  HitResource as Hit,
  Imported,
  ItemResource as LedgerItem,
  KeyOut as ApiKey,
  LanguageModelStatus as LanguageModel,
  LanguageModelTest,
  LogEvent,
  MadeResource as Made,
  Me,
  ModelSetting,
  Pack,
  PageResource as DocumentPage,
  PartResource as QueryPart,
  PassageResource as Passage,
  RunResource as Visit,
  SearchPage,
  SentenceResource as Sentence,
  SessionOut as Session,
  SiteRuleResource as SiteRule,
  SourceHealth,
  SourceOut as NewsSource,
  SourceResource as Source,
  StageTime,
  SystemStatus,
  TagResource as Tag,
  TakedownResource as Takedown,
  UploadResource as UnfinishedUpload,
} from "@/client";

export type DocumentType = "csv" | "docx" | "html" | "image" | "markdown" | "pdf" | "rows" | "text";

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
  folder: string[];
  not_folder: string[];
  tag: string[];
  not_tag: string[];
  published_after: string | null;
  published_before: string | null;
  /** Words that must, or must not, be there in a row; the address has them in the query. */
  phrases?: string[];
  not_phrases?: string[];
}
