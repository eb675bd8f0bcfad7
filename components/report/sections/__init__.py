"""The sections of the report, a file each: `measure` gives a section's numbers, as JSON has them; `show` shows them.

What is shown is made of the numbers alone, so that page and JSON cannot differ. Where something is not there,
`measure` raises NotThereError with a sentence that says why.
"""
