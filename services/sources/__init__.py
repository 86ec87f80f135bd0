"""Sources and crawling: discovery, feeds, robots, politeness, schedule. Rules here, Scrapy in `crawler/`."""
