/** Pixels of a side, as the frames that agents for Atari see. */
const SIDE = 84;
const SIZE = SIDE * SIDE;

/**
 * Frames of a game of two bats and a ball, one after another: a court that stays, and a few things that move. Zstandard
 * makes 64 of them some 95 times smaller; those of Atari's games 180 to 290 times.
 */
export function gameFrames(count: number): Uint8Array {
  const court = new Uint8Array(SIZE).fill(87);
  const paint = (frame: Uint8Array, x: number, y: number, width: number, height: number, grey: number) => {
    for (let row = y; row < y + height; row++) frame.fill(grey, row * SIDE + x, row * SIDE + x + width);
  };
  for (const y of [8, 77]) paint(court, 0, y, SIDE, 2, 236);
  // The score.
  for (let x = 4; x < SIDE; x += 8) paint(court, x, 2, 4, 4, 150 + ((x * 7) % 40));
  const frames = new Uint8Array(count * SIZE);
  for (let t = 0; t < count; t++) {
    const frame = frames.subarray(t * SIZE, (t + 1) * SIZE);
    frame.set(court);
    paint(frame, 8, 12 + ((5 * t) % 53), 2, 9, 101);
    paint(frame, 74, 12 + ((3 * t) % 53), 2, 9, 147);
    paint(frame, (3 * t) % 80, 12 + ((2 * t) % 60), 1, 1, 200);
  }
  return frames;
}
