import json

from hypothesis import given
from hypothesis import strategies as st

from defender365.core.case_lines import CaseLines
from defender365.core.mapping import EnvironmentRule, case_alerts
from defender365.core.model import read_incident

objects = st.dictionaries(st.text(max_size=5), st.none() | st.text() | st.lists(st.text()))


@given(objects, st.lists(st.tuples(objects, st.lists(objects, max_size=3)), max_size=3))
def test_a_line_is_the_case_alert_whatever_it_holds(fields, alerts):
    raw = {
        **fields,
        "id": "1",
        "alerts": [
            {**own, "id": str(number), "evidence": evidence}
            for number, (own, evidence) in enumerate(alerts)
        ],
    }
    incident = read_incident(raw)
    lines = CaseLines()
    for case in case_alerts(incident, incident.alerts, EnvironmentRule()):
        line = lines.line(case)
        assert line.isascii()
        assert "\n" not in line
        assert json.loads(line) == case.as_dict()
