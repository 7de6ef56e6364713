import { FleetConfigurationError } from '@qfleet/fleet';

/** Where the exporter serves. */
export interface Address {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

/**
 * QFLEET_EXPORTER_HOST (127.0.0.1: nobody but this machine, unless told otherwise) and QFLEET_EXPORTER_PORT (9464).
 *
 * @throws FleetConfigurationError
 */
export function readAddress(env: Readonly<Record<string, string | undefined>>): Address {
  const text = env['QFLEET_EXPORTER_PORT'] || '9464';
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) {
    throw new FleetConfigurationError(
      `QFLEET_EXPORTER_PORT is ${JSON.stringify(text)}: give a port from 1 to 65535, or 0 for any that is free.`,
    );
  }
  return { host: env['QFLEET_EXPORTER_HOST'] || '127.0.0.1', port };
}
