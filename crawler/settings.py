"""Scrapy's settings, all of them made here: nothing of its unsafe defaults is left standing."""

from __future__ import annotations

from typing import Any

from services.settings import Settings

# Hosts that are asked at the same time; each of them one request at a time.
HOSTS_AT_ONCE = 16
MAX_REDIRECTS = 5


def scrapy_settings(settings: Settings) -> dict[str, Any]:
    """Scrapy's settings for one crawl process."""
    return {
        **NO_CONSOLES,
        **NOTHING_BESIDE_HTTP,
        **OUR_OWN_RULES,
        "USER_AGENT": settings.user_agent,
        "DEFAULT_REQUEST_HEADERS": {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.5"},
        "DOWNLOAD_TIMEOUT": settings.fetch_seconds,
        "DOWNLOAD_MAXSIZE": settings.max_page_bytes,
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "TWISTED_DNS_RESOLVER": "crawler.resolver.GuardedResolver",
        "TIDINGS_PRIVATE_HOSTS": [host.strip().lower() for host in settings.fetch_private_hosts],
        # It looks at the peak, which on Linux a child inherits from a large parent (crawler/memory.py looks at now).
        "MEMUSAGE_ENABLED": False,
        "CLOSESPIDER_TIMEOUT": settings.crawl_batch_seconds + 2 * settings.fetch_seconds,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "STATS_DUMP": False,
    }


# Both of these run code for whoever reaches their port.
NO_CONSOLES: dict[str, Any] = {"TELNETCONSOLE_ENABLED": False, "REMOTE_CONTROL_ENABLED": False}

NOTHING_BESIDE_HTTP: dict[str, Any] = {
    "DOWNLOAD_HANDLERS": {
        "http": "crawler.download.OneRequestHandler",
        "https": "crawler.download.OneRequestHandler",
        "data": None,
        "file": None,
        "ftp": None,
        "s3": None,
    },
    # A proxy of the environment would connect where we refuse to.
    "HTTPPROXY_ENABLED": False,
    "COOKIES_ENABLED": False,
    "HTTPCACHE_ENABLED": False,
    "JOBDIR": None,
}

# What the rows and services.sources decide: turns, robots, redirects, retries. Scrapy's own parts for these are off.
OUR_OWN_RULES: dict[str, Any] = {
    "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
    "DOWNLOADER_MIDDLEWARES": {
        "scrapy.downloadermiddlewares.offsite.OffsiteMiddleware": None,
        "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
        "scrapy.downloadermiddlewares.httpauth.HttpAuthMiddleware": None,
        "scrapy.downloadermiddlewares.retry.RetryMiddleware": None,
        "scrapy.downloadermiddlewares.redirect.MetaRefreshMiddleware": None,
        "scrapy.downloadermiddlewares.redirect.RedirectMiddleware": None,
        "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
        "scrapy.downloadermiddlewares.cookies.CookiesMiddleware": None,
        "scrapy.downloadermiddlewares.httpproxy.HttpProxyMiddleware": None,
        "scrapy.downloadermiddlewares.httpcache.HttpCacheMiddleware": None,
        "crawler.middlewares.Guard": 50,
        "crawler.robots.Robots": 100,
        # Responses come in the other order: turns see every one, before a redirect or a refusal ends its way.
        "crawler.middlewares.Redirects": 120,
        "crawler.middlewares.Encodings": 140,
        "crawler.middlewares.Turns": 150,
    },
    "SPIDER_MIDDLEWARES": {
        "scrapy.spidermiddlewares.referer.RefererMiddleware": None,
        "scrapy.spidermiddlewares.depth.DepthMiddleware": None,
        "scrapy.spidermiddlewares.urllength.UrlLengthMiddleware": None,
    },
    "ITEM_PIPELINES": {"crawler.pipelines.Keep": 100},
    "DUPEFILTER_CLASS": "scrapy.dupefilters.BaseDupeFilter",
    # The turns decide; a request that waits for its turn must not hold up another.
    "CONCURRENT_REQUESTS": 1000,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 1000,
    "DOWNLOAD_DELAY": 0,
    "AUTOTHROTTLE_ENABLED": False,
    "RETRY_ENABLED": False,
    "REDIRECT_ENABLED": False,
    "METAREFRESH_ENABLED": False,
    "REFERER_ENABLED": False,
    "HTTPERROR_ALLOW_ALL": True,
    "DOWNLOAD_FAIL_ON_DATALOSS": True,
    # Robots are obeyed by our own middleware, which fails closed.
    "ROBOTSTXT_OBEY": False,
    "REACTOR_THREADPOOL_MAXSIZE": HOSTS_AT_ONCE,
}
