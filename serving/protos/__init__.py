"""TensorFlow Serving's messages without TensorFlow: `serving.protos.messages` has the classes.

The .proto files are what clients of other languages are made from; `make protos` compiles them into wire.binpb.
"""
