import { extname } from 'node:path';
import { speaks, type TokenQRunConfig } from '@qfleet/config';
import { EXPORTED, exportPolicy, PolicyError, readTrained, type Which } from '@qfleet/policy';
import { RunDirectory } from '@qfleet/report';
import { checkpointsIn } from '@qfleet/single';
import { UsageError } from './errors.ts';
import { bytes, print, printJson, shown } from './terminal/output.ts';
import { exportModel } from './text/export.ts';
import { exportAgent } from './text/export-agent.ts';
import { withModule } from './train/revision.ts';
import { checkTrust } from './trust.ts';

/** The options of `qfleet export`. */
export interface ExportOptions {
  readonly checkpoint: Which;
  readonly env?: string;
  readonly json?: true;
}

/** `qfleet export`: what a run has learned, as a file, or as a directory of Hugging Face's format. */
export async function exportRun(
  run: string,
  out: string,
  { checkpoint, env, json }: ExportOptions,
): Promise<void> {
  const isFile = EXPORTED.includes(extname(out).toLowerCase());
  if (isFile && checkpointsIn(run).length > 0) {
    throw new UsageError(
      `${run} holds a language model, which is written as a directory: name one, not ${out}.`,
    );
  }
  const directory = isFile ? null : policyRun(run);
  if (!isFile && directory === null) return exportModel(run, out);
  if (directory !== null && speaks(directory.config)) {
    checkTrust(directory, env !== undefined);
    const config = withModule(directory.config, env) as TokenQRunConfig;
    return exportAgent(directory, config, out, { checkpoint, ...(json ? { json } : {}) });
  }
  const trained = await readTrained(run, {
    checkpoint,
    env,
    warn: (sentence) => process.stderr.write(`${sentence}\n`),
  }).catch((error: Error) => {
    throw error instanceof PolicyError ? new UsageError(error.message) : error;
  });
  const size = await exportPolicy(trained, out);
  const { updates } = trained.checkpoint;
  if (json) return printJson({ file: out, bytes: size, updates, environment: trained.config.environment.id });
  await print(`${shown(out)} holds the policy of update ${updates} (${bytes(size)}).`);
}

/** The run of a directory that has an environment; null: it is one of a language model, or none. */
function policyRun(run: string): RunDirectory | null {
  try {
    return RunDirectory.open(run);
  } catch {
    return null;
  }
}
