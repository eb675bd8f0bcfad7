#!/bin/sh
# slim FOLDER: takes out of installed packages what no step reads: headers, static libraries, tests and test data.
set -eu

# Folders named so by convention; numpy's are left, since numpy.testing imports from them.
find "$1" -depth -type d \( -name tests -o -name testdata -o -name __pycache__ \) ! -path "*/numpy/*" -exec rm -rf {} +
find "$1" -depth -type d -name include \( -path "*/tensorflow/include" -o -path "*/pyarrow/include" -o -path "*/nvidia/*" \) \
    -exec rm -rf {} +
find "$1" -type f \( -name "*.a" -o -name "*.pyc" \) -delete
