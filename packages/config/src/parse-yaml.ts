import { LineCounter, parseDocument } from 'yaml';
import { ConfigError } from './errors.ts';
import { isMapping, type Path } from './fields.ts';

/** A mapping that YAML said, and where each part of it stands. */
export interface ParsedYaml {
  readonly value: Record<string, unknown>;
  /** Where a path was written, as `run.yaml:7: `; empty where there is no file. */
  readonly place: (path: Path) => string;
}

/**
 * A configuration's text, read but not checked.
 *
 * @param origin names the text in errors.
 * @throws ConfigError where it is no YAML, or no mapping.
 */
export function parseYaml(text: string, origin: string): ParsedYaml {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'error' });
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset);
    return `${origin}:${line}:${col}: `;
  };
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    throw new ConfigError(
      faults.map((fault) => `${place(fault.pos[0])}malformed YAML: ${fault.message.split(';')[0]}.`),
    );
  }
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    throw new ConfigError([`${origin}: malformed YAML: ${(error as Error).message}.`]);
  }
  if (!isMapping(value)) {
    const found = value === null ? 'is empty' : `holds ${Array.isArray(value) ? 'a list' : 'a single value'}`;
    throw new ConfigError([`${origin} ${found}; a configuration maps fields to values, as in "seed: 1".`]);
  }
  return {
    value,
    place: (path) => {
      // What is missing is missed in the mapping around it.
      for (let length = path.length; length > 0; length--) {
        const node = document.getIn(path.slice(0, length), true) as { range?: [number] } | undefined;
        if (node?.range) return place(node.range[0]);
      }
      return `${origin}: `;
    },
  };
}
