"""The incidents connector: load, plan, fetch, map, deliver, commit.

The promise: at least once to the platform, exactly once to the analyst; late rather than lost;
and always able to say why. State moves only after delivery; a process killed anywhere repeats
work and never skips it.
"""

from defender365.connector.intake import Delivery, Rules
from defender365.connector.poll import poll

__all__ = ["Delivery", "Rules", "poll"]
