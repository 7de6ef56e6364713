/** Whether the environment of a run is a user's code. @throws ConfigError where the directory is no run's. */
export async function runsModule(runDirectory: string): Promise<boolean> {
  const { RunDirectory } = await import('@qfleet/report');
  return RunDirectory.open(runDirectory).config.environment.module !== undefined;
}
