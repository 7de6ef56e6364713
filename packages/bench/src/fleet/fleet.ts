import type { BenchRow } from '../row.ts';
import { withServers } from '../with-redis.ts';
import { costRows, measureCosts } from './costs.ts';
import { extrapolate } from './extrapolate.ts';
import { benchReal } from './real.ts';
import { type Servers, withClients } from './servers.ts';
import { CARTPOLE, FRAMES } from './simulated.ts';
import { benchConnections, benchPush } from './throughput.ts';

const SHARDS = [1, 2, 4];
const ACTORS = [1, 2, 4];

/**
 * What Redis carries, as one server and as 2 and 4 shards: simulated actors that push as fast as they can, many
 * connections, and real fleets. Then what each thing costs one server, and what 1,000 actors would cost. It takes some
 * minutes.
 *
 * @param command the file that is the `qfleet` command.
 */
export async function benchFleet(command: string): Promise<readonly BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const shards of SHARDS) {
    const found = await withServers(shards, (urls) =>
      withClients(urls, (servers) => benchServers(servers, command)),
    );
    if (found === null) throw new Error('A Redis is needed to measure: npm run setup brings one.');
    rows.push(...found);
  }
  return rows;
}

async function benchServers(servers: Servers, command: string): Promise<BenchRow[]> {
  const alone = servers.urls.length === 1;
  const rows = [
    ...(await benchPush(servers, CARTPOLE, alone ? [1, 2, 4, 8, 64, 200] : [1, 4, 64])),
    ...(await benchPush(servers, FRAMES, [1, 4])),
  ];
  const { rows: many, connectionBytes } = await benchConnections(servers);
  rows.push(...many);
  for (const actors of ACTORS) rows.push(...(await benchReal(servers, actors, command)));
  if (!alone) return rows;
  const costs = await measureCosts(servers, connectionBytes);
  return [...rows, ...costRows(costs), ...extrapolate(costs, SHARDS)];
}
