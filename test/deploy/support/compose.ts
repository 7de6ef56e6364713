import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

/** A service of the compose file, as far as the tests look at it. */
export interface Service {
  readonly image: string;
  readonly build?: { readonly target: string; readonly context: string; readonly dockerfile: string };
  readonly command?: readonly string[];
  readonly entrypoint?: readonly string[];
  readonly user?: string;
  readonly hostname?: string;
  readonly restart?: string;
  readonly stop_grace_period?: string;
  readonly read_only?: boolean;
  readonly tmpfs?: readonly string[];
  readonly cap_drop?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly volumes?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test: readonly string[] };
  readonly deploy: {
    readonly replicas?: number;
    readonly resources: { readonly limits: { readonly memory: string } };
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
