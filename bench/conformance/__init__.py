"""How a crawler behaves towards hostile and demanding sites: one table of cases, for ours and for plain Scrapy."""
