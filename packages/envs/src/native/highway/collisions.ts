import { type Body, Obstacle } from './body.ts';
import type { Vehicle } from './vehicle.ts';

// The corners of the two rectangles that are being compared: x and y of four each.
const cornersA = new Float64Array(8);
const cornersB = new Float64Array(8);

/** What `overlap` found: whether they overlap now, whether they will, and the way out, in metres. */
const found = { now: false, soon: false, x: 0, y: 0 };

/** Crashes a vehicle and another body where they overlap, and pushes them apart where they would in `dt` seconds. */
export function collide(vehicle: Vehicle, other: Body, dt: number): void {
  if (!vehicle.checkCollisions && !other.checkCollisions) return;
  const dx = other.x - vehicle.x;
  const dy = other.y - vehicle.y;
  const reach = (vehicle.diagonal + other.diagonal) / 2 + vehicle.speed * dt;
  // A reach below 0 reaches nobody.
  if (reach < 0 || dx * dx + dy * dy > reach * reach) return;
  overlap(vehicle, other, dt);
  if (found.soon) {
    if (other instanceof Obstacle) vehicle.push(found.x, found.y);
    else {
      vehicle.push(found.x / 2, found.y / 2);
      (other as Vehicle).push(-found.x / 2, -found.y / 2);
    }
  }
  if (found.now) {
    vehicle.crashed = true;
    other.crashed = true;
  }
}

/** Separating axes: two rectangles are apart where some edge of either has them on different sides. */
function overlap(a: Body, b: Body, dt: number): void {
  writeCorners(a, cornersA);
  writeCorners(b, cornersB);
  const moveX = (a.speed * a.cos - b.speed * b.cos) * dt;
  const moveY = (a.speed * a.sin - b.speed * b.sin) * dt;
  found.now = true;
  found.soon = true;
  let least = Number.POSITIVE_INFINITY;
  for (let edge = 0; edge < 8; edge++) {
    const corners = edge < 4 ? cornersA : cornersB;
    const from = 2 * (edge % 4);
    const to = (from + 2) % 8;
    let normalX = corners[from + 1] - corners[to + 1];
    let normalY = corners[to] - corners[from];
    const size = Math.sqrt(normalX * normalX + normalY * normalY);
    normalX /= size;
    normalY /= size;
    let lowA = lowest(cornersA, normalX, normalY);
    let highA = -lowest(cornersA, -normalX, -normalY);
    const lowB = lowest(cornersB, normalX, normalY);
    const highB = -lowest(cornersB, -normalX, -normalY);
    if (apart(lowA, highA, lowB, highB) > 0) found.now = false;
    const move = normalX * moveX + normalY * moveY;
    if (move < 0) lowA += move;
    else highA += move;
    const distance = apart(lowA, highA, lowB, highB);
    if (distance > 0) found.soon = false;
    if (!found.now && !found.soon) return;
    if (Math.abs(distance) >= least) continue;
    least = Math.abs(distance);
    const side = (a.x - b.x) * normalX + (a.y - b.y) * normalY > 0 ? least : -least;
    found.x = side * normalX;
    found.y = side * normalY;
  }
}

function writeCorners({ x, y, length, width, cos, sin }: Body, out: Float64Array): void {
  for (let corner = 0; corner < 4; corner++) {
    const along = corner < 2 ? -length / 2 : length / 2;
    const across = corner === 0 || corner === 3 ? -width / 2 : width / 2;
    out[2 * corner] = cos * along - sin * across + x;
    out[2 * corner + 1] = sin * along + cos * across + y;
  }
}

/** The least of the corners' projections on an axis. */
function lowest(corners: Float64Array, x: number, y: number): number {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 8; i += 2) least = Math.min(least, corners[i] * x + corners[i + 1] * y);
  return least;
}

/** The gap between two intervals; below 0 where they overlap. */
const apart = (lowA: number, highA: number, lowB: number, highB: number): number =>
  lowA < lowB ? lowB - highA : lowA - highB;
