"""What the command line and Metaflow's configuration come to."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from metaflow_graphql.providers.local.root import find_root
from metaflow_graphql.server.limits import LIMITS
from metaflow_graphql.server.metaflow_config import MetaflowConfig, SettingsError
from metaflow_graphql.server.settings import Options, Settings, gateway, settings


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
    assert found == Settings({"default": project}, "default", card_roots=(project / ".metaflow" / "mf.cards",))
    assert found.shown_metadata == f"local@{project}"


def test_where_metaflow_finds_nothing_it_reads_what_a_flow_would_write(home: Path) -> None:
    assert settings(Options(), {"HOME": str(home)}, home).roots == {"default": home}


def test_the_environment_comes_before_the_project_before_the_user(home: Path, project: Path) -> None:
    environment = {"HOME": str(home)}
    configure(home / ".metaflowconfig", DATASTORE_SYSROOT_LOCAL="/of/user")
    assert settings(Options(), environment, project).roots == {"default": Path("/of/user")}
    configure(project / ".metaflow", DATASTORE_SYSROOT_LOCAL="/of/project")
    assert settings(Options(), environment, project).roots == {"default": Path("/of/project")}
    environment["METAFLOW_DATASTORE_SYSROOT_LOCAL"] = "of/environment"
    assert settings(Options(), environment, project).roots == {"default": project / "of/environment"}


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


@pytest.mark.parametrize(("text", "fault"), [("{", "can't be read: "), ("[]", "must be a JSON object.")])
def test_a_configuration_that_is_no_json_object_is_named(home: Path, text: str, fault: str) -> None:
    configure(home / ".metaflowconfig")
    path = home / ".metaflowconfig" / "config.json"
    path.write_text(text)
    assert refusal(Options(), home, HOME=str(home)).startswith(f"Metaflow's configuration {path} {fault}")


@pytest.mark.parametrize("kind", ["service", "spin"])
def test_metadata_of_other_types_is_not_supported_yet(home: Path, kind: str) -> None:
    assert refusal(Options(), home, HOME=str(home), METAFLOW_DEFAULT_METADATA=kind) == (
        f"Metaflow is configured here for metadata of type {kind}, which is not supported yet: "
        "name a local folder by --metadata NAME=local@PATH."
    )


def test_a_type_that_metaflow_does_not_know_is_local(home: Path, project: Path) -> None:
    found = settings(Options(), {"HOME": str(home), "METAFLOW_DEFAULT_METADATA": "other"}, project)
    assert found == Settings({"default": project}, "default", card_roots=(project / ".metaflow" / "mf.cards",))


def test_folders_are_named_by_option(home: Path, project: Path, tmp_path: Path) -> None:
    options = Options(["a=local@project", f"b=local@{project}/.metaflow", "c=local@~"], "b")
    found = settings(options, {"HOME": str(home), "METAFLOW_DEFAULT_METADATA": "service"}, tmp_path)
    cards = (tmp_path / ".metaflow" / "mf.cards",)
    assert found == Settings({"a": project, "b": project, "c": home}, "b", card_roots=cards)
    assert found.shown_metadata == f"a=local@{project}, b=local@{project}, c=local@{home}"


def test_the_first_provider_is_the_default_one(home: Path, project: Path) -> None:
    options = Options([f"b=local@{home}", f"a=local@{project}"])
    assert settings(options, {"HOME": str(home)}, home).default_metadata == "b"


# options: the refusal
REFUSED = {
    Options(("local@/tmp",)): "--metadata local@/tmp: must be of the form NAME=local@PATH.",
    Options(("a=local",)): "--metadata a=local: must be of the form NAME=local@PATH.",
    Options(("a b=local@/tmp",)): "--metadata a b=local@/tmp: must be of the form NAME=local@PATH.",
    Options(("a=service@https://me:secret@host",)): "--metadata a: type service is not supported yet, only local is.",
    Options(("a=s3@bucket",)): "--metadata a: type s3 is not supported yet, only local is.",
    Options(("a=ftp@host",)): "--metadata a: there is no type ftp; it must be of the form NAME=local@PATH.",
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
    Options(cors_origins=("null",)): "--cors-origin null: must be a URL such as https://metaflow.example.org.",
    Options(cors_origins=("http://h/p",)): (
        "--cors-origin http://h/p: an origin ends with its host and port, without a path."
    ),
}


@pytest.mark.parametrize("options", REFUSED)
def test_what_can_not_be_used_is_told_in_one_line(home: Path, options: Options) -> None:
    assert refusal(options, home, HOME=str(home), USER="root") == REFUSED[options]


def test_addresses_are_taken_as_browsers_send_them(home: Path) -> None:
    options = Options(public_url="https://Host/metaflow/", cors_origins=["http://LocalHost:5173/", "*"])
    found = settings(options, {"HOME": str(home)}, home)
    assert (found.public_url, found.cors_origins) == ("https://Host/metaflow", ["http://localhost:5173", "*"])


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
    found = gateway(Settings({"a": project, "b": home}, "b", "user:me", 60))
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
