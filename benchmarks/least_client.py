"""The text of the least program that signs in: what every figure is a ratio to.

Its arguments are the emulator's address, its CA, client id, client secret and tenant id.
"""

ASKED = """
import requests, sys
session = requests.Session()
session.trust_env = False
session.verify = sys.argv[2]
form = dict(client_id=sys.argv[3], client_secret=sys.argv[4], grant_type="client_credentials",
            scope=sys.argv[1] + "/.default")
answer = session.post(f"{sys.argv[1]}/{sys.argv[5]}/oauth2/v2.0/token", data=form)
"""

SIGNED_IN = (
    ASKED
    + """
session.headers["Authorization"] = "Bearer " + answer.json()["access_token"]
"""
)

PAGED = (
    SIGNED_IN
    + """
import json, resource
before = resource.getrusage(resource.RUSAGE_SELF)
pages, alerts, largest, skip = 0, 0, 0, 0
while True:
    options = {"$expand": "alerts", "$top": "50", "$skip": str(skip),
               "$orderby": "lastUpdateDateTime asc"}
    body = [session.get(f"{sys.argv[1]}/v1.0/security/incidents", params=options).content]
    largest = max(largest, len(body[0]))
    page = json.loads(body.pop())  # not held beside what it is parsed to
    alerts += sum(len(incident["alerts"]) for incident in page["value"])
    pages, skip = pages + 1, skip + 50
    if "@odata.nextLink" not in page:
        break
after = resource.getrusage(resource.RUSAGE_SELF)
cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
print(json.dumps({"pages": pages, "alerts": alerts, "largest": largest, "cpu": cpu}))
"""
)
"""Fetches all incidents with their alerts, page by page, parses them and counts."""
