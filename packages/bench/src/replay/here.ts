import { redisOptionsOf } from '@qfleet/fleet';
import { measurePeer } from '../peers/python.ts';
import type { BenchRow } from '../row.ts';
import { withRedis } from '../with-redis.ts';
import type { PeerFigures, Peers } from './peers.ts';
import { benchReplay } from './replay.ts';

/** What pip installs for each peer. Reverb runs on the TensorFlow that it was built against only. */
const PEERS = { cpprb: ['cpprb'], reverb: ['dm-reverb[tensorflow]'] } as const;

/**
 * The replay in memory, and on a Redis that is started for it where there is a server program.
 * @param peer measures the peers here too, instead of naming what was recorded of them.
 */
export async function benchReplayHere(peer: boolean): Promise<readonly BenchRow[]> {
  const peers: Peers = peer ? await measurePeers() : {};
  const rows = await withRedis((url) => benchReplay({ redis: redisOptionsOf(url), peers }));
  return rows ?? benchReplay({ redis: null, peers });
}

async function measurePeers(): Promise<Peers> {
  const peers: { -readonly [name in keyof Peers]: PeerFigures } = {};
  for (const name of Object.keys(PEERS) as (keyof typeof PEERS)[]) {
    const figures = await measurePeer<PeerFigures>(name, PEERS[name], 'replay.py');
    if (figures !== null) peers[name] = figures;
  }
  return peers;
}
