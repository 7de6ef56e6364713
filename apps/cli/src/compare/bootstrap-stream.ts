import { Random } from '@qfleet/random';

/**
 * Numbers for a bootstrap, from their beginning: the same scores have the same interval whatever else is compared, and
 * the intervals along a curve are of the same resamples, so that its band is smooth.
 */
export function bootstrapStream(): () => number {
  const random = new Random(Random.seed(0, 'bootstrap'));
  return () => random.uniform();
}
