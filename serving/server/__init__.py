"""A development server that speaks TensorFlow Serving's wire over TensorFlow; in production run TensorFlow Serving."""
