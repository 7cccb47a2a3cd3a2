"""How much may be asked for in a while: by objects, of principals and of addresses; and how often a guess may fail."""

import asyncio
import re
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest

from guarded import OTHER_TOKEN, TOKEN, TWO_PEOPLE, ask, bearer, guarded, issuing, replaced, rule, who, written
from metaflow_graphql.server.access.rates import Buckets, Quota, Standing
from serving import error

# Estimated at ten objects; one more is for the request.
OF_TEN = "{ many(ids: [" + '"a" ' * 10 + "]) { __typename } }"
TOO_MANY = "Too many credentials of this address were refused: try again in"


def rates(**quotas: int) -> str:
    return "\n".join(["[rates]", *(f"{name} = {value}" for name, value in quotas.items()), ""])


def test_a_principal_is_charged_by_objects(tmp_path: Path) -> None:
    with guarded(written(tmp_path, TWO_PEOPLE + rates(principal=30, address=1000, seconds=3600))) as client:
        answers = [ask(client, OF_TEN, TOKEN) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        message = "Too much was asked for in a short time: for 10 objects, try again in"
        (told,) = answers[2].json()["errors"]
        assert (told["extensions"], told["message"].startswith(message)) == ({"code": "RATE_LIMITED"}, True)
        assert who(client, OTHER_TOKEN) == (200, "bob")
        assert who(client, TOKEN) == (200, "alice")  # what is left is enough for less


def test_what_is_left_is_told_with_every_answer(tmp_path: Path) -> None:
    with guarded(written(tmp_path, TWO_PEOPLE + rates(principal=30, address=1000, seconds=60_000))) as client:
        first, second, third = (ask(client, OF_TEN, TOKEN).headers for _ in range(3))
    unit = 'metaflow-graphql-unit="objects"'
    policy = f'"principal";q=30;w=60000;{unit}, "address";q=1000;w=60000;{unit}'
    assert [told["ratelimit-policy"] for told in (first, second, third)] == [policy] * 3
    # Of the third's one for the request is taken, and its ten objects are not there: three more take 2,000 s each.
    found = [re.findall(r'"(\w+)";r=(\d+);t=(\d+)', told["ratelimit"]) for told in (first, second, third)]
    left = [[(name, int(left)) for name, left, _ in items] for items in found]
    assert left == [
        [("principal", 19), ("address", 989)],
        [("principal", 8), ("address", 978)],
        [("principal", 7), ("address", 977)],
    ]
    late = [at - int(items[0][2]) for at, items in zip((22_000, 44_000, 6_000), found, strict=True)]
    assert [0 <= seconds < 20 for seconds in late] == [True] * 3
    assert third["ratelimit"].startswith(f'"principal";r=7;t={third["retry-after"]},')


def test_it_may_be_tried_again_when_it_was_said(tmp_path: Path) -> None:
    with guarded(written(tmp_path, TWO_PEOPLE + rates(principal=20, seconds=4))) as client:
        assert ask(client, OF_TEN, TOKEN).status_code == 200
        refused = ask(client, OF_TEN, TOKEN)
        assert refused.status_code == 429
        time.sleep(int(refused.headers["retry-after"]))
        assert ask(client, OF_TEN, TOKEN).status_code == 200


def test_an_operation_of_more_than_the_whole_quota_takes_all_of_it(tmp_path: Path) -> None:
    with guarded(written(tmp_path, TWO_PEOPLE + rates(principal=5, seconds=3600))) as client:
        assert [ask(client, OF_TEN, TOKEN).status_code for _ in range(2)] == [200, 429]
        assert who(client, TOKEN)[0] == 429


def test_an_address_is_charged_whoever_asks(tmp_path: Path) -> None:
    with guarded(written(tmp_path, TWO_PEOPLE + rates(principal=1000, address=15, seconds=3600))) as client:
        assert ask(client, OF_TEN, TOKEN).status_code == 200
        assert ask(client, OF_TEN, OTHER_TOKEN).status_code == 429
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2"), base_url=client.base_url) as other:
            assert ask(other, OF_TEN, OTHER_TOKEN).status_code == 200


def test_names_of_different_credentials_are_charged_apart(tmp_path: Path) -> None:
    with issuing() as issuer:
        text = issuer.table() + TWO_PEOPLE + rates(principal=15, address=1000, seconds=3600)
        with guarded(written(tmp_path, text)) as client:
            assert ask(client, OF_TEN, issuer.token(sub="alice")).status_code == 200
            assert ask(client, OF_TEN, issuer.token(sub="alice")).status_code == 429
            assert ask(client, OF_TEN, TOKEN).status_code == 200


def test_a_mutation_that_is_too_much_changes_nothing(tmp_path: Path) -> None:
    mutation = 'mutation { tag(pathspec: "Flow/1") }'
    with guarded(written(tmp_path, TWO_PEOPLE + rates(principal=2, seconds=3600))) as client:
        assert [ask(client, mutation, TOKEN).status_code for _ in range(3)] == [200, 200, 429]


def test_a_quota_may_be_raised_while_it_is_spent(tmp_path: Path) -> None:
    path = written(tmp_path, TWO_PEOPLE + rates(principal=20, seconds=3600))
    with guarded(path) as client:
        assert [ask(client, OF_TEN, TOKEN).status_code for _ in range(2)] == [200, 429]
        replaced(path, TWO_PEOPLE + rates(principal=2000, seconds=3600))
        assert ask(client, OF_TEN, TOKEN).status_code == 200


@pytest.fixture
def few_failures(tmp_path: Path) -> Path:
    return few_failures_of(tmp_path)


def few_failures_of(folder: Path, more: str = "") -> Path:
    return written(folder, more + TWO_PEOPLE + rates(failures=3, seconds=3600))


def test_guesses_are_not_listened_to_for_long(few_failures: Path) -> None:
    with guarded(few_failures) as client:
        found = [who(client, f"mfgql_{number}") for number in range(5)]
        assert [status for status, _ in found] == [401, 401, 401, 429, 429]
        # Not even the right one, for a guess might be that.
        status, message = who(client, TOKEN)
        assert (status, message.startswith(TOO_MANY)) == (429, True)
        answer = ask(client, token=TOKEN)
        assert answer.json() == {"errors": [error("RATE_LIMITED", message)]}
        wait = int(answer.headers["retry-after"])
        assert 1190 < wait <= 1200
        told = (answer.headers["ratelimit-policy"], answer.headers["ratelimit"])
        assert told == ('"failures";q=3;w=3600', f'"failures";r=0;t={wait}')


def test_who_was_let_in_before_goes_on_while_a_neighbour_guesses(few_failures: Path) -> None:
    with guarded(few_failures) as client:
        assert who(client, TOKEN) == (200, "alice")
        assert [who(client, f"mfgql_{number}")[0] for number in range(5)] == [401, 401, 401, 429, 429]
        assert who(client, TOKEN) == (200, "alice")
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2"), base_url=client.base_url) as other:
            assert who(other, OTHER_TOKEN) == (200, "bob")


def test_a_token_that_has_ended_is_no_longer_one_that_was_good(tmp_path: Path) -> None:
    with issuing() as issuer, guarded(few_failures_of(tmp_path, issuer.table())) as client:
        token = issuer.token(exp=int(time.time()) - 28)
        assert who(client, token) == (200, "carol")
        time.sleep(2.5)
        assert [who(client, token)[0] for _ in range(4)] == [401, 401, 401, 429]


def at_once(client: httpx.Client, tokens: list[str]) -> dict[int, int]:
    """How many were answered with which status."""

    async def asked() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=client.base_url, timeout=30) as together:
            return await asyncio.gather(
                *(together.post("/graphql", json={"query": "{ me }"}, headers=bearer(token)) for token in tokens)
            )

    return dict(Counter(answer.status_code for answer in asyncio.run(asked())))


def test_guesses_that_come_at_once_while_keys_are_fetched_are_no_more(tmp_path: Path) -> None:
    text = rule("everyone = true", "all_runs = true") + rates(failures=3, seconds=3600)
    with issuing() as issuer, guarded(written(tmp_path, issuer.table() + text)) as client:
        issuer.delay = 0.5
        guesses = [issuer.token(header={"kid": f"unknown{number}"}) for number in range(20)]
        assert at_once(client, guesses) == {401: 3, 429: 17}
        assert 1190 < int(ask(client, token=issuer.token()).headers["retry-after"]) <= 1200


def test_one_credential_that_is_sent_often_at_once_is_one_guess(tmp_path: Path) -> None:
    text = rule("everyone = true", "all_runs = true") + rates(failures=3, seconds=3600)
    with issuing() as issuer, guarded(written(tmp_path, issuer.table() + text)) as client:
        issuer.delay = 0.5
        assert at_once(client, [issuer.token()] * 20) == {200: 20}
        # Those that were good left nothing of themselves behind.
        assert [who(client, f"mfgql_{number}")[0] for number in range(4)] == [401, 401, 401, 429]


def test_one_credential_that_is_bad_often_at_once_costs_no_more_than_all_there_is(tmp_path: Path) -> None:
    text = rule("everyone = true", "all_runs = true") + rates(failures=3, seconds=3600)
    with issuing() as issuer, guarded(written(tmp_path, issuer.table() + text)) as client:
        issuer.delay = 0.5
        assert at_once(client, [issuer.token(header={"kid": "unknown"})] * 20) == {401: 20}
        assert 1190 < int(ask(client, token=issuer.token()).headers["retry-after"]) <= 1200


def test_who_has_no_credential_has_not_guessed(few_failures: Path) -> None:
    with guarded(few_failures) as client:
        assert [who(client)[0] for _ in range(5)] == [401] * 5
        assert who(client, TOKEN) == (200, "alice")


def test_an_address_is_charged_for_what_is_refused_too(tmp_path: Path) -> None:
    with guarded(written(tmp_path, TWO_PEOPLE + rates(address=4, seconds=3600))) as client:
        answers = [ask(client), ask(client, token="mfgql_guess"), *(ask(client) for _ in range(3))]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 401, 429]
        left = [re.fullmatch(r'"address";r=(\d);t=\d+', answer.headers["ratelimit"]) for answer in answers]
        assert [found and found[1] for found in left] == ["3", "2", "1", "0", "0"]
        assert answers[4].headers["retry-after"] == answers[4].headers["ratelimit"].rpartition("t=")[2]
        assert client.get("/healthz").status_code == 200


def test_the_number_of_buckets_is_bounded() -> None:
    buckets, quota = Buckets(most=100), Quota("q", 10, 10)
    for number in range(1000):
        buckets.take(str(number), quota, 0.0, 5)
    assert len(buckets) == 100
    assert [buckets.standing(key, quota, 0.0).left for key in ("0", "899", "900", "999")] == [10, 10, 5, 5]


def test_a_bucket_fills_with_time_and_never_beyond_the_quota() -> None:
    buckets, quota = Buckets(), Quota("q", 100, 50)
    buckets.take("a", quota, 1000.0, 80)
    found = [buckets.standing("a", quota, 1000.0 + after) for after in (0, 10, 39.9, 40, 1000)]
    assert found == [Standing(quota, left, wait) for left, wait in ((20, 40), (40, 30), (99, 1), (100, 0), (100, 0))]
    assert buckets.standing("a", quota, 1000.0, wanted=50) == Standing(quota, 20, 15)
    assert buckets.standing("a", quota, 1000.0, wanted=20) == Standing(quota, 20, 0)
