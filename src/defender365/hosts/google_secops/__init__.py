"""The adapter to Google SecOps SOAR: the only room that knows its SDK.

Each action and each run of the connector is a fresh process: context on stdin, one JSON object
on the real stdout. The scripts of the package call `run_action` and `run_connector`.
"""


def run_action(name: str, integration: str) -> None:
    """Run one action of the integration and end the process with its result."""
    from defender365.hosts.google_secops import actions  # noqa: PLC0415  each loads only its own

    actions.run(name, integration)


def run_connector(integration: str) -> None:
    """Run the connector once: a test run when the platform says so."""
    from defender365.hosts.google_secops import connector  # noqa: PLC0415  as above

    connector.run(integration)
