"""What mail, identity and cloud services log about people at work."""

from defender_emulator.background.canvas import Canvas

_WHO = {
    "AccountUpn": "upn", "AccountObjectId": "oid", "AccountDisplayName": "name", "AccountName": "account",
    "AccountDomain": "'HALDEN'", "AccountSid": "sid",
}  # fmt: skip
_AT = {"Timestamp": "make_timestamp(us)"}
_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Edg/141.0.0.0"
_TOPICS = (
    "Weekly dock schedule", "Minutes", "Hull 314 drawings", "Lunch on Friday", "Offer 8812",
    "Steel delivery", "Welding plan", "Travel report", "Quarter review", "Holiday list",
)  # fmt: skip
_PARTNERS = ("steelworks.example", "harbour.example", "class-society.example", "paint.example")
_SITES = ("ports.example", "intranet.halden.example", "steelworks.example", "weather.example")
_APPS = ("Office 365 Exchange Online", "Microsoft Teams", "Office 365 SharePoint Online")


def _of_people(canvas: Canvas, count: int, name: str) -> str:
    """So many things that people do: `i`, the person, and `us` in their office hours."""
    humans = sum(person["human"] for person in canvas.noise["people"])
    inner = (
        f"SELECT i, q.* FROM ({canvas.numbers(count)}) JOIN bg_humans q ON "  # noqa: S608
        f"q.h = {canvas.dice(f'{name} person', humans)}"
    )
    return canvas.at_work(inner, name)


def prepare(canvas: Canvas, mails: int) -> None:
    """Make `bg_humans`, who do office work, and `bg_mails`, which four tables speak of."""
    canvas.temporary(
        "bg_humans",
        "SELECT row_number() OVER (ORDER BY p) - 1 AS h, q.*, b.aad, b.name AS machine, b.ip, b.platform"
        " FROM bg_people q LEFT JOIN (SELECT p, min_by(aad, d) AS aad, min_by(name, d) AS name,"
        " min_by(ip, d) AS ip, min_by(platform, d) AS platform FROM bg_devices GROUP BY p) b USING (p)"
        " WHERE human",
    )
    humans = sum(person["human"] for person in canvas.noise["people"])
    partner = canvas.pick("mail partner", _PARTNERS)
    canvas.temporary(
        "bg_mails",
        f"SELECT m.*, {canvas.guid('mail')} AS message, {canvas.pick('mail topic', _TOPICS)} AS topic, "  # noqa: S608
        f"{canvas.dice('mail way', 100)} AS way, {canvas.dice('mail links', 100)} < 45 AS linked, "
        f"{canvas.dice('mail files', 100)} < 20 AS filed, s.upn AS sender, s.name AS sender_name, "
        f"s.oid AS sender_oid, {partner} AS partner, {canvas.pick('mail site', _SITES)} AS site "
        f"FROM ({_of_people(canvas, mails, 'mail')}) m JOIN bg_humans s ON "
        f"s.h = {canvas.dice('mail sender', humans)}",
    )


_FROM = "CASE WHEN way < 60 THEN sender ELSE 'office@' || partner END"
_DOMAIN = "CASE WHEN way < 60 THEN 'halden.example' ELSE partner END"
_MESSAGE = {"NetworkMessageId": "message", "ReportId": "message"}
_URL = "'https://' || site || '/page/' || (i % 97)"


def mails(canvas: Canvas) -> None:
    """EmailEvents, EmailUrlInfo, EmailAttachmentInfo and EmailPostDeliveryEvents."""
    junk = "(way = 99)"
    count = canvas.execute("SELECT count(*) FROM bg_mails").fetchone()[0]
    every = f"SELECT m.* FROM ({canvas.numbers(count)}) JOIN bg_mails m USING (i)"  # noqa: S608
    canvas.put(
        "EmailEvents", every, _AT, _MESSAGE,
        InternetMessageId="'<' || message || '@' || partner || '>'", SenderMailFromAddress=_FROM,
        SenderFromAddress=_FROM, SenderMailFromDomain=_DOMAIN, SenderFromDomain=_DOMAIN,
        SenderDisplayName="CASE WHEN way < 60 THEN sender_name ELSE partner END",
        SenderObjectId="CASE WHEN way < 60 THEN sender_oid ELSE '' END",
        SenderIPv4="CASE WHEN way < 60 THEN '' ELSE '198.18.250.' || (hash(partner) % 200 + 10) END",
        RecipientEmailAddress="upn", RecipientObjectId="oid", Subject="topic", EmailLanguage="'en'",
        EmailDirection="CASE WHEN way < 60 THEN 'Intra-org' ELSE 'Inbound' END",
        DeliveryAction=f"CASE WHEN {junk} THEN 'Junked' ELSE 'Delivered' END",
        DeliveryLocation=f"CASE WHEN {junk} THEN 'Junk folder' ELSE 'Inbox/folder' END",
        LatestDeliveryAction=f"CASE WHEN {junk} THEN 'Junked' ELSE 'Delivered' END",
        LatestDeliveryLocation=f"CASE WHEN {junk} THEN 'Junk folder' ELSE 'Inbox/folder' END",
        ThreatTypes=f"CASE WHEN {junk} THEN 'Spam' ELSE '' END",
        AuthenticationDetails="'{\"SPF\":\"pass\",\"DKIM\":\"pass\",\"DMARC\":\"pass\"}'",
        AttachmentCount="filed::INTEGER", UrlCount="linked::INTEGER",
    )  # fmt: skip
    canvas.put(
        "EmailUrlInfo", f"{every} WHERE linked", _AT, _MESSAGE,
        Url=_URL, UrlDomain="site", UrlLocation="'Body'",
    )  # fmt: skip
    name = "topic || ' ' || (i % 500) || '.pdf'"
    canvas.put(
        "EmailAttachmentInfo", f"{every} WHERE filed", _AT, _MESSAGE,
        SenderFromAddress=_FROM, RecipientEmailAddress="upn", RecipientObjectId="oid", FileName=name,
        FileType="'pdf'", SHA256=f"sha256({name})", FileSize="90000 + i % 500000",
    )  # fmt: skip
    canvas.put(
        "EmailPostDeliveryEvents", f"{every} WHERE {junk}", _MESSAGE,
        Timestamp="make_timestamp(us + 60000000)", RecipientEmailAddress="upn",
        InternetMessageId="'<' || message || '@' || partner || '>'", Action="'Moved to junk folder'",
        ActionType="'Spam ZAP'", ActionTrigger="'SpecialAction'", ActionResult="'Success'",
        DeliveryLocation="'Junk folder'", ThreatTypes="'Spam'",
    )  # fmt: skip
    canvas.put(
        "UrlClickEvents", f"{every} WHERE linked AND way % 10 = 3", _MESSAGE,
        Timestamp="make_timestamp(us + 600000000)", Url=_URL, ActionType="'ClickAllowed'",
        AccountUpn="upn", Workload="'Email'", IPAddress="egress", IsClickedThrough="false",
        UrlChain=f"json_array({_URL})::VARCHAR", TenantId=f"'{canvas.noise['tenant']}'",
    )  # fmt: skip


def sign_ins(canvas: Canvas, count: int) -> None:
    """EntraIdSignInEvents, and the same in the older AADSignInEventsBeta; a few errors, at home only."""
    away, error = canvas.dice("sign-in away", 10), canvas.dice("sign-in error", 100)
    app = canvas.pick("sign-in app", _APPS)
    source = (
        f"SELECT *, {away} < 3 AS away, {away} < 3 AND {error} < 6 AS failed, {app} AS app, "  # noqa: S608
        f"{canvas.guid('sign-in')} AS report FROM ({_of_people(canvas, count, 'sign-in')})"
    )
    canvas.temporary("bg_sign_ins", source)
    for table in ("EntraIdSignInEvents", "AADSignInEventsBeta"):
        canvas.put(
            table, "SELECT * FROM bg_sign_ins", _AT,
            {"AadDeviceId": "coalesce(aad, '')", "EntraIdDeviceId": "coalesce(aad, '')"},
            {name: sql for name, sql in _WHO.items() if name.endswith(("Upn", "Id", "DisplayName"))},
            Application="app", ApplicationId="md5(app)::UUID::VARCHAR", CorrelationId="report",
            ReportId="report", RequestId="report", LogonType="'[\"interactiveUser\"]'",
            ErrorCode="CASE WHEN failed THEN 50126 ELSE 0 END",
            IPAddress="CASE WHEN away THEN home ELSE egress END", Country="country", City="city",
            IsGuestUser="false", IsExternalUser="0", RiskLevelAggregated="0", RiskState="0",
            ResourceDisplayName="app", ResourceTenantId=f"'{canvas.noise['tenant']}'",
            DeviceName="coalesce(machine, '')", OSPlatform="'Windows'", IsManaged="1",
            IsCompliant="1", DeviceTrustType="'Hybrid Azure AD joined'", UserAgent=f"'{_AGENT}'",
            ClientAppUsed="'Browser'", Browser="'Edge 141.0.0'", ConditionalAccessStatus="0",
            AuthenticationRequirement="'multiFactorAuthentication'",
            SessionId="md5(concat_ws('/', report, 'session'))::UUID::VARCHAR",
        )  # fmt: skip


def apps(canvas: Canvas, count: int) -> None:
    """EntraIdSpnSignInEvents and AADSpnSignInEventsBeta: the company's own programs, day and night."""
    names = ("Drawing archive", "Payroll export", "Backup to cloud", "Ticket sync")
    source = f"SELECT *, {canvas.pick('spn', names)} AS app, {canvas.guid('spn')} AS report FROM ({canvas.anytime(canvas.numbers(count), 'spn')})"  # noqa: S608
    for table in ("EntraIdSpnSignInEvents", "AADSpnSignInEventsBeta"):
        canvas.put(
            table, source, _AT, Application="app", ApplicationId="md5(app)::UUID::VARCHAR",
            ServicePrincipalName="app", ServicePrincipalId="md5(app || 'sp')::UUID::VARCHAR",
            IsManagedIdentity="false", ErrorCode="0", ResourceDisplayName="'Microsoft Graph'",
            ResourceTenantId=f"'{canvas.noise['tenant']}'", IPAddress="'192.0.2.10'", Country="'NO'",
            City="'Tromso'", CorrelationId="report", RequestId="report", ReportId="report",
        )  # fmt: skip


def cloud(canvas: Canvas, count: int) -> None:
    """CloudAppEvents: files and mail being worked with."""
    deed = canvas.pick(
        "cloud deed",
        ("FileAccessed", "FileModified", "FileUploaded", "MailItemsAccessed", "FilePreviewed"),
    )
    topic = canvas.pick("cloud topic", _TOPICS)
    source = f"SELECT *, {deed} AS deed, {topic} || '.docx' AS file, {canvas.guid('cloud')} AS report FROM ({_of_people(canvas, count, 'cloud')})"  # noqa: S608
    app = "CASE WHEN deed = 'MailItemsAccessed' THEN 'Microsoft Exchange Online' ELSE 'Microsoft SharePoint Online' END"
    canvas.put(
        "CloudAppEvents", source, _AT, ActionType="deed", Application=app,
        ApplicationId="CASE WHEN deed = 'MailItemsAccessed' THEN 20893 ELSE 20892 END",
        AccountObjectId="oid", AccountId="upn", AccountDisplayName="name", AccountType="'Regular'",
        IsAdminOperation="false", IsExternalUser="false", IsImpersonated="false",
        IsAnonymousProxy="false", DeviceType="'Desktop'", OSPlatform="'Windows'", IPAddress="egress",
        CountryCode="country", City="city", UserAgent=f"'{_AGENT}'", ObjectName="file",
        ObjectType="'File'", ActivityType="'Basic'", ReportId="report",
        RawEventData="json_object('Operation', deed, 'UserId', upn, 'SourceFileName', file)",
        ActivityObjects="json_array(json_object('Type', 'File', 'Name', file))",
    )  # fmt: skip


def directory(canvas: Canvas, logons: int, queries: int, changes: int) -> None:
    """IdentityLogonEvents, IdentityQueryEvents and IdentityDirectoryEvents: the domain controller."""
    there = {
        "DestinationDeviceName": "'hm-dc01.halden.example'", "DestinationIPAddress": "'10.20.1.10'",
        "DeviceName": "coalesce(machine, '')", "IPAddress": "coalesce(ip, '10.20.9.5')",
    }  # fmt: skip
    ids = {"ReportId": canvas.guid("directory")}
    canvas.put(
        "IdentityLogonEvents", _of_people(canvas, logons, "directory logon"), _AT, _WHO, there, ids,
        ActionType="'LogonSuccess'", Application="'Active Directory'", LogonType="'Credentials validation'",
        Protocol="'Kerberos'", DestinationPort="88", OSPlatform="coalesce(platform, '')",
        TargetDeviceName=canvas.pick("target", ("hm-dc01.halden.example", "hm-app01.halden.example")),
    )  # fmt: skip
    canvas.put(
        "IdentityQueryEvents", _of_people(canvas, queries, "directory query"), _AT, _WHO, there, ids,
        ActionType="'LDAP query'", Application="'Active Directory'", QueryType="'AllObjects'",
        Query="'(objectCategory=printQueue)'", QueryTarget="'Printers'", Protocol="'Ldap'", DestinationPort="389",
    )  # fmt: skip
    canvas.put(
        "IdentityDirectoryEvents", _of_people(canvas, changes, "directory change"), _AT, _WHO, there, ids,
        ActionType="'Account Password changed'", Application="'Active Directory'",
        TargetAccountUpn="upn", TargetAccountDisplayName="name",
    )  # fmt: skip


def people(canvas: Canvas) -> None:
    """IdentityInfo: everyone of the fleet who is not in the story, once a week."""
    first = canvas.week_start("w")
    source = f"SELECT q.*, w * 5000 + p AS i, {first} AS us FROM bg_people q, (SELECT range AS w FROM range(5)) WHERE p > 13"  # noqa: S608
    who = {name: sql for name, sql in _WHO.items() if name != "AccountSid"}
    canvas.put(
        "IdentityInfo", source, _AT, who, OnPremSid="sid", GivenName="split_part(name, ' ', 1)",
        Surname="split_part(name, ' ', 2)", Department="department", JobTitle="job", City="city",
        Country="country", EmailAddress="upn", IsAccountEnabled="true", Type="'User'",
        TenantId=f"'{canvas.noise['tenant']}'", ReportId=canvas.guid("identity"),
    )  # fmt: skip
