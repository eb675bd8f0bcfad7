"""The parts of `benchmarks.soak`: valid load, disturbances, what the server uses of the machine, and the report."""
