"""The things that appear in stories: processes, files, mails, addresses, as evidence."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from defender_emulator.scenario import Json
from defender_emulator.scenarios.company import DOMAIN, Company, Machine, Person
from defender_emulator.scenarios.evidence import complex_value, evidence
from defender_emulator.scenarios.identifiers import guid, md5, sha1, sha256

_PLACES = {
    "203.0.113": ("NL", "Amsterdam", "Netherlands", "North Holland", 52.37, 4.9),
    "198.51.100": ("SG", "Singapore", "Singapore", "Central Singapore", 1.29, 103.85),
    "192.0.2": ("NO", "Tromso", "Norway", "Troms", 69.65, 18.96),
}
"""Where the documentation address ranges lie in our stories."""

SYSTEM = "C:\\Windows\\System32"


def file_details(path: str, *, size: int, signer: str | None = None) -> Json:
    """A file by its full path; the hashes follow from path and size."""
    folder, _, name = path.rpartition("\\" if "\\" in path else "/")
    return complex_value(
        "fileDetails",
        fileName=name,
        filePath=folder,
        filePublisher=signer,
        fileSize=size,
        issuer=f"{signer} Code Signing PCA" if signer else None,
        md5=md5(name, size),
        sha1=sha1(name, size),
        sha256=sha256(name, size),
        signer=signer,
    )


def system_file(name: str) -> Json:
    """A program that comes with Windows."""
    return file_details(
        f"{SYSTEM}\\{name}", size=200_000 + 997 * len(name), signer="Microsoft Windows"
    )


@dataclass(frozen=True)
class Props:
    """Makes evidence, all created at one moment, for one company."""

    company: Company
    created: str

    def user(self, account: str, **fields: Any) -> Json:
        """Someone of the company."""
        return evidence(
            "userEvidence", self.created, **{"userAccount": self._account(account), **fields}
        )

    def device(self, host: str, **fields: Any) -> Json:
        """A machine of the company."""
        return self.company.machines[host].evidence(self.created, **fields)

    def file(self, details: Json, host: str | None = None, **fields: Any) -> Json:
        """A file, on a machine if one is named."""
        base = {
            "fileDetails": details,
            "detectionStatus": "detected",
            "mdeDeviceId": self._mde(host),
        }
        return evidence("fileEvidence", self.created, **{**base, **fields})

    def process(self, image: Json, command: str, host: str, account: str, **fields: Any) -> Json:
        """A process that a user ran on a machine; `parent` names the parent's image."""
        parent = fields.pop("parent", None) or system_file("explorer.exe")
        number = 4 * (int(sha1(command, host)[:4], 16) % 6000 + 400)
        base = {
            "detectionStatus": "detected",
            "imageFile": image,
            "mdeDeviceId": self._mde(host),
            "parentProcessCreationDateTime": self.created,
            "parentProcessId": 4 * (int(sha1(str(parent), host)[:4], 16) % 6000 + 400),
            "parentProcessImageFile": parent,
            "processCommandLine": command,
            "processCreationDateTime": self.created,
            "processId": number,
            "userAccount": self._account(account),
        }
        return evidence("processEvidence", self.created, **{**base, **fields})

    def ip(self, address: str, **fields: Any) -> Json:
        """An address; the documentation ranges have a place in the world."""
        place = _PLACES.get(address.rpartition(".")[0])
        base: Json = {"ipAddress": address}
        if place:
            code, city, country, state, latitude, longitude = place
            spot = complex_value(
                "geoLocation",
                city=city,
                countryName=country,
                state=state,
                latitude=latitude,
                longitude=longitude,
            )
            base |= {"countryLetterCode": code, "location": spot}
        return evidence("ipEvidence", self.created, **{**base, **fields})

    def url(self, url: str, **fields: Any) -> Json:
        """A web address."""
        return evidence("urlEvidence", self.created, **{"url": url, **fields})

    def mail(self, sender: str, recipient: str, subject: str, **fields: Any) -> Json:
        """A message to someone of the company, or from one of them."""
        domain = sender.rpartition("@")[2]
        written = complex_value(
            "emailSender", displayName=None, domainName=domain, emailAddress=sender
        )
        key = (self.company.seed, sender, recipient, subject)
        base = {
            "antiSpamDirection": "Inbound",
            "attachmentsCount": 0,
            "deliveryAction": "Delivered",
            "deliveryLocation": "Inbox",
            "internetMessageId": f"<{md5(*key)[:20]}@mail.{domain}>",
            "language": "en",
            "networkMessageId": guid(*key),
            "p1Sender": written,
            "p2Sender": written,
            "receivedDateTime": self.created,
            "recipientEmailAddress": f"{recipient}@{DOMAIN}",
            "senderIp": "203.0.113.25",
            "subject": subject,
            "threatDetectionMethods": [],
            "threats": [],
            "urlCount": len(fields.get("urls", ())),
            "urn": f"urn:MailEntity:{md5(*key)}",
        }
        return evidence("analyzedMessageEvidence", self.created, **{**base, **fields})

    def mailbox(self, account: str, **fields: Any) -> Json:
        """Someone's mailbox."""
        owner = self._person(account)
        base = {
            "displayName": owner.name,
            "primaryAddress": owner.upn,
            "upn": owner.upn,
            "userAccount": self._account(account),
        }
        return evidence("mailboxEvidence", self.created, **{**base, **fields})

    def connection(self, source: str, destination: str, port: int, **fields: Any) -> Json:
        """A network connection between two addresses."""
        base = {
            "sourceAddress": self.ip(source),
            "destinationAddress": self.ip(destination),
            "destinationPort": port,
            "sourcePort": 49152 + port % 1000,
            "protocol": "tcp",
        }
        return evidence("networkConnectionEvidence", self.created, **{**base, **fields})

    def other(self, type_name: str, **fields: Any) -> Json:
        """Any other evidence."""
        return evidence(type_name, self.created, **fields)

    def _person(self, account: str) -> Person:
        return self.company.people[account]

    def _account(self, account: str) -> Json:
        return self._person(account).user_account(self.company.tenant_id)

    def _mde(self, host: str | None) -> str | None:
        return None if host is None else self._machine(host).mde_id

    def _machine(self, host: str) -> Machine:
        return self.company.machines[host]

    @cached_property
    def cloud_app(self) -> Json:
        """Microsoft 365, as Defender for Cloud Apps names it."""
        return evidence(
            "cloudApplicationEvidence",
            self.created,
            appId=11161,
            saasAppId=11161,
            displayName="Microsoft 365",
            instanceId=0,
            instanceName="Microsoft 365",
        )
