/** The base-2 van der Corput sequence's i-th number: i's binary digits mirrored at the point, on [0, 1). */
function vanDerCorput(i: number): number {
  let x = 0;
  for (let half = 0.5; i > 0; half /= 2, i >>>= 1) if (i & 1) x += half;
  return x;
}

/** 0 … n − 1 in an order of which every prefix is spread evenly over the whole range. */
const spreadOrder = (n: number): number[] =>
  Array.from({ length: n }, (_, i) => i)
    .sort((a, b) => vanDerCorput(a) - vanDerCorput(b) || a - b)
    .reduce((order, place, rank) => {
      order[place] = rank;
      return order;
    }, new Array<number>(n));

/**
 * The slots of a run in groups that are leased together, in the order in which leases are given out.
 *
 * There are L = ⌈slots/slotsPerLease⌉ groups. Group g holds the slots g, g + L, g + 2L, …: each is itself spread
 * over the ladder of epsilons. Groups are ordered by the van der Corput sequence, so that any first few leases
 * keep the spread of epsilons whole, as when fewer actors run than there are leases for.
 *
 * @returns every slot from 0 to `slots − 1` once; groups differ in size by one at most.
 * @throws RangeError when an argument is not a positive integer.
 */
export function leaseOrder(slots: number, slotsPerLease: number): number[][] {
  for (const [name, value] of Object.entries({ slots, slotsPerLease })) {
    if (!(Number.isInteger(value) && value > 0))
      throw new RangeError(`${name} must be a positive integer, not ${value}.`);
  }
  const groups = Math.ceil(slots / slotsPerLease);
  return spreadOrder(groups).map((group) => {
    const members: number[] = [];
    for (let slot = group; slot < slots; slot += groups) members.push(slot);
    return members;
  });
}
