"""Every file of the package against the declarations it is made from, and the platform's rules."""

import ast
import json
import re
import subprocess
import sys
import zipfile
from io import BytesIO
from xml.etree import ElementTree

import pytest
import yaml
from click.testing import CliRunner

from defender365.actions import ACTIONS
from defender365.core.connector_params import NAME, ConnectorParams
from defender365.core.errors import BadInput, Unreachable
from defender365.core.spec import Kind, params_of
from defender365.hosts.cli.main import program
from defender365.hosts.google_package import wheels
from defender365.hosts.google_package.built import ACTION_TYPE, SCRIPT_TYPE, built_form
from defender365.hosts.google_package.definitions import CONFIGURATION, HUNTING, SHARED
from defender365.hosts.google_package.identity import VERSION, Identity
from defender365.hosts.google_package.package import Packager
from defender365.hosts.google_package.source import pyproject, source_form
from defender365.hosts.google_shapes import PLATFORM_NAMES

SOURCE = source_form(Identity())
BUILT = built_form(Identity())
ACTION_NAME = r"[a-zA-Z0-9-\s]+"
PARAMETER_NAME = r"[a-zA-Z0-9-'\s]+"


def read(name: str):
    return yaml.safe_load(SOURCE[name])


def built(name: str):
    return json.loads(BUILT[name])


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: a.identifier)
def test_an_actions_definition_is_its_declaration(action):
    defined = read(f"actions/{action.identifier}.yaml")
    declared = list(params_of(action.params).values())
    assert (defined["name"], defined["description"]) == (action.name, action.description)
    assert re.fullmatch(ACTION_NAME, defined["name"])
    assert [p["name"] for p in defined["parameters"]] == [d.name for d in declared]
    for row, declaration in zip(defined["parameters"], declared, strict=True):
        assert re.fullmatch(PARAMETER_NAME, row["name"])
        assert row["description"] == declaration.description
        assert row["is_mandatory"] is declaration.mandatory
        assert row["type"] in ACTION_TYPE
        if declaration.kind is Kind.CHOICE:
            assert row["type"] == "ddl"
            assert row["optional_values"] == list(declaration.choices)
            assert row["default_value"] in row["optional_values"]  # nothing else enforces it
        if declaration.kind is Kind.CHECKBOX:
            assert row["default_value"] is declaration.default


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: a.identifier)
def test_an_actions_built_form_says_the_same(action):
    defined = read(f"actions/{action.identifier}.yaml")
    made = built(f"ActionsDefinitions/{action.identifier}.actiondef")
    assert [
        (p["Name"], p["Type"], p["IsMandatory"], p["Value"], p["OptionalValues"])
        for p in made["Parameters"]
    ] == [
        (p["name"], ACTION_TYPE[p["type"]], p["is_mandatory"], p.get("default_value"),
         p.get("optional_values"))
        for p in defined["parameters"]
    ]  # fmt: skip
    example = SOURCE[defined["dynamic_results_metadata"][0]["result_example_path"]]
    assert json.loads(made["DynamicResultsMetadata"][0]["ResultExample"]) == json.loads(example)
    assert made["IsEnabled"] is True
    assert made["AiShortDescription"] == action.description
    entities = {"ADDRESS", "HOSTNAME", "USERUNIQNAME", "FILEHASH", "DestinationURL"}
    assert set(made.get("EntityTypes", [])) == (entities if action.entities else set())


@pytest.mark.parametrize("action", ACTIONS, ids=lambda a: a.identifier)
def test_a_script_runs_its_own_action_and_is_the_same_in_both_forms(action):
    script = SOURCE[f"actions/{action.identifier}.py"]
    assert script == BUILT[f"ActionsScripts/{action.identifier}.py"]
    calls = [
        node for node in ast.walk(ast.parse(script))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "run_action"
    ]  # fmt: skip
    assert [[arg.value for arg in call.args] for call in calls] == [
        [action.name, "Microsoft365Defender"]
    ]


def test_the_configuration_is_the_specifications_and_then_ours():
    defined = read("definition.yaml")
    assert [p["name"] for p in defined["parameters"]] == [d.name for d in CONFIGURATION]
    assert [p["name"] for p in defined["parameters"]][:5] == [
        "API Root", "Tenant ID", "Client ID", "Client Secret", "Verify SSL",
    ]  # fmt: skip
    by_name = {p["name"]: p for p in defined["parameters"]}
    assert by_name["Client Secret"]["type"] == "password"
    assert by_name["Verify SSL"] | {"description": ""} == {
        "name": "Verify SSL", "default_value": True, "type": "boolean", "description": "",
        "is_mandatory": True, "integration_identifier": "Microsoft365Defender",
    }  # fmt: skip
    assert not [d.name for d in SHARED if d.mandatory]
    made = built("Integration-Microsoft365Defender.def")["IntegrationProperties"]
    assert [(p["PropertyName"], p["PropertyType"], p["Value"]) for p in made] == [
        (p["name"], SCRIPT_TYPE[p["type"]], p["default_value"]) for p in defined["parameters"]
    ]
    assert all(re.fullmatch(PARAMETER_NAME, p["name"]) for p in defined["parameters"])


def test_the_connector_is_its_declaration_under_the_platforms_names():
    defined = read("connectors/incidents_connector.yaml")
    declared = [*params_of(ConnectorParams).values(), *SHARED]
    assert defined["name"] == NAME
    assert [p["name"] for p in defined["parameters"]] == [
        PLATFORM_NAMES.get(d.name, d.name) for d in declared
    ]
    for row, declaration in zip(defined["parameters"], declared, strict=True):
        assert re.fullmatch(PARAMETER_NAME, row["name"])
        assert row["is_mandatory"] is declaration.mandatory
        assert row["default_value"] == ("" if declaration.default is None else declaration.default)
    assert {"DeviceProductField", "EventClassId", "PythonProcessTimeout"} <= {
        p["name"] for p in defined["parameters"] if p["mode"] == "regular"
    }
    made = built("Connectors/incidents_connector.connectordef")
    assert made["IsConnectorRulesSupported"] is True
    assert [(p["Name"], p["Type"], p["DefaultValue"], p["IsAdvanced"]) for p in made["Parameters"]] == [
        (p["name"], SCRIPT_TYPE[p["type"]], p["default_value"], p["is_advanced"])
        for p in defined["parameters"]
    ]  # fmt: skip


def test_each_hunting_action_has_a_widget_and_no_other():
    pages = {name for name in SOURCE if name.startswith("widgets/") and name.endswith(".html")}
    assert pages == {f"widgets/{a.identifier}.html" for a in HUNTING}
    assert [a.name for a in HUNTING] == [
        "Execute Custom Query", "Execute Entity Query", "Execute Query",
    ]  # fmt: skip
    for action in HUNTING:
        assert read(f"widgets/{action.identifier}.yaml")["action_identifier"] == action.name
        page = SOURCE[f"widgets/{action.identifier}.html"].decode()
        assert page == BUILT[f"WidgetsScripts/{action.identifier}.html"].decode()
        assert f"<title>{action.name}" in page
        assert "@@" not in page
        assert page.count("[{stepInstanceName}.JsonResult]") == 1
        made = built(f"Widgets/{action.identifier}.json")
        assert made["ActionIdentifier"] == action.name


def test_pairs_and_rooms_are_as_the_platforms_tool_wants_them():
    for room, ending in (("actions", "py"), ("connectors", "py"), ("widgets", "html")):
        stems = {
            kind: {n.split("/")[1].rsplit(".", 1)[0] for n in SOURCE
                   if n.startswith(f"{room}/") and n.endswith(kind) and "__init__" not in n}
            for kind in ("yaml", ending)
        }  # fmt: skip
        assert stems["yaml"] == stems[ending] != set()
    for name, content in SOURCE.items():
        assert not (name.endswith("__init__.py") and content), name
        if name.endswith(".yaml"):
            yaml.safe_load(content)
        if name.endswith(".json"):
            json.loads(content)
    assert SOURCE[".python-version"] == b"3.11\n"
    ping = SOURCE["actions/ping.py"].decode()
    assert "Successfully connected to the" in ping
    assert "Failed to connect to the" in ping
    assert isinstance(json.loads(SOURCE["tests/config.json"]), dict)


def test_pictures_are_what_their_names_say():
    assert SOURCE["resources/image.png"].startswith(b"\x89PNG")
    assert SOURCE["resources/image.png"][16:24] == (158).to_bytes(4) + (82).to_bytes(4)
    assert ElementTree.fromstring(SOURCE["resources/logo.svg"]).tag.endswith("svg")


def test_versions_agree_and_the_source_names_no_index_of_its_own():
    text = pyproject(Identity(), "w.whl", "https://index.example/simple", {"msal": "1.0"}).decode()
    assert f'version = "{VERSION}"' in text
    assert read("release_notes.yaml")[-1]["integration_version"] == float(VERSION)
    assert '"msal==1.0"' in text
    assert re.findall(r"https://[^/\"]+", text) == ["https://github.com", "https://index.example"]
    for name, content in {**SOURCE, **BUILT}.items():
        assert b"pypi" not in content.lower(), name


def test_another_identifier_is_installed_beside():
    found = source_form(Identity.named("Defender365-Beta"))
    defined = yaml.safe_load(found["definition.yaml"])
    assert defined["identifier"] == "Defender365-Beta"
    assert defined["name"] == "Microsoft 365 Defender - Defender365-Beta"
    assert re.fullmatch(ACTION_NAME, defined["name"])
    text = b"".join(c for n, c in found.items() if n.endswith((".yaml", ".py"))).decode()
    assert "Microsoft365Defender" not in text
    assert Identity.named("Defender365-Beta").folder == "defender365_beta"
    assert Identity().folder == "microsoft365_defender"


@pytest.mark.parametrize("name", ["", "has blank", "1st", "ü", "a" * 121, "../x", "A_", "Foo-"])
def test_an_identifier_that_the_platform_refuses_is_told(name):
    with pytest.raises(BadInput, match='"Identifier" must be'):
        Identity.named(name)


@pytest.mark.parametrize("name", ["Defender365", "requests", "Soar_SDK", "pytest"])
def test_an_identifier_that_is_a_dependencys_name_is_told(name):
    with pytest.raises(BadInput, match="must not be the name of a package"):
        Identity.named(name, wheels.names())


def test_an_index_is_written_without_its_password():
    given = "https://bob:hunter2@index.example/simple"
    assert wheels.without_password(given) == "https://index.example/simple"
    with pytest.raises(Unreachable) as raised:
        wheels.run([sys.executable, "-c", f"import sys; sys.exit({given!r})"], "x", I=given)
    assert "hunter2" not in str(raised.value)


def test_our_wheel_is_whole_installs_and_is_the_same_each_time():
    name, content = wheels.own_wheel()
    assert (name, content) == wheels.own_wheel()
    assert re.fullmatch(r"defender365-[0-9.]+-py3-none-any\.whl", name)
    with zipfile.ZipFile(BytesIO(content)) as opened:
        record = next(n for n in opened.namelist() if n.endswith("RECORD"))
        rows = [row.split(",") for row in opened.read(record).decode().splitlines()]
        assert {row[0] for row in rows} == set(opened.namelist())
        assert all(str(len(opened.read(n))) == size for n, _, size in rows if n != record)
        assert "defender365/hosts/google_secops/__init__.py" in opened.namelist()
        metadata = next(n for n in opened.namelist() if n.endswith("METADATA"))
        assert b"Requires-Dist: msal" in opened.read(metadata)


def test_every_dependency_is_pinned_with_hashes():
    pinned = wheels.pins()
    assert {"requests", "msal", "cryptography", "urllib3"} <= set(pinned)
    blocks = re.split(r"\n(?=[a-z])", wheels.pinned().strip())
    assert len(blocks) == len(pinned)
    assert all("--hash=sha256:" in block for block in blocks)


def test_a_script_loads_neither_the_command_line_nor_what_packages_it():
    code = (
        "import sys, defender365.hosts.google_secops, defender365.connector\n"
        "print([m for m in ('click', 'rich', 'yaml', 'duckdb', 'starlette', 'sqlalchemy',"
        " 'keyring', 'defender365.hosts.cli', 'defender365.hosts.google_package')"
        " if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


# The command.


def command(*arguments: str):
    return CliRunner().invoke(program, ["package", "google-secops", *arguments])


def test_a_bad_identifier_is_a_usage_error(tmp_path):
    found = command("--output", str(tmp_path), "--identifier", "has blank", "--form", "zip")
    assert found.exit_code == 2
    assert '"Identifier" must be' in found.stderr


def test_an_index_that_does_not_answer_is_told(tmp_path):
    found = command(
        "--output", str(tmp_path), "--form", "zip", "--index-url", "http://127.0.0.1:9/s"
    )
    assert found.exit_code == 1
    assert "The dependencies' wheels could not be downloaded" in found.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_uv_the_source_form_says_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    found = command("--output", str(tmp_path))
    assert found.exit_code == 2
    assert "pip install uv" in found.stderr


def test_a_folder_that_is_no_integration_is_left_alone(tmp_path):
    kept = tmp_path / "microsoft365_defender" / "thesis.txt"
    kept.parent.mkdir()
    kept.write_text("years of work")
    packager = Packager(Identity(), tmp_path, "https://index.example/simple", lambda _text: None)
    with pytest.raises(BadInput, match="is not the integration"):
        packager.source_folder("true")
    assert kept.read_text() == "years of work"


def test_the_source_form_is_written_whole_and_again(tmp_path):
    said: list[str] = []
    packager = Packager(Identity(), tmp_path, "https://index.example/simple", said.append)
    for _ in range(2):
        folder = packager.source_folder("true")  # any tool that succeeds stands for uv here
        written = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
        wheel, _ = wheels.own_wheel()
        assert written == {*SOURCE, "pyproject.toml", f"wheels/{wheel}"}
    assert said == ["Resolving the lock file …"] * 2
    with pytest.raises(Unreachable, match="the lock file could not be made"):
        packager.source_folder("false")
    assert (folder / "definition.yaml").is_file()  # the one before is still there
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]


def test_pip_says_which_index_it_uses():
    assert wheels.package_index().startswith(("http://", "https://", "file:"))
