"""The curated schemas, as data: `<task>/schema.pbtxt` says what each feature of that task's examples must be.

A package only so that an installed bertline finds them: `importlib.resources.files("schema")`.
"""
