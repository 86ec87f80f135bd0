"""Values that expire and buckets that limit, by a clock that the test moves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from services.engines.cache import ExpiringCache, TokenBuckets


class Clock:
    """A clock that stands still until it is moved."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_value_is_kept_for_its_time_and_no_longer() -> None:
    clock = Clock()
    cache: ExpiringCache[int] = ExpiringCache(5, clock=clock)
    cache.put("a", 1, version=0)
    clock.now = 4.9
    assert cache.get("a") == 1
    clock.now = 5.0
    assert cache.get("a") is None


def test_the_oldest_value_leaves_first() -> None:
    cache: ExpiringCache[int] = ExpiringCache(5, max_items=2)
    for number, key in enumerate("abc"):
        cache.put(key, number, version=0)
    assert [cache.get(key) for key in "abc"] == [None, 1, 2]


def test_what_was_read_before_a_forget_is_not_kept() -> None:
    cache: ExpiringCache[int] = ExpiringCache(5)
    version = cache.version
    cache.forget("a")
    cache.put("a", 1, version=version)
    assert cache.get("a") is None


def test_a_bucket_refills_evenly() -> None:
    clock = Clock()
    buckets = TokenBuckets(3, 30, clock=clock)
    assert [buckets.take("a").allowed for _ in range(4)] == [True, True, True, False]
    refusal = buckets.take("a")
    assert (refusal.remaining, refusal.retry_after_seconds, refusal.reset_seconds) == (0, 10, 30)
    clock.now = 9.9
    assert not buckets.take("a").allowed
    clock.now = 10.0
    assert buckets.take("a").allowed
    clock.now = 1000.0
    assert buckets.take("a").remaining == 2
    assert buckets.take("b").remaining == 2


def test_an_attempt_that_did_not_count_is_given_back() -> None:
    buckets = TokenBuckets(1, 60, clock=Clock())
    for _ in range(3):
        assert buckets.take("a").allowed
        buckets.give_back("a")


def test_parallel_takers_share_the_tokens() -> None:
    buckets = TokenBuckets(50, 60, clock=Clock())
    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(lambda _: buckets.take("a").allowed, range(200)))
    assert sum(taken) == 50


def test_the_memory_of_buckets_is_bounded() -> None:
    buckets = TokenBuckets(1, 60, max_items=10)
    for number in range(100):
        buckets.take(str(number))
    assert len(buckets._buckets) == 10
