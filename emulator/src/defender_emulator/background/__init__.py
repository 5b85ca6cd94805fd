"""Background noise: an ordinary company's month in the hunting tables, at any size.

`fleet.py` says who and what there is; it runs where the scenario is told. `filling.py` makes the rows;
it runs where the tables are, and all of it is SQL: a million rows are never Python objects.
"""
