"""One spelling per page, so that a story is stored once whichever link led to it."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_to_bytes

from services.engines.egress import parse_url

if TYPE_CHECKING:
    from tldextract import TLDExtract

# Parameters that say where the reader came from, never what is shown. Matched on the whole name, case ignored.
TRACKERS = re.compile(
    r"(?:utm_\w+|mtm_\w+|pk_\w+|piwik_\w+|hsa_\w+|ga_\w+|at_(?:medium|campaign|custom\d|format|link\w*|ptr_name|bbc_team)|"
    r"fbclid|gclid|gclsrc|gbraid|wbraid|dclid|msclkid|yclid|ttclid|twclid|igshid|igsh|li_fat_id|mc_cid|mc_eid|mkt_tok|vero_id|"
    r"_ga|_gl|_hsenc|_hsmi|__s|s_cid|ns_campaign|ns_mchannel|ns_source|ns_linkname|ocid|ncid|cmpid|cmp|icid|cid_source|smid|smtyp|"
    r"rss_id|ito|xtor|wt_mc|wt_zmc|sr_share|share_id|fb_action_ids|fb_action_types|fb_ref|spm|scm|partner_ref|ref_src|ref_url|guccounter|guce_\w+)",
    re.IGNORECASE,
)
PERCENT = re.compile(r"(?:%[0-9a-fA-F]{2})+")
# RFC 3986, 2.3; everything else stays escaped, in upper case.
UNRESERVED = "-._~"


def normalise_url(url: str) -> str:
    """The canonical spelling of a page's URL; idempotent.

    Scheme and host in lower case and ASCII, no default port, no fragment, no trackers, parameters sorted by name (equal
    names keep their order), escapes in one form, dot segments resolved. Paths keep their final slash or lack of it.
    Raises: InvalidInput, EgressDenied as parse_url does.
    """
    url_ = parse_url(url)
    parsed = url_.parsed
    host = f"[{url_.host}]" if ":" in url_.host else url_.host
    port = f":{parsed.port}" if parsed.port is not None else ""
    path, _, query = parsed.raw_path.decode("ascii").partition("?")
    query = _parameters(query)
    return f"{url_.scheme}://{host}{port}{_escapes(path) or '/'}{'?' + query if query else ''}"


def registrable_domain(host: str) -> str:
    """The domain somebody registered (`bbc.co.uk` of `news.bbc.co.uk`), by the packaged public suffix list; else the host."""
    return _suffixes()(host).top_domain_under_public_suffix or host


@cache
def _suffixes() -> TLDExtract:
    # Here, as it brings an HTTP client along, which takes a twentieth of a start and is not used: without addresses and
    # cache it reads the list in its package and never the network.
    from tldextract import TLDExtract

    return TLDExtract(suffix_list_urls=(), cache_dir=None)


def _parameters(query: str) -> str:
    pairs = [pair for pair in query.split("&") if pair and not TRACKERS.fullmatch(_escapes(pair.partition("=")[0]))]
    return "&".join(sorted(map(_escapes, pairs), key=lambda pair: pair.partition("=")[0]))


def _escapes(part: str) -> str:
    """Unescape what needs no escape, and write the other escapes in upper case."""
    return PERCENT.sub(lambda match: quote(unquote_to_bytes(match[0]), safe=UNRESERVED), part)
