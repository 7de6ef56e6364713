/** A set of sequences of integers, in which those that share a beginning share its nodes. */
export interface TrieNode {
  readonly children: Map<number, TrieNode>;
  /** The integers that may come next, in the order of insertion. */
  readonly next: number[];
  /** What a sequence that ends here was inserted with; −1: none ends here. */
  value: number;
}

export const newTrie = (): TrieNode => ({ children: new Map(), next: [], value: -1 });

export function insert(root: TrieNode, sequence: Iterable<number>, value: number): void {
  let node = root;
  for (const item of sequence) {
    let child = node.children.get(item);
    if (child === undefined) {
      child = newTrie();
      node.children.set(item, child);
      node.next.push(item);
    }
    node = child;
  }
  node.value = value;
}

/** The node that a sequence leads to; undefined: no sequence of the set begins so. */
export function descend(root: TrieNode, sequence: ArrayLike<number>): TrieNode | undefined {
  let node: TrieNode | undefined = root;
  for (let i = 0; i < sequence.length && node !== undefined; i++) node = node.children.get(sequence[i]);
  return node;
}
