import { ModelError } from '../language/model-error.ts';
import type { loadArchitecture as Load } from './architecture.ts';

/** Stands for `loadArchitecture` where there are no files. @throws ModelError always. */
export const loadArchitecture: typeof Load = (directory) => {
  throw new ModelError(`${directory} can't be read here: language models need Node.`);
};
