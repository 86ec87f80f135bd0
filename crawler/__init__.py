"""Door: the web comes in. Scrapy over the rules of services.sources, ending in services.ingest.submit."""
