import { Document, isCollection, isMap, isScalar, type YAMLMap } from 'yaml';
import { fieldAt, type Path } from './fields.ts';
import type { RunConfig } from './schema/run.ts';

/** A configuration as commented YAML, complete: loading it gives the same configuration. */
export function toYaml(config: RunConfig): string {
  const document = new Document(config);
  comment(document.contents as unknown as YAMLMap, [], config);
  return document.toString({ lineWidth: 0 });
}

function comment(map: YAMLMap, parent: Path, config: RunConfig): void {
  for (const { key, value } of map.items) {
    const path = [...parent, isScalar(key) ? String(key.value) : String(key)];
    const description = fieldAt(path, config)?.description;
    if (isMap(value) && value.items.length > 0) comment(value, path, config);
    else if (isCollection(value)) value.flow = true;
    if (description !== undefined && (isScalar(value) || (isCollection(value) && value.flow))) {
      value.comment = ` ${description}`;
    }
  }
}
