"""Hunts in our own words, each for one technique of the attack, as hunters publish them.

Each finds the attack; on the background alone, none finds anything.
"""

OFFICE = "('winword.exe', 'excel.exe', 'powerpnt.exe', 'outlook.exe')"

HUNTS: tuple[tuple[str, str], ...] = (
    # initial access
    ("T1566.002", "EmailEvents | where ThreatTypes has 'Phish' | project NetworkMessageId"),
    (
        "T1566.002",
        "EmailPostDeliveryEvents | where ActionType == 'Phish ZAP' | project RecipientEmailAddress",
    ),
    (
        "T1566.002",
        "EmailEvents | where ThreatTypes has 'Phish' | join kind=inner EmailUrlInfo on NetworkMessageId | project Url",
    ),
    (
        "T1566.002",
        "EmailUrlInfo | where UrlDomain startswith 'files.' and Url has '?id=' | distinct UrlDomain",
    ),
    ("T1204.001", "UrlClickEvents | where IsClickedThrough == true | project AccountUpn, Url"),
    (
        "T1204.001",
        "UrlClickEvents | where ActionType == 'ClickAllowed' and ThreatTypes has 'Phish' | project AccountUpn",
    ),
    (
        "T1204.002",
        f"DeviceProcessEvents | where InitiatingProcessFileName in~ {OFFICE} | where FileName in~ ('powershell.exe', 'cmd.exe', 'wscript.exe', 'mshta.exe') | project DeviceName, ProcessCommandLine",
    ),
    (
        "T1204.002",
        "DeviceFileEvents | where FolderPath has 'Downloads' and FileName endswith '.xlsm' | project DeviceName, FileName",
    ),
    # execution
    (
        "T1059.001",
        "DeviceProcessEvents | where FileName =~ 'powershell.exe' | where ProcessCommandLine matches regex @'(?i)\\s-e(nc|c|ncodedcommand)?\\s+[A-Za-z0-9+/=]{20,}' | project DeviceName",
    ),
    (
        "T1059.001",
        "DeviceProcessEvents | where ProcessCommandLine has 'powershell' and ProcessCommandLine has_any ('-Enc', 'hidden', 'DownloadString', 'bypass') | project DeviceName, ProcessCommandLine",
    ),
    (
        "T1059.001",
        "DeviceNetworkEvents | where InitiatingProcessFileName =~ 'powershell.exe' and RemoteIPType == 'Public' | project DeviceName, RemoteIP",
    ),
    (
        "T1047",
        "DeviceProcessEvents | where InitiatingProcessFileName =~ 'WmiPrvSE.exe' | where FileName in~ ('powershell.exe', 'cmd.exe') | project DeviceName, ProcessCommandLine",
    ),
    (
        "T1569.002",
        "DeviceEvents | where ActionType == 'ServiceInstalled' | where FolderPath has 'cmd.exe' | project DeviceName",
    ),
    (
        "T1569.002",
        "DeviceProcessEvents | where ProcessCommandLine has '127.0.0.1' and ProcessCommandLine has 'ADMIN$' | project DeviceName, ProcessCommandLine",
    ),
    # persistence
    (
        "T1547.001",
        "DeviceRegistryEvents | where ActionType == 'RegistryValueSet' | where RegistryKey endswith 'CurrentVersion\\\\Run' | project DeviceName, RegistryValueName, RegistryValueData",
    ),
    (
        "T1547.001",
        "DeviceRegistryEvents | where RegistryValueData has_all ('AppData', 'Temp') | project DeviceName",
    ),
    (
        "T1105",
        "DeviceFileEvents | where ActionType == 'FileCreated' and FileName endswith '.exe' and FolderPath has_any ('AppData', 'Temp', 'Downloads') | distinct DeviceName, FileName",
    ),
    (
        "T1105",
        "DeviceEvents | where ActionType == 'AntivirusDetection' | extend Threat = tostring(parse_json(AdditionalFields).ThreatName) | project DeviceName, FileName, Threat",
    ),
    (
        "T1036",
        "DeviceProcessEvents | where FolderPath has_any ('\\\\ProgramData\\\\', '\\\\Temp\\\\') and FileName endswith '.exe' | where FolderPath !has 'Windows Defender' | distinct FileName, DeviceName",
    ),
    # command and control
    (
        "T1071.001",
        "DeviceNetworkEvents | where RemoteIPType == 'Public' and InitiatingProcessFolderPath has 'Temp' | distinct DeviceName, RemoteIP",
    ),
    (
        "T1071.001",
        "DeviceNetworkEvents | where RemoteIPType == 'Public' and isempty(RemoteUrl) and ActionType == 'ConnectionSuccess' | summarize Calls = count() by DeviceName, RemoteIP, InitiatingProcessFileName | where Calls > 50",
    ),
    (
        "T1573",
        "DeviceNetworkEvents | where InitiatingProcessFileName == 'updater.exe' | summarize First = min(Timestamp), Last = max(Timestamp) by DeviceName, RemoteIP | where Last - First > 30m",
    ),
    # credentials
    (
        "T1003.001",
        "DeviceProcessEvents | where FileName =~ 'rundll32.exe' and ProcessCommandLine has 'comsvcs' and ProcessCommandLine has 'MiniDump' | project DeviceName, AccountName",
    ),
    (
        "T1003.001",
        "DeviceEvents | where ActionType == 'OpenProcessApiCall' and FileName =~ 'lsass.exe' | where InitiatingProcessFileName !in~ ('svchost.exe', 'csrss.exe', 'msmpeng.exe') | project DeviceName",
    ),
    (
        "T1218.011",
        "DeviceImageLoadEvents | where FileName =~ 'comsvcs.dll' and InitiatingProcessFileName =~ 'rundll32.exe' | project DeviceName",
    ),
    (
        "T1218.011",
        "DeviceFileEvents | where InitiatingProcessFileName =~ 'rundll32.exe' and FileName endswith '.tmp' | project DeviceName, FileName",
    ),
    (
        "T1558.003",
        "IdentityQueryEvents | where ActionType == 'LDAP query' and Query has 'servicePrincipalName' | project AccountUpn, DeviceName",
    ),
    (
        "T1558.003",
        "IdentityQueryEvents | where QueryType == 'AllServicePrincipalNames' | summarize count() by AccountName",
    ),
    (
        "T1003.006",
        "IdentityDirectoryEvents | where ActionType == 'Directory Services replication' | where DeviceName !startswith 'hm-dc' | project AccountUpn, DeviceName",
    ),
    (
        "T1110.003",
        "EntraIdSignInEvents | where ErrorCode == 50126 | summarize Accounts = dcount(AccountUpn) by IPAddress, bin(Timestamp, 1h) | where Accounts > 8 | project IPAddress",
    ),
    (
        "T1110.003",
        "AADSignInEventsBeta | where ErrorCode in (50126, 50053) | summarize Accounts = make_set(AccountUpn) by IPAddress | where array_length(Accounts) > 10 | project IPAddress",
    ),
    (
        "T1110.001",
        "EntraIdSignInEvents | where ErrorCode != 0 | summarize Failures = count() by AccountUpn, IPAddress, bin(Timestamp, 1d) | where Failures >= 3 | distinct IPAddress",
    ),
    # lateral movement
    (
        "T1021.002",
        "DeviceLogonEvents | where LogonType == 'Network' and Protocol == 'NTLM' and IsLocalAdmin == true | project DeviceName, AccountName, RemoteDeviceName",
    ),
    (
        "T1550.003",
        "DeviceLogonEvents | where AccountName == 'd.okafor' and LogonType == 'Interactive' and DeviceName !startswith 'hm-ad' and DeviceName !startswith 'hm-dc' and DeviceName !startswith 'hm-web' | distinct DeviceName",
    ),
    # cloud
    (
        "T1078.004",
        "EntraIdSignInEvents | where ErrorCode == 0 and RiskLevelAggregated >= 50 | distinct AccountUpn, Country",
    ),
    (
        "T1078.004",
        "EntraIdSignInEvents | where ErrorCode == 0 | summarize Countries = dcount(Country) by AccountUpn, bin(Timestamp, 1d) | where Countries > 1 | distinct AccountUpn",
    ),
    (
        "T1528",
        "CloudAppEvents | where ActionType == 'Consent to application.' | project AccountId, ObjectName",
    ),
    (
        "T1098.003",
        "OAuthAppInfo | where PrivilegeLevel == 'High' and AppOrigin == 'External' | project AppName",
    ),
    (
        "T1528",
        "AADSpnSignInEventsBeta | join kind=inner (CloudAppEvents | where ActionType startswith 'Consent' | project ServicePrincipalName = ObjectName) on ServicePrincipalName | project ServicePrincipalName, IPAddress",
    ),
    (
        "T1564.008",
        "CloudAppEvents | where ActionType in ('New-InboxRule', 'Set-InboxRule') | project AccountId, IPAddress, ObjectName",
    ),
    (
        "T1530",
        "CloudAppEvents | where ActionType == 'FileDownloaded' | summarize Files = dcount(ObjectName) by AccountId, bin(Timestamp, 1h) | where Files > 50 | project AccountId, Files",
    ),
    ("T1530", "CloudAuditEvents | where ActionType == 'StorageRead' | project IPAddress"),
    # collection and exfiltration
    (
        "T1560.001",
        "DeviceProcessEvents | where FileName in~ ('7z.exe', 'rar.exe', '7za.exe') and ProcessCommandLine has ' -p' | project DeviceName, ProcessCommandLine",
    ),
    (
        "T1039",
        "DeviceFileEvents | where FileName matches regex @'\\.7z(\\.\\d{3})?$' | project DeviceName, FileName",
    ),
    (
        "T1052.001",
        "DeviceEvents | where ActionType == 'UsbDriveMounted' | extend Drive = tostring(parse_json(AdditionalFields).DriveLetter) | project DeviceName, Drive",
    ),
    (
        "T1052.001",
        "DeviceFileEvents | where ActionType == 'FileCreated' and FolderPath startswith 'E:' | summarize Files = count() by DeviceName, InitiatingProcessFileName",
    ),
    (
        "T1567.002",
        "DeviceNetworkEvents | where RemoteIP startswith '198.51.100.' | distinct DeviceName, RemoteIP",
    ),
    # impact
    (
        "T1490",
        "DeviceProcessEvents | where FileName =~ 'vssadmin.exe' and ProcessCommandLine has_all ('delete', 'shadows') | project DeviceName, AccountName",
    ),
    (
        "T1490",
        "DeviceProcessEvents | where ProcessCommandLine has_any ('shadowcopy delete', 'delete shadows', 'recoveryenabled no', 'delete catalog') | project DeviceName",
    ),
    (
        "T1486",
        "DeviceFileEvents | where ActionType == 'FileRenamed' | summarize Files = dcount(FileName) by DeviceName, InitiatingProcessFileName, bin(Timestamp, 10m) | where Files > 100 | project DeviceName",
    ),
    (
        "T1486",
        "DeviceFileEvents | where FileName has_any ('RESTORE-FILES', 'DECRYPT', 'README-RANSOM') | project DeviceName, FolderPath",
    ),
    (
        "T1486",
        "DeviceProcessEvents | where FileName =~ 'lk64.exe' | join kind=inner (DeviceFileEvents | where FileName endswith '.mslock' | summarize Locked = count() by DeviceName) on DeviceName | project DeviceName, Locked",
    ),
)
"""Technique, and the hunt."""
