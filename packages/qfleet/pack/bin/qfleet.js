#!/usr/bin/env node
// Written for any Node, so that one that is too old says so.
if (Number.parseInt(process.versions.node, 10) < 24) {
  console.error(
    `error: Qfleet needs Node 24 or newer, and this is ${process.versions.node}: install one from https://nodejs.org.`,
  );
  process.exit(2);
}
process.env.QFLEET_INSTALLED ??= 'yes';
process.env.QFLEET_COMMAND ??= 'npx qfleet';
import('../dist/command.js');
