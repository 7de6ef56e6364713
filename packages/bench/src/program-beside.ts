/** A program that lies beside a module, by its name without extension: TypeScript in sources, JavaScript in dist. */
export const programBeside = (name: string, moduleUrl: string): URL =>
  new URL(`./${name}${moduleUrl.endsWith('.ts') ? '.ts' : '.js'}`, moduleUrl);
