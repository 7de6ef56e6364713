/** The command that brings TensorFlow and Redis: in this repository a script, where Qfleet is installed its own. */
export const setUpCommand = (): string =>
  process.env['QFLEET_INSTALLED'] ? 'npx qfleet setup' : 'npm run setup';
