// Set-up runs this: it prints one line on what Redis there is. Without one a fleet can't run here, but training in
// one process and a fleet on a Redis elsewhere can, so that is no failure of set-up.

import { FleetError } from '../../errors.ts';
import { provisionRedis } from './provision.ts';

try {
  const { path, version } = await provisionRedis();
  console.log(`Redis: ${path}, version ${version}.`);
} catch (error) {
  if (!(error instanceof FleetError)) throw error;
  console.log(`${error.message} Until then only --single trains on this machine.`);
}
