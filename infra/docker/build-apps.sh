#!/bin/sh
# Compiles the checkout, and puts each app of a fleet into a folder of its own with the packages that it runs on.
#
#   build-apps.sh FOLDER      makes FOLDER/actor, FOLDER/evaluator, FOLDER/exporter, FOLDER/learner, and FOLDER/requirements.txt:
#                             what a Python needs that plays environments
set -eu
cd "$(dirname "$0")/../.."
out=$1
export CI=true

node infra/setup/run.mjs build
pnpm=$(node -p "require('./package.json').packageManager.split('+')[0]")

for app in actor evaluator exporter learner; do
  # Native TensorFlow is the learner's, and optional to @qfleet/tensor: others compute on WebAssembly.
  [ "$app" = learner ] && optional= || optional=--no-optional
  rm -rf "${out:?}/$app"
  # shellcheck disable=SC2086
  npx --yes "$pnpm" --pm-on-fail=ignore --filter "@qfleet/$app" deploy --legacy --prod $optional "$out/$app"
  # What nobody reads at run time is half of the rest.
  find "$out/$app" -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' -o -name '*.tsbuildinfo' \) -delete
  rm -rf "$out/$app/src" "$out/$app/test" "$out/$app/node_modules/.pnpm"/@qfleet+*/node_modules/@qfleet/*/test
  find "$out/$app/node_modules/.pnpm" -path '*/@qfleet/*/src' -prune -exec rm -rf {} +
done

node --input-type=module -e "
  import { ATARI, GYMNASIUM } from './packages/env-host/dist/gymnasium/private-python.js';
  console.log([...GYMNASIUM, ...ATARI].join('\\n'));
" >"$out/requirements.txt"
