"""The Google SecOps SOAR package, made from the declarations: source form, built form, ZIP.

The source form is what Google's `mp` tool validates and builds; the ZIP holds the built form
with wheels and is imported on the platform. Hand-written here: mapping, widget, pictures, notes.
"""
