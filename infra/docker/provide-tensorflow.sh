#!/bin/sh
# Brings libtensorflow and tfjs-node's addon into a folder, and fails where that is not possible.
#
#   provide-tensorflow.sh cpu|gpu FOLDER      in a built checkout, as root on Debian
set -eu
cd "$(dirname "$0")/../.."
export QFLEET_TENSOR=$1 QFLEET_CACHE_DIR=$2

apt-get update -q
DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends g++ make python3 python3-pip
rm -rf /var/lib/apt/lists/*

node packages/tensor/dist/provision/main.js
# It goes on without where it finds no way; an image must not.
manifest=$(find "$QFLEET_CACHE_DIR/tensorflow" -name provisioned.json | head -n 1)
[ -n "$manifest" ] || { echo "There is no libtensorflow in $QFLEET_CACHE_DIR: see above." >&2; exit 1; }
# The headers have served.
rm -rf "$(dirname "$manifest")/tensorflow/include"
