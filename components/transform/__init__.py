"""Transform: text to WordPiece ids, in the graph that training and serving share."""
