import { box, defineEnvironment, discrete } from 'qfleet';

const SIZE = 5;
/** How far each action goes: up, right, down, left. */
const MOVES = [
  [0, -1],
  [1, 0],
  [0, 1],
  [-1, 0],
] as const;

/** A robot fetches a parcel on a floor of 5 × 5 places, and brings it to the door; it can't walk into walls. */
export default defineEnvironment({
  id: 'Warehouse-v0',
  // The robot's place, the parcel's, and whether it is carried.
  observationSpace: box({ low: 0, high: 1, shape: [5] }),
  actionSpace: discrete(4),
  maxEpisodeSteps: 60,
  solvedReturn: 0.8,
  masked: true,
  create: (random) => {
    let [x, y, parcelX, parcelY] = [0, 0, 0, 0];
    let carries = false;
    let steps = 0;
    const last = SIZE - 1;
    const observe = () => [x / last, y / last, parcelX / last, parcelY / last, carries ? 1 : 0];
    const isInside = (to: number) => to >= 0 && to <= last;
    return {
      reset() {
        [x, y, steps, carries] = [0, 0, 0, false];
        // Anywhere but at the door, where the robot begins.
        const place = 1 + random.integer(SIZE * SIZE - 1);
        [parcelX, parcelY] = [place % SIZE, Math.floor(place / SIZE)];
        return observe();
      },
      step(action) {
        x += MOVES[action][0];
        y += MOVES[action][1];
        steps++;
        const fetched = !carries && x === parcelX && y === parcelY;
        carries ||= fetched;
        if (carries) [parcelX, parcelY] = [x, y];
        const delivered = carries && x === 0 && y === 0;
        return {
          observation: observe(),
          reward: (fetched || delivered ? 0.5 : 0) - 0.005,
          terminated: delivered,
          info: { steps },
        };
      },
      mask: () => MOVES.map(([right, down]) => isInside(x + right) && isInside(y + down)),
    };
  },
});
