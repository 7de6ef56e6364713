import { isInfoName, LARGEST_INFO, MOST_INFO_NAMES } from '@qfleet/envs';
import { z } from 'zod';

/** Numbers of `info` by name, as a record may hold them. */
const named = <T extends z.ZodType>(value: T) =>
  z
    .record(z.string().refine(isInfoName, 'no name of a number in info'), value)
    .refine((numbers) => Object.keys(numbers).length <= MOST_INFO_NAMES, `more than ${MOST_INFO_NAMES} names`)
    .optional();

const number = z.number().min(-LARGEST_INFO).max(LARGEST_INFO);

/** Means, by name. */
export const infoMeans = named(number);
/** Counts of episodes and means over them, by name. */
export const infoTallies = named(z.tuple([z.int().min(1).max(1e9), number]));
