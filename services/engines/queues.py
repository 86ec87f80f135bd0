"""The names of the queues, for those who need no queue: the engine behind them takes half a second to import."""

# `crawl_now` is the lane of crawls that a person waits for.
QUEUES = ("interactive", "ingest", "crawl", "crawl_now", "maintenance")
