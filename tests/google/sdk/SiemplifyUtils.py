"""Stdout belongs to the result: what anything prints becomes its DebugOutput."""

import io
import sys
import time

real_stdout = sys.stdout
my_stdout = io.StringIO()


def override_stdout():
    sys.stdout = my_stdout


def unix_now():
    return int(time.time() * 1000)
