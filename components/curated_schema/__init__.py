"""CuratedSchema: the schema that a person wrote and reviewed, as an artifact of the run."""
