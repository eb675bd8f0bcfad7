"""Transform: texts, or pairs of them, to the ids of their pieces, in the graph that training and serving share."""
