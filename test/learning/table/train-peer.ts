import { configOf, type Pace, type PeerCell } from './cell.ts';
import { withCpuSeconds } from './cpu-seconds.ts';
import { peerScript, peers } from './peers.ts';
import { runProgram } from './program.ts';
import { type Judged, type Learned, rounded } from './results.ts';

/** What `test/learning/peers/harness.py` prints. */
type Printed = Omit<Learned, 'cpuSeconds'>;

/**
 * Trains a peer by its program, on the environment, for the time and to the end that our configuration says.
 * @throws Error where QFLEET_PEER_PYTHON, the Python that has its packages, is not set.
 */
export async function trainPeer(cell: PeerCell, pace: Pace, episodes: number): Promise<Learned> {
  const python = process.env['QFLEET_PEER_PYTHON'];
  if (python === undefined) throw new Error('QFLEET_PEER_PYTHON is not set: a peer needs its Python.');
  const { environment, evaluation, stop } = configOf(cell, pace);
  const { script, task = {} } = peers[cell.peer];
  const asked = {
    ...{ environment: environment.id, seed: cell.seed, part: pace.part },
    ...{ seconds: cell.seconds * pace.seconds, every: Math.ceil(cell.every * pace.part) },
    ...{ episodes: evaluation.episodes, solved: stop.solvedReturn, judged: episodes },
    ...task,
  };
  const [printed, cpuSeconds] = await withCpuSeconds(() =>
    runProgram(python, [peerScript(script), JSON.stringify(asked)]),
  );
  const { wallSeconds, last, best, curve, ...more } = JSON.parse(printed) as Printed;
  return {
    ...more,
    wallSeconds: rounded(wallSeconds!),
    cpuSeconds: cpuSeconds === null ? null : rounded(cpuSeconds),
    ...{ last: roundedReturns(last), best: roundedReturns(best) },
    curve: curve.map(([steps, mean, seconds]) => [steps, rounded(mean), rounded(seconds!)]),
  };
}

const roundedReturns = ({ updates, returns }: Judged): Judged => ({
  updates,
  returns: returns.map(rounded),
});
