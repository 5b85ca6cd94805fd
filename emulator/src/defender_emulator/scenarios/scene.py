"""The scene of an alert: what its evidence says together, and when it happened."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple

from defender_emulator.scenario import Json
from defender_emulator.scenarios.evidence import PREFIX


class Logged(NamedTuple):
    """A row of a table, some seconds after the alert's first activity."""

    table: str
    row: dict[str, Any]
    seconds: int


def part(value: Json, name: str) -> Json:
    """A nested object, or an empty one."""
    found = value.get(name)
    return found if isinstance(found, dict) else {}


@dataclass(frozen=True)
class Scene:
    """One alert and what is around it."""

    alert: Json
    began: datetime
    tenant_id: str

    def first(self, type_name: str) -> Json:
        """The first evidence of a type, or an empty one."""
        for evidence in self.alert.get("evidence") or ():
            if evidence.get("@odata.type") == PREFIX + type_name:
                found: Json = evidence
                return found
        return {}

    @cached_property
    def device(self) -> Json:
        """The first device."""
        return self.first("deviceEvidence")

    @cached_property
    def account(self) -> Json:
        """The first user's account."""
        return part(self.first("userEvidence"), "userAccount")

    @cached_property
    def address(self) -> Json:
        """The first address."""
        return self.first("ipEvidence")

    def on_device(self, mde_id: str | None) -> dict[str, Any]:
        """The columns of a device: that of the id, else the first of the scene."""
        for evidence in self.alert.get("evidence") or ():
            if mde_id and evidence.get("mdeDeviceId") == mde_id and "deviceDnsName" in evidence:
                return {"DeviceId": mde_id, "DeviceName": evidence.get("deviceDnsName")}
        if mde_id:
            return {"DeviceId": mde_id}
        return {
            "DeviceId": self.device.get("mdeDeviceId"),
            "DeviceName": self.device.get("deviceDnsName"),
        }

    def initiating(self) -> dict[str, Any]:
        """The columns of the process that did it, as far as the scene shows one."""
        process = self.first("processEvidence")
        image, account = part(process, "imageFile"), part(process, "userAccount")
        return {
            "InitiatingProcessFileName": image.get("fileName"),
            "InitiatingProcessFolderPath": image.get("filePath"),
            "InitiatingProcessSHA1": image.get("sha1"),
            "InitiatingProcessSHA256": image.get("sha256"),
            "InitiatingProcessId": process.get("processId"),
            "InitiatingProcessCommandLine": process.get("processCommandLine"),
            "InitiatingProcessAccountName": account.get("accountName"),
            "InitiatingProcessAccountUpn": account.get("userPrincipalName"),
        }
