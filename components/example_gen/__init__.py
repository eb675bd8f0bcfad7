"""ExampleGen: labelled text from its source to split, de-duplicated tf.Examples, with every row accounted for."""
