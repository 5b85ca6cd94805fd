"""`defender365 configure`: asks for the settings, pings, and stores them safely."""

from pathlib import Path
from typing import Any

import click

from defender365.actions.connectivity import PING
from defender365.core.errors import BadInput
from defender365.core.settings import CLIENT_ID, CLIENT_SECRET, CLOUD, TENANT_ID, Settings
from defender365.core.spec import params_of
from defender365.hosts.cli import act, show
from defender365.hosts.cli.options import usage
from defender365.runtime import IN_KEYRING, PREFIX, Host, secret_from_keyring, secret_to_keyring
from defender365.stores.files import read_profile, write_profile


@click.command(short_help="Ask for the connection settings, ping, and store them safely.")
@click.pass_context
def configure(ctx: click.Context) -> None:
    """Ask for the settings of one tenant, ping with them, and store them.

    The client secret goes to the system's keyring; where there is none, into the profile, which
    only its owner can read. Other settings of an existing profile are kept. An existing profile
    is replaced only by settings that work, or when you say so.
    """
    host = Host.this()
    path = host.profile_path
    try:
        before = read_profile(path)
        asked = _ask(before)
        secret = _ask_secret(before, asked)
        given = {**asked, "client_secret": secret}
        host.settings(named(given))  # bad settings are told before anything is sent or stored
    except BadInput as error:
        raise usage(error) from None
    _tell_overriding(host, asked)
    outcome, _ = act.act(PING, {}, (), named(given))
    show.show_outcome(outcome)
    if (
        not outcome.is_success
        and before
        and not click.confirm(
            "These settings do not work now. Replace the stored ones all the same?"
        )
    ):
        click.echo("Nothing was changed.")
        ctx.exit(1)
    _store(path, before, asked, secret)
    ctx.exit(0 if outcome.is_success else 1)


def named(given: dict[str, str]) -> dict[str, object]:
    """Settings by the names that people see."""
    declarations = params_of(Settings)
    return {declarations[key].name: value for key, value in given.items()}


def _ask(before: dict[str, Any]) -> dict[str, str]:
    def prompt(key: str, words: str) -> str:
        answer: str = click.prompt(words, default=before.get(key))
        return answer.strip()

    asked = {
        "tenant_id": prompt("tenant_id", TENANT_ID.name),
        "client_id": prompt("client_id", CLIENT_ID.name),
    }
    cloud = click.prompt(
        CLOUD.name, default=before.get("cloud", "global"), type=click.Choice(CLOUD.choices)
    )
    if cloud != "global" or "cloud" in before:
        asked["cloud"] = cloud
    return asked


def _ask_secret(before: dict[str, Any], asked: dict[str, str]) -> str:
    kept = str(before.get("client_secret") or "")
    if not kept and before.get(IN_KEYRING):
        kept = secret_from_keyring(asked["tenant_id"], asked["client_id"])
    if not kept:
        return str(click.prompt(CLIENT_SECRET.name, hide_input=True))
    words = f"{CLIENT_SECRET.name} (empty keeps the stored one)"
    return click.prompt(words, hide_input=True, default="", show_default=False) or kept


def _tell_overriding(host: Host, asked: dict[str, str]) -> None:
    """Variables win over a profile: say which ones will, here and later."""
    keys = {**asked, "client_secret": ""}
    names = [f"{PREFIX}{params_of(Settings)[key].variable}" for key in keys]
    roots = [f"{PREFIX}{part}_ROOT" for part in ("API", "GRAPH_API", "LOGIN_API")]
    present = [name for name in [*names, *roots] if host.variables.get(name)]
    if present:
        click.echo(
            f"Note: {', '.join(present)} {'is' if len(present) == 1 else 'are'} set, and win over"
            " the profile in this environment. The ping uses what you typed, and the roots set."
        )


def _store(path: Path, before: dict[str, Any], asked: dict[str, str], secret: str) -> None:
    values: dict[str, Any] = {**before, **asked}
    values.pop("client_secret", None)
    if secret_to_keyring(asked["tenant_id"], asked["client_id"], secret):
        values[IN_KEYRING] = True
        where = "the system's keyring"
    else:
        values.pop(IN_KEYRING, None)
        values["client_secret"] = secret
        where = f"{path} (this machine has no keyring; only you can read the file)"
    try:
        write_profile(path, values)
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror}.") from None
    click.echo(f"Settings are in {path}, the client secret in {where}.")
