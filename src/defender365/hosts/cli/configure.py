"""`defender365 configure`: asks for the settings, stores them safely, and pings."""

from typing import Any

import click

from defender365.actions.connectivity import PING
from defender365.core.errors import BadInput
from defender365.core.settings import CLIENT_ID, CLIENT_SECRET, CLOUD, TENANT_ID
from defender365.hosts.cli import act, show
from defender365.runtime import IN_KEYRING, Host, secret_to_keyring
from defender365.stores.files import read_profile, write_profile


@click.command(short_help="Ask for the connection settings, store them safely, and ping.")
@click.pass_context
def configure(ctx: click.Context) -> None:
    """Ask for the settings of one tenant and store them.

    The client secret goes to the system's keyring; where there is none, into the profile, which
    only its owner can read. Other settings of an existing profile are kept.
    """
    path = Host.this().profile_path
    try:
        before = read_profile(path)
    except BadInput as error:
        raise click.UsageError(str(error)) from None
    asked = _ask(before)
    secret = click.prompt(CLIENT_SECRET.name, hide_input=True)
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
    outcome, _ = act.act(PING, {}, ())
    show.show_outcome(outcome)
    ctx.exit(0 if outcome.is_success else 1)


def _ask(before: dict[str, Any]) -> dict[str, str]:
    def prompt(key: str, words: str, **more: Any) -> str:
        answer: str = click.prompt(words, default=before.get(key), **more)
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
