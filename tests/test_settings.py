"""What the command line and Metaflow's configuration come to."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from metaflow_graphql.providers.local.root import find_root
from metaflow_graphql.providers.s3.settings import S3Settings
from metaflow_graphql.server.limits import LIMITS
from metaflow_graphql.server.settings.metaflow_config import MetaflowConfig, SettingsError
from metaflow_graphql.server.settings.s3_access import S3Access, S3Options
from metaflow_graphql.server.settings.settings import Options, Settings, gateway, settings
from metaflow_graphql.server.settings.sources import S3, HeaderOptions, Local, Service


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder that holds `.metaflow`."""
    (tmp_path / "project" / ".metaflow").mkdir(parents=True)
    return tmp_path / "project"


def configure(folder: Path, name: str = "config.json", **values: Any) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(json.dumps({f"METAFLOW_{key}": value for key, value in values.items()}))


def refusal(options: Options, cwd: Path, **environment: str) -> str:
    with pytest.raises(SettingsError) as raised:
        settings(options, environment, cwd)
    return str(raised.value)


def test_with_no_option_it_reads_what_metaflow_reads_in_that_folder(home: Path, project: Path) -> None:
    (project / "deep" / "er").mkdir(parents=True)
    found = settings(Options(), {"HOME": str(home)}, project / "deep" / "er")
    assert found == Settings({"default": Local(project)}, "default", card_roots=(project / ".metaflow" / "mf.cards",))
    assert found.shown_metadata == f"local@{project}"


def test_where_metaflow_finds_nothing_it_reads_what_a_flow_would_write(home: Path) -> None:
    assert settings(Options(), {"HOME": str(home)}, home).metadata == {"default": Local(home)}


def test_the_environment_comes_before_the_project_before_the_user(home: Path, project: Path) -> None:
    environment = {"HOME": str(home)}
    configure(home / ".metaflowconfig", DATASTORE_SYSROOT_LOCAL="/of/user")
    assert settings(Options(), environment, project).metadata == {"default": Local(Path("/of/user"))}
    configure(project / ".metaflow", DATASTORE_SYSROOT_LOCAL="/of/project")
    assert settings(Options(), environment, project).metadata == {"default": Local(Path("/of/project"))}
    environment["METAFLOW_DATASTORE_SYSROOT_LOCAL"] = "of/environment"
    assert settings(Options(), environment, project).metadata == {"default": Local(project / "of/environment")}


def test_only_the_nearest_project_counts(home: Path, project: Path) -> None:
    configure(project / ".metaflow", USER="outer")
    (project / "inner" / ".metaflow").mkdir(parents=True)
    config = MetaflowConfig({"HOME": str(home), "USER": "me"}, project / "inner")
    assert config.default_namespace == "user:me"


def test_a_profile_stands_instead_of_the_users_configuration(home: Path, tmp_path: Path) -> None:
    configure(tmp_path / "elsewhere", USER="everyday", DATASTORE_SYSROOT_LOCAL="/everyday")
    configure(tmp_path / "elsewhere", "config_special.json", USER="special")
    environment = {"METAFLOW_HOME": str(tmp_path / "elsewhere")}
    assert MetaflowConfig(environment, home).default_namespace == "user:everyday"
    special = MetaflowConfig(environment | {"METAFLOW_PROFILE": "special"}, home)
    assert (special.default_namespace, special.local_sysroot) == ("user:special", None)


def test_a_profile_must_exist(home: Path) -> None:
    assert refusal(Options(), home, HOME=str(home), METAFLOW_PROFILE="lost") == (
        f"METAFLOW_PROFILE is lost, but there is no {home}/.metaflowconfig/config_lost.json."
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [("{", "can't be read: "), ("[" * 100_000, "can't be read: "), ("[]", "must be a JSON object.")],
    ids=["no JSON", "deep", "no object"],
)
def test_a_configuration_that_is_no_json_object_is_named(home: Path, text: str, fault: str) -> None:
    configure(home / ".metaflowconfig")
    path = home / ".metaflowconfig" / "config.json"
    path.write_text(text)
    assert refusal(Options(), home, HOME=str(home)).startswith(f"Metaflow's configuration {path} {fault}")


def test_metadata_of_another_type_is_not_supported(home: Path) -> None:
    assert refusal(Options(), home, HOME=str(home), METAFLOW_DEFAULT_METADATA="spin") == (
        "Metaflow is configured here for metadata of type spin, which is not supported: "
        "name others by --metadata NAME=local@PATH, NAME=service@URL or NAME=s3@URL."
    )


def test_a_type_that_metaflow_does_not_know_is_local(home: Path, project: Path) -> None:
    found = settings(Options(), {"HOME": str(home), "METAFLOW_DEFAULT_METADATA": "other"}, project)
    assert found == Settings({"default": Local(project)}, "default", card_roots=(project / ".metaflow" / "mf.cards",))


def test_folders_are_named_by_option(home: Path, project: Path, tmp_path: Path) -> None:
    (home / ".metaflow").mkdir()
    options = Options(["a=local@project", f"b=local@{project}/.metaflow", "c=local@~"], "b")
    found = settings(options, {"HOME": str(home), "METAFLOW_DEFAULT_METADATA": "service"}, tmp_path)
    cards = (tmp_path / ".metaflow" / "mf.cards",)
    assert found == Settings({"a": Local(project), "b": Local(project), "c": Local(home)}, "b", card_roots=cards)
    assert found.shown_metadata == f"a=local@{project}, b=local@{project}, c=local@{home}"


def test_the_first_provider_is_the_default_one(home: Path, project: Path) -> None:
    options = Options([f"b=local@{home}", f"a=local@{project}"])
    assert settings(options, {"HOME": str(home)}, home).default_metadata == "b"


FORMS = "must be of the form NAME=local@PATH, NAME=service@URL or NAME=s3@URL."
# options: the refusal
REFUSED = {
    Options(("local@/tmp",)): f"--metadata {FORMS}",
    Options(("a=local",)): f"--metadata a: {FORMS}",
    Options(("a b=local@/tmp",)): f"--metadata {FORMS}",
    Options(("service@https://me:secret@host",)): f"--metadata {FORMS}",
    Options(("a=https://me:secret@host",)): f"--metadata a: there is no such type; it {FORMS}",
    Options(("a=service@me:secret@host",)): "--metadata a: must be a URL such as https://metadata.example.org.",
    Options(
        ("a=service@https://me:secret@host?x",)
    ): "--metadata a: must be a URL such as https://metadata.example.org.",
    Options(("a=service@https://me:se cret@host",)): (
        "--metadata a: must be a URL such as https://metadata.example.org."
    ),
    Options(("a=service@https://me%3Aalso:secret@host",)): (
        "--metadata a: must be a URL such as https://metadata.example.org."
    ),
    Options(("a=s3@bucket",)): "--metadata a: must be a URL such as s3://bucket/prefix.",
    Options(("a=s3@s3://me:secret@bucket/x",)): "--metadata a: must be a URL such as s3://bucket/prefix.",
    Options(("a=s3@s3://bucket/../x",)): "--metadata a: must be a URL such as s3://bucket/prefix.",
    Options(s3=S3Options(("https://bucket",))): "--s3-root: must be a URL such as s3://bucket/prefix.",
    Options(s3=S3Options(disk_cache="/dev/null")): "--disk-cache /dev/null: it is no folder.",
    Options(s3=S3Options(disk_cache_bytes=0)): "--disk-cache-bytes 0: a number above 0 is needed.",
    Options(("a=ftp@host",)): f"--metadata a: there is no such type; it {FORMS}",
    Options(("a=service@http://a",), service_headers=HeaderOptions(("b=/tmp/x",))): (
        "--service-headers-file b: no such metadata service; there is a."
    ),
    Options(("a=local@/",), service_headers=HeaderOptions(("a=/tmp/x",))): (
        "--service-headers-file a: no such metadata service; there is none."
    ),
    Options(("a=local@/",), service_headers=HeaderOptions(commands=("print token",))): (
        "--service-headers-command: no such metadata service; there is none."
    ),
    Options(("a=service@http://a",), service_headers=HeaderOptions(("/not/there",))): (
        "--service-headers-file: /not/there can't be read: No such file or directory."
    ),
    Options(("a=service@http://a",), service_headers=HeaderOptions(commands=("print 'secret",))): (
        "--service-headers-command: it is no command: No closing quotation."
    ),
    Options(
        ("a=service@http://a",),
        service_headers=HeaderOptions(
            commands=(
                "one",
                "other",
            )
        ),
    ): ("--service-headers-command: there is another one for the same service."),
    Options(("a=service@http://a",), service_headers=HeaderOptions(("a=/dev/null",), ("a=one",))): (
        "--service-headers-command a: there is another one for the same service."
    ),
    Options(service_headers=HeaderOptions(seconds=0)): (
        "--service-headers-seconds 0: a number of seconds above 0 is needed."
    ),
    Options(("a=local@/not/there",)): "--metadata a: there is no folder /not/there.",
    Options(("a=local@/", "a=local@/")): "--metadata a: there is another one of this name.",
    Options(("a=local@/",), "b"): "--default-metadata b: no --metadata is named so; there is a.",
    Options(default_namespace=""): (
        "--default-namespace is empty: leave it out for no namespace, which is all objects."
    ),
    Options(default_namespace="user"): (
        "Metaflow has no default namespace here, as it does not know the user: set METAFLOW_USER."
    ),
    Options(inactive_after=0): "--inactive-after 0: a number of seconds above 0 is needed.",
    Options(inactive_after=float("nan")): "--inactive-after nan: a number of seconds above 0 is needed.",
    Options(public_url="host:80"): "--public-url host:80: must be a URL such as https://metaflow.example.org.",
    Options(public_url="http://h:x"): "--public-url http://h:x: must be a URL such as https://metaflow.example.org.",
    Options(public_url="http://h/a b"): (
        "--public-url http://h/a b: must be a URL such as https://metaflow.example.org."
    ),
    Options(cors_origins=("http://\u00f6",)): (
        "--cors-origin http://\u00f6: must be a URL such as https://metaflow.example.org."
    ),
    Options(cors_origins=("null",)): "--cors-origin null: must be a URL such as https://metaflow.example.org.",
    Options(cors_origins=("http://h/p",)): (
        "--cors-origin http://h/p: an origin is a scheme, a host and a port, and nothing else."
    ),
    Options(cors_origins=("http://me@h",)): (
        "--cors-origin http://me@h: an origin is a scheme, a host and a port, and nothing else."
    ),
    Options(cors_origins=("*",)): "--cors-origin *: origins are listed one by one, without wildcards.",
    Options(cors_origins=("https://*.h",)): (
        "--cors-origin https://*.h: origins are listed one by one, without wildcards."
    ),
}


@pytest.mark.parametrize("options", REFUSED)
def test_what_can_not_be_used_is_told_in_one_line(home: Path, options: Options) -> None:
    assert refusal(options, home, HOME=str(home), USER="root") == REFUSED[options]


SERVICE = {"METAFLOW_DEFAULT_METADATA": "service", "METAFLOW_SERVICE_URL": "https://metadata.example.org/api/"}


def sent(options: Options, cwd: Path, **environment: str) -> dict[str, tuple[str, dict[str, str]]]:
    """The URL of each service, and the headers that go with a request to it."""
    found = settings(options, environment, cwd)
    services = {name: source for name, source in found.metadata.items() if isinstance(source, Service)}
    return {
        name: (service.url, dict(asyncio.run(service.headers.current()).headers)) for name, service in services.items()
    }


def test_a_service_is_what_metaflow_is_configured_for(home: Path) -> None:
    found = settings(Options(), SERVICE | {"HOME": str(home)}, home)
    assert (found.shown_metadata, found.datastore_root) == ("service@https://metadata.example.org/api", None)
    assert sent(Options(), home, **SERVICE, HOME=str(home)) == {"default": ("https://metadata.example.org/api", {})}


def test_a_profile_says_where_the_service_is_and_what_it_is_sent(home: Path) -> None:
    configure(
        home / ".metaflowconfig",
        "config_team.json",
        DEFAULT_METADATA="service",
        SERVICE_URL="http://metadata",
        SERVICE_AUTH_KEY="key",
        SERVICE_HEADERS={"X-Team": "a", "x-nothing": None, "X-Api-Key": "other"},
    )
    found = sent(Options(), home, HOME=str(home), METAFLOW_PROFILE="team", METAFLOW_SERVICE_URL="http://other")
    assert found == {"default": ("http://other", {"X-Team": "a", "x-api-key": "key"})}


def test_a_service_without_a_url_is_none(home: Path) -> None:
    assert refusal(Options(), home, HOME=str(home), METAFLOW_DEFAULT_METADATA="service") == (
        "Metaflow is configured here for a metadata service: set METAFLOW_SERVICE_URL."
    )


@pytest.mark.parametrize("text", ["secret", '["secret"]', '{"x": ["secret"]}', "[" * 100_000])
def test_headers_that_are_none_are_refused_unseen(home: Path, text: str) -> None:
    assert refusal(Options(), home, HOME=str(home), METAFLOW_SERVICE_HEADERS=text, **SERVICE) == (
        "METAFLOW_SERVICE_HEADERS must be a JSON object of texts."
    )


def test_headers_that_can_not_be_sent_are_refused_unseen(home: Path) -> None:
    assert refusal(Options(), home, HOME=str(home), METAFLOW_SERVICE_AUTH_KEY="secret\n", **SERVICE) == (
        "METAFLOW_SERVICE_HEADERS can't be used: the value of x-api-key has characters that can't be sent."
    )


def test_headers_of_options_stand_instead_of_configured_ones(home: Path) -> None:
    (home / "token").write_text("x-token: of the file")
    options = Options(
        ["a=service@http://me:secret@a", "b=service@http://b", "c=local@."],
        service_headers=HeaderOptions(["b=token"], [f"{sys.executable} -c 'print(\"x-token: of the command\")'"]),
    )
    assert sent(options, home, HOME=str(home), METAFLOW_SERVICE_AUTH_KEY="key") == {
        "a": ("http://a", {"Authorization": "Basic bWU6c2VjcmV0", "x-token": "of the command"}),
        "b": ("http://b", {"x-token": "of the file"}),
    }


def test_configured_headers_are_sent_to_the_configured_service_alone(home: Path) -> None:
    (home / "token").write_text("x-token: 1")
    urls = ["http://a", "http://A:80/api", "https://a", "http://a:81", "http://b"]
    options = Options(
        [f"m{number}=service@{url}" for number, url in enumerate([*urls, "http://a"])],
        service_headers=HeaderOptions(["m5=token"]),
    )
    key = {"x-api-key": "key"}
    found = sent(options, home, HOME=str(home), METAFLOW_SERVICE_AUTH_KEY="key", METAFLOW_SERVICE_URL="http://a:80/x/")
    assert [headers for _, headers in found.values()] == [key, key, {}, {}, {}, {"x-token": "1"}]


@pytest.mark.parametrize("configured", ["http://b", "http://a:port"])
def test_configured_headers_are_not_sent_to_another_service_that_is_the_only_one(home: Path, configured: str) -> None:
    environment = {"METAFLOW_SERVICE_AUTH_KEY": "key", "METAFLOW_SERVICE_URL": configured}
    assert sent(Options(["a=service@http://a"]), home, HOME=str(home), **environment) == {"a": ("http://a", {})}


def test_headers_that_are_configured_without_a_service_are_for_the_only_one(home: Path) -> None:
    environment = {"HOME": str(home), "METAFLOW_SERVICE_AUTH_KEY": "key"}
    assert sent(Options(["a=service@http://a", "b=local@."]), home, **environment) == {
        "a": ("http://a", {"x-api-key": "key"})
    }
    assert sent(Options(["a=service@http://a", "b=service@http://b"]), home, **environment) == {
        "a": ("http://a", {}),
        "b": ("http://b", {}),
    }


def test_the_user_of_a_url_is_stronger_than_configured_headers(home: Path) -> None:
    headers = '{"authorization": "configured", "x-team": "a"}'
    found = sent(Options(["a=service@http://me:secret@a"]), home, HOME=str(home), METAFLOW_SERVICE_HEADERS=headers)
    assert found == {"a": ("http://a", {"x-team": "a", "Authorization": "Basic bWU6c2VjcmV0"})}


def test_a_service_that_is_configured_and_not_asked_is_told(home: Path) -> None:
    environment = {"HOME": str(home), "METAFLOW_SERVICE_URL": "http://a"}
    assert settings(Options(), environment, home).notice == (
        "METAFLOW_SERVICE_URL is set, but METAFLOW_DEFAULT_METADATA is not service: reading local metadata, as "
        "Metaflow would."
    )
    assert settings(Options(), environment | {"METAFLOW_DEFAULT_METADATA": "service"}, home).notice is None
    assert settings(Options(["a=local@."]), environment, home).notice == (
        f"There is no .metaflow in {home} yet: no runs are found there."
    )


def test_a_folder_without_runs_is_told(home: Path, project: Path) -> None:
    environment = {"HOME": str(home)}
    assert settings(Options([f"a=local@{project}"]), environment, home).notice is None
    for options in (Options(), Options([f"a=local@{project}", f"b=local@{home}"])):
        told = f"There is no .metaflow in {home} yet: no runs are found there."
        assert settings(options, environment, home).notice == told


def test_credentials_are_shown_nowhere(home: Path) -> None:
    (home / "token").write_text("x-token: secret")
    options = Options(
        ["a=service@http://me:secret@a/", "b=service@http://b"], service_headers=HeaderOptions(["b=token"])
    )
    environment = {"METAFLOW_SERVICE_AUTH_KEY": "secret", "METAFLOW_SERVICE_URL": "http://a"}
    found = settings(options, environment | {"HOME": str(home)}, home)
    assert found.shown_metadata == "a=service@http://a, b=service@http://b"
    assert "secret" not in repr(found)
    assert [provider.info for provider in gateway(found).providers.values()] == ["http://a", "http://b"]


def test_what_services_say_is_local_is_read_where_metaflow_would(home: Path, project: Path) -> None:
    options = Options(["a=service@http://a"])
    assert settings(options, {"HOME": str(home)}, project).datastore_root == project
    assert settings(options, {"HOME": str(home)}, home).datastore_root is None


def test_a_datastore_in_s3_is_a_provider_and_a_root(home: Path) -> None:
    found = settings(Options(["a=s3@s3://bucket/pre/fix/", f"b=local@{home}"]), {"HOME": str(home)}, home)
    assert found.metadata == {"a": S3("s3://bucket/pre/fix"), "b": Local(home)}
    assert found.s3 == S3Access(roots=("s3://bucket/pre/fix",))
    assert found.shown_metadata == f"a=s3@s3://bucket/pre/fix, b=local@{home}"
    assert [(provider.type, provider.info) for provider in gateway(found).providers.values()] == [
        ("s3", "s3://bucket/pre/fix"),
        ("local", str(home)),
    ]


def test_s3_is_read_under_what_metaflow_and_the_options_name(home: Path) -> None:
    options = Options(
        ["a=s3@s3://own", "b=service@http://b"],
        s3=S3Options(["s3://more/", "s3://own"], "~/cache", 5000),
    )
    environment = {"METAFLOW_DATASTORE_SYSROOT_S3": "s3://sys/root/", "METAFLOW_DATATOOLS_S3ROOT": "s3://data"}
    assert settings(options, environment | {"HOME": str(home)}, home).s3 == S3Access(
        roots=("s3://sys/root", "s3://own", "s3://more"),
        datatools_roots=("s3://data",),
        disk_cache=home / "cache",
        disk_cache_bytes=5000,
    )


# what Metaflow is configured for beside it: how S3 is reached
REACHED: dict[tuple[tuple[str, Any], ...], S3Settings] = {
    (): S3Settings(),
    (("S3_ENDPOINT_URL", "http://s3:9000"), ("S3_VERIFY_CERTIFICATE", "/ca.pem")): S3Settings(
        endpoint_url="http://s3:9000", verify="/ca.pem"
    ),
    (("S3_ENDPOINT_URL", ""), ("S3_VERIFY_CERTIFICATE", False), ("DATASTORE_SYSROOT_S3", "")): S3Settings(),
    (("DATATOOLS_CLIENT_PARAMS", '{"endpoint_url": "http://other", "verify": false}'),): S3Settings(
        verify=False, client_params={"endpoint_url": "http://other"}
    ),
    (
        ("DATATOOLS_SESSION_VARS", '{"profile_name": "team", "region_name": "eu-1", "aws_session_token": "t"}'),
        ("DATATOOLS_CLIENT_PARAMS", '{"use_ssl": true, "verify": false}'),
        ("S3_VERIFY_CERTIFICATE", True),
    ): S3Settings(
        region="eu-1", profile="team", verify=True, client_params={"aws_session_token": "t", "use_ssl": True}
    ),
}


@pytest.mark.parametrize("configured", REACHED)
def test_s3_is_reached_as_metaflow_reaches_it(home: Path, configured: tuple[tuple[str, Any], ...]) -> None:
    configure(home / ".metaflowconfig", **dict(configured))
    assert settings(Options(), {"HOME": str(home)}, home).s3 == S3Access(REACHED[configured])


# what Metaflow is configured for: the refusal
UNREACHABLE = {
    ("DATASTORE_SYSROOT_S3", "bucket"): "METAFLOW_DATASTORE_SYSROOT_S3: must be a URL such as s3://bucket/prefix.",
    ("DATATOOLS_S3ROOT", "/data"): "METAFLOW_DATATOOLS_S3ROOT: must be a URL such as s3://bucket/prefix.",
    ("DATATOOLS_CLIENT_PARAMS", '["secret"]'): "METAFLOW_DATATOOLS_CLIENT_PARAMS must be a JSON object.",
    ("DATATOOLS_SESSION_VARS", '{"secret"'): "METAFLOW_DATATOOLS_SESSION_VARS must be a JSON object.",
}


@pytest.mark.parametrize("configured", UNREACHABLE)
def test_settings_of_s3_that_are_none_are_refused_unseen(home: Path, configured: tuple[str, str]) -> None:
    configure(home / ".metaflowconfig", **dict([configured]))
    for option in ("a=service@http://a", "a=s3@s3://bucket"):
        assert refusal(Options([option]), home, HOME=str(home)) == UNREACHABLE[configured]


def test_roots_in_s3_that_are_none_do_not_matter_to_what_is_local(home: Path) -> None:
    configure(home / ".metaflowconfig", DATASTORE_SYSROOT_S3="bucket", DATATOOLS_S3ROOT="/data")
    assert settings(Options(), {"HOME": str(home)}, home).s3 == S3Access()


def test_secrets_of_s3_are_shown_nowhere(home: Path) -> None:
    configured = {"METAFLOW_DATATOOLS_CLIENT_PARAMS": '{"aws_secret_access_key": "hidden"}', "HOME": str(home)}
    assert "hidden" not in repr(settings(Options(), configured, home))


def test_addresses_are_taken_as_browsers_send_them(home: Path) -> None:
    origins = ["http://LocalHost:5173/", "HTTPS://h:443", "http://h:443", "http://[::1]:80"]
    found = settings(Options(public_url="https://Host/metaflow/", cors_origins=origins), {"HOME": str(home)}, home)
    assert found.public_url == "https://Host/metaflow"
    assert found.cors_origins == ["http://localhost:5173", "https://h", "http://h:443", "http://[::1]"]


# environment: Metaflow's default namespace
NAMESPACES: dict[tuple[str, ...], str] = {
    ("USER=me",): "user:me",
    ("USER=root", "USERNAME=me"): "user:me",
    ("SUDO_USER=me", "USER=other"): "user:me",
    ("METAFLOW_USER=me", "SUDO_USER=other"): "user:me",
    ("METAFLOW_USER=root", "SUDO_USER=", "USER=me"): "user:me",
    ("METAFLOW_PRODUCTION_TOKEN=token", "USER=me"): "production:token",
    ("METAFLOW_PRODUCTION_TOKEN=", "USER=me"): "user:me",
}


@pytest.mark.parametrize("environment", NAMESPACES)
def test_the_namespace_user_is_metaflows_own_default(home: Path, environment: tuple[str, ...]) -> None:
    given = dict(entry.split("=") for entry in environment) | {"HOME": str(home)}
    assert settings(Options(default_namespace="user"), given, home).default_namespace == NAMESPACES[environment]


def test_any_other_namespace_is_taken_as_it_is(home: Path) -> None:
    options = Options(default_namespace="user:alice")
    assert settings(options, {"HOME": str(home)}, home).default_namespace == "user:alice"


def test_the_gateway_has_what_the_settings_say(home: Path, project: Path) -> None:
    found = gateway(Settings({"a": Local(project), "b": Local(home)}, "b", "user:me", 60))
    assert [(provider.name, provider.type, provider.info) for provider in found.providers.values()] == [
        ("a", "local", str(project)),
        ("b", "local", str(home)),
    ]
    assert (found.default_metadata, found.default_namespace, found.inactive_after) == ("b", "user:me", 60)
    assert found.limits == LIMITS


ASK_METAFLOW = """
import metaflow
from metaflow.metaflow_config import DATASTORE_SYSROOT_LOCAL, DEFAULT_METADATA
print(metaflow.get_metadata(), metaflow.get_namespace(), DEFAULT_METADATA, sep="\\n")
"""


# environment beside HOME and USER
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"METAFLOW_PROFILE": "team"},
        {"METAFLOW_HOME": "elsewhere"},
        {"METAFLOW_DATASTORE_SYSROOT_LOCAL": "../other", "METAFLOW_USER": "", "METAFLOW_PRODUCTION_TOKEN": "token"},
    ],
    ids=lambda more: " ".join(more) or "none",
)
def test_metaflow_itself_reads_the_same(home: Path, project: Path, more: dict[str, str]) -> None:
    configure(home / ".metaflowconfig", USER="everyday", DATASTORE_SYSROOT_LOCAL=str(home))
    configure(home / ".metaflowconfig", "config_team.json", USER="team")
    configure(project / "deep" / "elsewhere", DEFAULT_METADATA="local")
    configure(project / ".metaflow", DEFAULT_DATASTORE="local")
    environment = {"HOME": str(home), "USER": "me", **more}
    told = subprocess.run(
        [sys.executable, "-c", ASK_METAFLOW],
        cwd=project / "deep",
        env=environment | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    config = MetaflowConfig(environment, project / "deep")
    root = find_root(config.local_sysroot, project / "deep")
    assert root
    assert [f"local@{os.path.normpath(root)}", config.default_namespace, config.default_metadata] == [
        f"local@{os.path.normpath(project / 'deep' / told[0].removeprefix('local@'))}",
        *told[1:],
    ]


ASK_METAFLOW_FOR_HEADERS = """
import json
from metaflow.metaflow_config import SERVICE_HEADERS, SERVICE_URL
print(json.dumps([SERVICE_URL, SERVICE_HEADERS]))
"""


# environment beside HOME and what a profile says
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"METAFLOW_SERVICE_AUTH_KEY": "of environment"},
        {"METAFLOW_SERVICE_HEADERS": '{"x-api-key": "b", "x-other": "c"}', "METAFLOW_SERVICE_URL": "http://other"},
        {"METAFLOW_PROFILE": "lonely"},
    ],
    ids=lambda more: " ".join(more) or "none",
)
def test_metaflow_itself_would_send_the_same(home: Path, more: dict[str, str]) -> None:
    configure(home / ".metaflowconfig", SERVICE_URL="http://metadata", SERVICE_HEADERS='{"x-team": "a"}')
    configure(home / ".metaflowconfig", "config_lonely.json", SERVICE_URL="http://lonely", SERVICE_AUTH_KEY="key")
    environment = {"HOME": str(home), **more}
    told = subprocess.run(
        [sys.executable, "-c", ASK_METAFLOW_FOR_HEADERS],
        cwd=home,
        env=environment | {"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    config = MetaflowConfig(environment, home)
    assert [config.service_url, config.service_headers] == json.loads(told)
