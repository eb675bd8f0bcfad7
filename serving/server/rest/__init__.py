"""TensorFlow Serving's REST face: https://www.tensorflow.org/tfx/serving/api_rest."""
