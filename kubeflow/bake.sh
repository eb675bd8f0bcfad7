#!/bin/sh
# bake ENCODER FOLDER: makes an encoder ready in FOLDER, to be found there without a byte being written.
#   ENCODER  as `encoder.handle`: the embedded encoder or an address at TF Hub or Kaggle; empty bakes none
#   FOLDER   gets cache (BERTLINE_CACHE), hub (TFHUB_CACHE_DIR) and encoder, a link to the SavedModel
set -eu
handle=$1 folder=$2
mkdir -p "$folder"

if [ -n "$handle" ]; then
    export BERTLINE_CACHE="$folder/cache" TFHUB_CACHE_DIR="$folder/hub" TF_CPP_MIN_LOG_LEVEL=2
    model=$(HANDLE=$handle python -c '
import os
from components.encoders.resolve import resolve_encoder
print(resolve_encoder(os.environ["HANDLE"]))')
    case $model in
        "$folder"/*) ln -s "$model" "$folder/encoder" ;;
        *)
            echo "bake: ENCODER is $handle, a folder: put it on a volume, and name it as encoder.handle" >&2
            exit 1
            ;;
    esac
fi

# What is not baked is made or downloaded when a step first asks for it, where it can be written.
for cache in cache hub; do
    [ -d "$folder/$cache" ] || ln -s /tmp "$folder/$cache"
done
chmod -R a+rX "$folder"
