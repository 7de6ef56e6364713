import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A service of the compose file, as far as the tests look at it. */
export interface Service {
  readonly image: string;
  readonly build?: {
    readonly target: string;
    readonly context: string;
    readonly dockerfile: string;
    readonly args?: Readonly<Record<string, string>>;
  };
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly user?: string;
  readonly hostname?: string;
  /** Those with which it is started; left out: it always is. */
  readonly profiles?: readonly string[];
  readonly restart?: string;
  readonly logging?: { readonly options: Readonly<Record<string, string>> };
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: {
    readonly test: readonly string[];
    readonly interval: string;
    readonly timeout: string;
    readonly retries: number;
    readonly start_period: string;
  };
  /** Not that of `credentials`, which ends at once. */
  readonly deploy?: {
    readonly replicas?: number;
    readonly resources: { readonly limits: { readonly memory: string; readonly cpus: string | number } };
  };
}

export interface ComposeFile {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

export const infra = new URL('../../../infra/', import.meta.url);
export const readInfra = (path: string): string => readFileSync(new URL(path, infra), 'utf8');

const VARIABLE = /\$\{(\w+)(?::-([^}]*))?\}/g;

/** The variables that the text names, each with its default, once per place. */
export const variablesOf = (text: string): [name: string, fallback: string | undefined][] =>
  [...text.matchAll(VARIABLE)].map(([, name, fallback]) => [name, fallback]);

/** A compose file as compose sees it: YAML with its merge keys, then `${NAME:-default}` in every string. */
export function readCompose(path: string, env: Readonly<Record<string, string>> = {}): ComposeFile {
  return fill(parse(readInfra(path), { merge: true }), env) as ComposeFile;
}

function fill(node: unknown, env: Readonly<Record<string, string>>): unknown {
  if (typeof node === 'string') {
    const text = node.replaceAll(VARIABLE, (_, name: string, fallback = '') => env[name] || fallback);
    // Compose makes a number of what has to be one.
    return text !== node && /^\d+$/.test(text) ? Number(text) : text;
  }
  if (Array.isArray(node)) return node.map((item) => fill(item, env));
  if (typeof node !== 'object' || node === null) return node;
  return Object.fromEntries(Object.entries(node).map(([key, value]) => [key, fill(value, env)]));
}

const UNITS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a duration as compose writes it: `1m30s`. */
export const durationMs = (text: string): number =>
  [...text.matchAll(/(\d+)(ms|s|m|h)/g)].reduce(
    (sum, [, count, unit]) => sum + Number(count) * UNITS[unit],
    0,
  );

const SIZES: Record<string, number> = { '': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** Bytes of a size as compose writes it: `512M`. */
export const sizeBytes = (text: string): number => {
  const [, count, unit] = /^(\d+)([kmg]?)b?$/i.exec(text)!;
  return Number(count) * SIZES[unit.toLowerCase()];
};
