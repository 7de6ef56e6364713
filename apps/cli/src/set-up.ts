import { findRedisServer, provisionRedis } from '@qfleet/fleet';
import { provideTensor } from '@qfleet/tensor';
import { print } from './terminal/output.ts';

/** Whether this is an installed Qfleet, which brings what it needs when it is first needed; in its repository set-up does. */
const isInstalled = process.env['QFLEET_INSTALLED'] !== undefined;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** Brings a Redis server to an installed Qfleet that finds none. @throws FleetError where none can be had. */
export async function provideRedis(): Promise<void> {
  if (!isInstalled || (await findRedisServer()) !== undefined) return;
  say('Redis is brought once, for all runs on this machine.');
  await provisionRedis();
}

/** Brings a TensorFlow to an installed Qfleet that finds none. */
export async function provideTensorFlow(): Promise<void> {
  if (isInstalled) await provideTensor(say);
}

/** `qfleet setup`: what would be brought when it is first needed. */
export async function setUp(): Promise<void> {
  await provideTensor(say);
  const { path, version } = await provisionRedis();
  await print(`Redis: ${path}, version ${version}. \`qfleet doctor\` says what runs here.`);
}
