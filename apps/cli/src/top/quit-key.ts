const CTRL_C = '\u0003';

/**
 * Listens for `q` on the terminal, where stdin is one; Ctrl-C comes as a key, too, meanwhile.
 *
 * @returns what gives the terminal back.
 */
export function onQuitKey(quit: () => void): () => void {
  const { stdin } = process;
  if (stdin.isTTY !== true) return () => undefined;
  const read = (keys: Buffer): void => {
    const text = keys.toString('latin1');
    if (text.includes('q') || text.includes('Q') || text.includes(CTRL_C)) quit();
  };
  stdin.setRawMode(true);
  stdin.on('data', read);
  return () => {
    stdin.off('data', read);
    stdin.setRawMode(false);
    stdin.pause();
  };
}
