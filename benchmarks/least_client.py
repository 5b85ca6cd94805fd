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
