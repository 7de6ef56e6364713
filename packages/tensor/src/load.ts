import { loadLibrary } from './load-library.ts';
import { loadGradients, loadWasm } from './load-wasm.ts';
import { type Parallelism, setParallelism } from './parallelism.ts';
import { tfjsVersion } from './provision/addon.ts';
import { cacheDirectory, findProvisioned, type LibraryKind } from './provision/cache.ts';
import { hasNvidiaGpu } from './provision/gpu.ts';
import type { ForcedRuntime, Runtime } from './runtime.ts';
import { setUpCommand } from './set-up-command.ts';
import { findStockBinding } from './stock.ts';

/** What `loadTensor` may be told. */
export interface LoadOptions {
  /** The only runtime to try; where absent, `QFLEET_TENSOR` of the environment, else the fastest that runs. */
  readonly force?: ForcedRuntime | undefined;
  /** Where provisioned libraries lie; the default is that of set-up. */
  readonly cache?: string;
  /**
   * How graphs are spread over cores: `ops` where absent, and in place of `caller` on a GPU. Variables of libtensorflow
   * that are set win; later loads have no effect.
   */
  readonly parallelism?: Parallelism;
}

/** What brings what is missing: where Qfleet is installed, its own command. */
const SET_UP = `run \`${setUpCommand()}\` to bring it`;

let loaded: Promise<Runtime> | null = null;
let loadedAs: ForcedRuntime | undefined;

/** The runtime that was asked for can't run here; asking again does not help. */
export class TensorRuntimeError extends Error {
  override readonly name = 'TensorRuntimeError';
}

/**
 * One sentence where training will be slow for lack of a native TensorFlow that was not asked to be left out; null where
 * there is one, whether it loads or not. Loads nothing.
 */
export function slowRuntimeNote(cache: string = cacheDirectory()): string | null {
  if (process.env['QFLEET_TENSOR'] === 'wasm') return null;
  const kinds: LibraryKind[] = ['cpu', 'gpu'];
  if (kinds.some((kind) => findStockBinding(kind) ?? findProvisioned(kind, tfjsVersion(), cache)))
    return null;
  return `There is no native TensorFlow here, so WebAssembly trains, several times slower: ${SET_UP}.`;
}

/**
 * Loads the fastest TensorFlow that runs here: libtensorflow on a GPU, libtensorflow on the CPU, WASM. It fetches
 * nothing: set-up does that. The first call decides for the whole process; later calls return the same runtime.
 *
 * @throws TensorRuntimeError When a forced runtime can't run, or one was loaded that is not the forced one.
 */
export function loadTensor(options: LoadOptions = {}): Promise<Runtime> {
  const force = options.force ?? forcedByEnvironment();
  if (loaded !== null) {
    if (force !== undefined && force !== loadedAs) {
      return Promise.reject(
        new TensorRuntimeError(`QFLEET_TENSOR=${force} comes too late: another runtime is loaded`),
      );
    }
    return loaded;
  }
  const loading = load(force, options.cache ?? cacheDirectory(), options.parallelism ?? 'ops');
  loaded = loading;
  loadedAs = force;
  // A failed load leaves nothing behind, so that the caller may ask for another.
  loading.then(
    (runtime) => {
      loadedAs = forcedName(runtime);
    },
    () => {
      loaded = null;
    },
  );
  return loading;
}

/** The runtime that `loadTensor` loaded in this process, or null. */
export function loadedTensor(): Promise<Runtime> | null {
  return loaded;
}

function forcedName(runtime: Runtime): ForcedRuntime {
  return runtime.kind === 'wasm' ? 'wasm' : runtime.kind === 'libtensorflow-gpu' ? 'gpu' : 'cpu';
}

/** @throws When `QFLEET_TENSOR` holds none of its three values. */
function forcedByEnvironment(): ForcedRuntime | undefined {
  const value = process.env['QFLEET_TENSOR'];
  if (value === undefined || value === '') return undefined;
  if (value === 'gpu' || value === 'cpu' || value === 'wasm') return value;
  throw new TensorRuntimeError(`QFLEET_TENSOR is '${value}': it may be gpu, cpu or wasm`);
}

async function load(
  force: ForcedRuntime | undefined,
  cache: string,
  parallelism: Parallelism,
): Promise<Runtime> {
  const notes: string[] = [];
  const kinds: LibraryKind[] =
    force === 'wasm' ? [] : force ? [force] : hasNvidiaGpu() ? ['gpu', 'cpu'] : ['cpu'];
  // TensorFlow's executor for one thread can't copy to and from a GPU.
  setParallelism(kinds[0] === 'gpu' && parallelism === 'caller' ? 'ops' : parallelism);
  for (const kind of kinds) {
    const runtime = tryLibrary(kind, cache, notes);
    if (runtime !== null && (force !== 'gpu' || runtime.kind === 'libtensorflow-gpu')) return runtime;
    if (force) throw new TensorRuntimeError(`QFLEET_TENSOR=${force} can't run: ${notes.join('; ')}`);
  }
  loadGradients();
  return loadWasm(notes);
}

/** Loads a kind of libtensorflow, or says in `notes` why it does not run. */
function tryLibrary(kind: LibraryKind, cache: string, notes: string[]): Runtime | null {
  const stock = findStockBinding(kind);
  if (stock !== null) {
    try {
      return loadLibrary(kind, stock, notes);
    } catch (error) {
      notes.push(`the stock binary of tfjs-node (${stock}) does not load: ${(error as Error).message}`);
    }
  }
  const provisioned = findProvisioned(kind, tfjsVersion(), cache);
  if (provisioned === null) {
    notes.push(`libtensorflow (${kind}) is not provisioned: ${SET_UP}`);
    return null;
  }
  try {
    return loadLibrary(kind, provisioned.binding, notes);
  } catch (error) {
    notes.push(`libtensorflow in ${provisioned.dir} does not load: ${(error as Error).message}`);
    return null;
  }
}
