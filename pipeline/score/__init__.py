"""`bertline score`: a corpus of any size through a model, by Beam, into files."""
