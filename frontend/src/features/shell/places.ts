import { FolderOpen, MessageSquareQuote, Newspaper, Rss, Search, Settings } from "lucide-react";

/** The places of the rail and of the bar on a phone, in order. */
export const PLACES = [
  { to: "/", label: "Today", icon: Newspaper, command: "go.today" },
  { to: "/search", label: "Search", icon: Search, command: "go.search" },
  { to: "/ask", label: "Ask", icon: MessageSquareQuote, command: "go.ask" },
  { to: "/library", label: "Library", icon: FolderOpen, command: "go.library" },
  { to: "/sources", label: "Sources", icon: Rss, command: "go.sources" },
  { to: "/settings", label: "Settings", icon: Settings, command: "go.settings" },
] as const;
