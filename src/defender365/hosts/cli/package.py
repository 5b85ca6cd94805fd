"""`defender365 package`: write what another platform imports."""

import shutil
from pathlib import Path

import click

from defender365.core.errors import BadInput, Defender365Error
from defender365.hosts.cli.options import usage

FORMS = ("both", "zip", "source")


@click.group(short_help="Write the package that a SOAR platform imports.")
def package() -> None:
    """Write the package that a SOAR platform imports."""


@package.command("google-secops", short_help="For Google SecOps SOAR.")
@click.option(
    "--output", required=True, type=click.Path(file_okay=False, path_type=Path), metavar="DIR",
    help="Where to write; made if it is not there.",
)  # fmt: skip
@click.option(
    "--identifier", default="Microsoft365Defender", show_default=True, metavar="NAME",
    help="The integration's identifier. The default takes the published integration's place;"
    " another one is installed beside it.",
)  # fmt: skip
@click.option(
    "--form", type=click.Choice(FORMS), default="both", show_default=True,
    help="The ZIP to import, the source form for Google's mp tool, or both.",
)  # fmt: skip
@click.option(
    "--index-url", metavar="URL", help="The package index [default: the one that pip uses here]."
)
@click.pass_context
def google_secops(
    ctx: click.Context, output: Path, identifier: str, form: str, index_url: str | None
) -> None:
    """Write the Google SecOps SOAR integration, made from the declarations.

    The ZIP (NAME.zip) is imported on the platform: built scripts and definitions with wheels of
    this library and its dependencies. The source form is a folder that `mp validate` and `mp
    build` take; its lock file needs uv on the path. Versions and hashes are pinned.
    """
    from defender365.hosts.google_package import wheels  # noqa: PLC0415  only this command needs it
    from defender365.hosts.google_package.identity import Identity  # noqa: PLC0415  as above
    from defender365.hosts.google_package.package import Packager  # noqa: PLC0415  as above

    try:
        identity = Identity.named(identifier, wheels.names())
        uv = _uv() if form != "zip" else ""
    except BadInput as error:
        raise usage(error) from None
    try:
        output.mkdir(parents=True, exist_ok=True)
        index = index_url or wheels.package_index()
        packager = Packager(identity, output, index, lambda text: click.echo(text, err=True))
        if form != "source":
            _wrote(packager.zip_file())
        if form != "zip":
            _wrote(packager.source_folder(uv))
    except Defender365Error as error:
        click.echo(f"✗ {str(error)[:1].upper()}{str(error)[1:]}", err=True)
        ctx.exit(1)
    except OSError as error:
        raise click.ClickException(f"{error.filename}: {error.strerror}.") from None


def _uv() -> str:
    found = shutil.which("uv")
    if found is None:
        raise BadInput(
            "uv is needed for the source form's lock file: pip install uv. Or give --form zip."
        )
    return found


def _wrote(path: Path) -> None:
    size = f" ({path.stat().st_size / 1e6:.1f} MB)" if path.is_file() else ""
    click.echo(f"{path}{size}")
