#!/bin/sh
# Compiles the checkout, and puts each app of a fleet into a folder of its own with the packages that it runs on.
#
#   build-apps.sh FOLDER      makes FOLDER/actor, FOLDER/evaluator, FOLDER/exporter, FOLDER/learner
set -eu
cd "$(dirname "$0")/../.."
out=$1
export CI=true

node infra/setup/run.mjs build
pnpm=$(node -p "require('./package.json').packageManager.split('+')[0]")

for app in actor evaluator exporter learner; do
  rm -rf "${out:?}/$app"
  npx --yes "$pnpm" --pm-on-fail=ignore --filter "@qfleet/$app" deploy --legacy --prod "$out/$app"
  store="$out/$app/node_modules/.pnpm"
  # Native TensorFlow is the learner's: others compute on WebAssembly (@qfleet/tensor only looks for tfjs-node).
  if [ "$app" != learner ]; then
    for part in tfjs@ tfjs-node-gpu@ tfjs-layers@ tfjs-data@ tfjs-converter@ tfjs-backend-webgl@; do
      rm -rf "$store/@tensorflow+$part"*
    done
  fi
  # More than half of the rest is read by nobody at run time.
  find "$out/$app" -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.tsbuildinfo' \) -delete
  rm -rf "$out/$app/src" "$out/$app/test" "$store"/@qfleet+*/node_modules/@qfleet/*/test
  find "$store" -path '*/@qfleet/*/src' -prune -exec rm -rf {} +
done
