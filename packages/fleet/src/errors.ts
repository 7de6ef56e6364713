/** Something between processes failed or was refused. The message is one sentence for the user. */
export class FleetError extends Error {
  override readonly name: string = 'FleetError';
}

/** A process cannot start as it was configured: its command ends with exit code 2. */
export class FleetConfigurationError extends FleetError {
  override readonly name = 'FleetConfigurationError';
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What ioredis says of a command whose connection has ended for good. */
export const isClosed = (error: unknown): boolean => messageOf(error) === 'Connection is closed.';
