"""The file of the configuration: what it may say, and that all else is told with its place."""

import time
from pathlib import Path

import pytest

from guarded import EVERYONE, TOKEN, TWO_PEOPLE, rule, token_table
from metaflow_graphql.providers.grants import Grant, Principal, Right
from metaflow_graphql.providers.guarded.permissions import HiddenLines
from metaflow_graphql.resolvers.signatures import Signatures
from metaflow_graphql.server.access.control import AccessControl
from metaflow_graphql.server.access.identities import Identity
from metaflow_graphql.server.access.reading import read
from metaflow_graphql.server.access.rules import Rules
from metaflow_graphql.server.access.tokens import hash_of
from metaflow_graphql.server.settings.metaflow_config import SettingsError

KEY = "k" * 32
JWT = '[[jwt]]\nissuer = "a"\naudience = "b"\njwks = "https://c/keys"\n'
PROXY = '[proxy]\naddresses = ["10.0.0.1"]\nuser_header = "X-User"\n'

WHOLE = f"""
administrators = ["platform"]
{TWO_PEOPLE}
{JWT}algorithms = ["EdDSA"]
{PROXY}
[[rules]]
groups = ["ml"]
claims = {{department = "ml", level = ["8", "9"]}}
metadata = ["team"]
namespaces = ["user:*", "project:ml"]
user_tags = ["shared"]
may = ["values", "tags"]
hidden_names = ["*password*"]
hidden_lines = ['(?i)password\\s*=\\s*\\S+']

[urls]
key = "{KEY}"

[rates]
principal = 1000

[audit]
file = "audit.jsonl"
"""


def refusal(folder: Path, text: str | bytes) -> str:
    """Without the name of the file."""
    path = folder / "access.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(SettingsError) as raised:
        AccessControl(path, ["default", "team"])
    return str(raised.value).removeprefix(f"--config {path}: ")


def test_a_whole_configuration_is_read(tmp_path: Path) -> None:
    (tmp_path / "access.toml").write_text(WHOLE)
    access = AccessControl(tmp_path / "access.toml", ["default", "team"])
    assert access.signatures == Signatures(KEY.encode(), 900)


def test_the_key_of_urls_may_be_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "access.toml").write_text(f"{TWO_PEOPLE}[urls]\nkey_file = 'key'\nseconds = 60")
    (tmp_path / "key").write_text(f"{KEY}\n")
    assert AccessControl(tmp_path / "access.toml", []).signatures == Signatures(KEY.encode(), 60)
    (tmp_path / "key").write_text("short\n")
    assert refusal(tmp_path, "[urls]\nkey_file = 'key'") == "urls.key_file must hold 32 bytes or more."


def test_a_rule_is_a_grant_to_those_whom_it_is_about() -> None:
    rules = Rules(read(WHOLE.encode()))
    grant = Grant(
        frozenset({"team"}),
        ("user:*", "project:ml"),
        ("shared",),
        frozenset({Right.VALUES, Right.TAGS}),
        ("*password*",),
        (r"(?i)password\s*=\s*\S+",),
    )
    everyone = Grant(None, None)
    found = [
        rules.principal(Identity("jwt", "carol", frozenset({"ml"}), {}, 7.0)),
        rules.principal(Identity("jwt", "carol", frozenset({"x"}), {"level": "9", "department": "ml", "x": "y"})),
        rules.principal(Identity("token", "alice", frozenset({"platform"}))),
    ]
    assert found == [
        Principal("carol", (everyone, grant), ("shared",), False, 7.0, b'["jwt","carol",["ml"],{}]'),
        Principal(
            "carol", (everyone, grant), ("shared",), identity=b'["jwt","carol",[],{"department":["ml"],"level":["9"]}]'
        ),
        Principal("alice", (everyone,), ("shared",), True, identity=b'["token","alice",["platform"],null]'),
    ]


# A text, and what is wrong with it.
MISTAKEN: dict[str, str] = {
    "x = 1": "Object contains unknown field `x`.",
    "[[tokens]]\nname = 'a'": "tokens[0]: Object missing required field `hash`.",
    token_table("a", TOKEN, "x = 1"): "tokens[0]: Object contains unknown field `x`.",
    token_table("a", TOKEN).replace("sha256", "md5"): (
        "tokens[0]: hash is sha256: and 64 digits, as metaflow-graphql token prints it."
    ),
    token_table("", TOKEN): "tokens[0]: name must be text of 1 to 500 characters that can be seen.",
    token_table("a", TOKEN, "groups = 'ml'"): "tokens[0].groups: Expected `array`, got `str`.",
    token_table("a", TOKEN, "expires = 2027-01-01"): "tokens[0].expires: Expected `datetime | null`, got `date`.",
    token_table("a", TOKEN, "expires = 2027-01-01T00:00:00"): (
        "tokens[0]: expires needs an offset, such as 2027-01-31T00:00:00Z."
    ),
    token_table("a", TOKEN) * 2: "tokens: the name a comes more than once.",
    token_table("a", TOKEN) + token_table("b", TOKEN): f"tokens: the hash {hash_of(TOKEN)} comes more than once.",
    rule("all_runs = true"): "rules[0]: it needs either some of tokens, groups and claims, or everyone = true.",
    rule("everyone = true", "groups = ['a']", "all_runs = true"): (
        "rules[0]: it needs either some of tokens, groups and claims, or everyone = true."
    ),
    rule("everyone = false", "all_runs = true"): (
        "rules[0]: it needs either some of tokens, groups and claims, or everyone = true."
    ),
    rule("everyone = true"): "rules[0]: it needs either some of namespaces and user_tags, or all_runs = true.",
    rule("everyone = true", "namespaces = []"): (
        "rules[0]: it needs either some of namespaces and user_tags, or all_runs = true."
    ),
    rule("everyone = true", "all_runs = true", "namespaces = ['a']"): (
        "rules[0]: it needs either some of namespaces and user_tags, or all_runs = true."
    ),
    rule("everyone = true", "all_runs = true", "may = ['write']"): "rules[0].may[0]: Invalid enum value 'write'.",
    EVERYONE + rule("tokens = ['zoe']", "all_runs = true"): "rules[1].tokens: there is no zoe; there is none.",
    rule("everyone = true", "all_runs = true", "metadata = ['tema']"): (
        "rules[0].metadata: there is no tema; there is default, team."
    ),
    rule("everyone = true", "all_runs = true", "hidden_lines = ['(']"): (
        "rules[0]: '(' is no regular expression of RE2's: missing ): (."
    ),
    JWT + "algorithms = ['HS256']": "jwt[0].algorithms[0]: Invalid enum value 'HS256'.",
    JWT + "algorithms = ['none']": "jwt[0].algorithms[0]: Invalid enum value 'none'.",
    JWT + "algorithms = []": "jwt[0].algorithms: Expected `array` of length >= 1.",
    JWT + "leeway = 86400": "jwt[0].leeway: Expected `int` <= 300.",
    JWT * 2: "jwt: the issuer a comes more than once.",
    JWT.replace("https:", "http:"): (
        "jwt a: jwks must be an https URL, for on the way others could put in their own keys."
    ),
    JWT.replace("https://", "https://me:secret@"): "jwt a: jwks is a URL without a user, for keys are public.",
    JWT.replace("https:", "ftp:"): (
        "jwt a: jwks must be an https URL, for on the way others could put in their own keys."
    ),
    JWT.replace("https://c", "https://["): (
        "jwt a: jwks must be an https URL, for on the way others could put in their own keys."
    ),
    JWT.replace("https://c/keys", "keys.json"): (
        "jwt a: the keys in keys.json can't be read: No such file or directory."
    ),
    JWT.replace("https://c/keys", "access.toml"): (
        "jwt a: the keys in access.toml can't be read: Expected `object`, got `array`."
    ),
    PROXY.replace("10.0.0.1", "10.0.0.1/8"): "proxy: 10.0.0.1/8 has host bits set.",
    PROXY.replace("10.0.0.1", "proxy.local"): "proxy: 'proxy.local' does not appear to be an IPv4 or IPv6 network.",
    PROXY.replace("X-User", "X User"): "proxy: X User is no name of a header.",
    PROXY.replace('["10.0.0.1"]', "[]"): "proxy.addresses: Expected `array` of length >= 1.",
    "[urls]": "urls: it needs either key or key_file.",
    f"[urls]\nkey = '{KEY}'\nkey_file = 'key'": "urls: it needs either key or key_file.",
    "[urls]\nkey = 'short'": "urls: key needs 32 characters or more.",
    "[urls]\nkey_file = 'key'": "urls.key_file can't be read: No such file or directory.",
    "[audit]\nfile = 'not/there'": "audit.file can't be written: No such file or directory.",
    "[audit]\nfile = '.'": "audit.file can't be written: Is a directory.",
    "[rates]\nprincipal = 0": "rates.principal: Expected `int` >= 1.",
    "[rates]\nprincipal = 1.5": "rates.principal: Expected `int`, got `float`.",
    "[rates]\nprincipal = true": "rates.principal: Expected `int`, got `bool`.",
}


@pytest.mark.parametrize("text", MISTAKEN)
def test_what_it_may_not_say_is_told_with_its_place(tmp_path: Path, text: str) -> None:
    assert refusal(tmp_path, text) == MISTAKEN[text]


# What is no TOML, or so much of it that it could not be read in any time.
HOSTILE: dict[str, str | bytes] = {
    "bytes": b"\xff\xfe",
    "nul": b"a = \x00",
    "a key twice": "administrators = []\nadministrators = []",
    "a table twice": "[proxy]\n[proxy]",
    "deep lists": "administrators = " + "[" * 5_000 + "]" * 5_000,
    "deep tables": "administrators = " + "{a = " * 5_000 + "1" + "}" * 5_000,
    "long keys": ".".join(["a"] * 2_000) + " = 1",
    "a long number": "administrators = " + "1" * 10_000,
    "large": b"#" * 1_048_577,
    "half": "[[rules]]\neveryone = tr",
    "a surrogate": 'administrators = ["\\ud800"]',
    "control": 'administrators = ["a\\u0000b"]',
    "another type": "tokens = 7",
    "a table for a list": "[tokens]\nname = 'a'",
    "infinity": "[rates]\nprincipal = inf",
}


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_texts_are_refused_in_one_line_and_in_no_time(tmp_path: Path, text: str) -> None:
    told = refusal(tmp_path, HOSTILE[text])
    assert (told.endswith("."), "\n" in told, len(told) < 300) == (True, False, True)


@pytest.mark.parametrize("path", ["nothing.toml", ".", "/dev/null/x"])
def test_a_file_that_is_none_is_told_at_the_start(tmp_path: Path, path: str) -> None:
    with pytest.raises(SettingsError, match=r"^--config .*: (No such file|Is a directory|Not a directory)"):
        AccessControl(tmp_path / path, [])


@pytest.mark.parametrize("expression", ["password.*=.*secret", "(a+)+$", r"(\w+\s?)+\?$"])
def test_no_expression_can_hold_up_a_line_for_ever(expression: str) -> None:
    hidden = HiddenLines(((expression,),))
    lines = ["password=" * 100_000 + "!", "a" * 1_000_000 + "!", "secret \ud800 password"]
    ended = time.monotonic() + 60  # by backtracking, hours
    assert [hidden(line) for line in lines if time.monotonic() < ended] == [False] * 3


EXPRESSIONS = {
    r"(?i)(password|token)\s*[=:]\s*\S+": True,
    r"AKIA[0-9A-Z]{16}": True,
    r"\b\d{4}(-\d{4}){3}\b": True,
    r"(ab|ac)d": True,
    "(a+)*": True,
    r"(\w+\s?)*$": True,
    "(a": False,
    "(?=a)b": False,
    r"(a)\1": False,
    "a{1001}": False,
}


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_hidden_lines_are_expressions_of_re2(tmp_path: Path, expression: str) -> None:
    (tmp_path / "access.toml").write_text(
        PROXY + rule("everyone = true", "all_runs = true", f"hidden_lines = ['{expression}']")
    )
    if EXPRESSIONS[expression]:
        AccessControl(tmp_path / "access.toml", [])
    else:
        assert "is no regular expression of RE2's" in refusal(tmp_path, (tmp_path / "access.toml").read_bytes())
