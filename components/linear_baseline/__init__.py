"""What BERT must beat: TF-IDF and logistic regression, learned from the same splits."""
