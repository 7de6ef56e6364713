import type { Random } from '@qfleet/random';
import { pick } from '../draw.ts';
import type { Kind } from './kinds.ts';

/** Names are put together of two parts each. */
export const FIRST_PARTS =
  'Al Ash Ban Bar Brad Cas Cran Dun El Fair Far Gar Green Har Hart Hol Ken Lang Lin Mar Mil Nor Pem Pres Red Stan Thorn Wes Whit Win'.split(
    ' ',
  );
export const LAST_PARTS =
  'bury by croft dale den field ford gate ham hurst land ley low man more ridge shaw son stone ton ville well wood worth'.split(
    ' ',
  );

/** What a venue of each kind is called after its name. */
export const VENUES: Readonly<Record<Kind, readonly string[]>> = {
  table: ['Grill', 'Kitchen', 'Garden', 'Tavern'],
  room: ['Hotel', 'Inn', 'Lodge', 'House'],
  train: ['Central', 'Road', 'Park', 'Cross'],
};

/** Whose names are drawn: those of training and of tests have none in common. */
export type Customers = 'training' | 'test';

/** One name of so many is kept for tests. */
const TEST_SHARE = 5;

const NAMES = FIRST_PARTS.flatMap((first, i) =>
  LAST_PARTS.map((last, j) => ({
    name: first + last,
    customers: (i + j) % TEST_SHARE === 0 ? 'test' : 'training',
  })),
);

const namesOf = (customers: Customers): string[] =>
  NAMES.filter((each) => each.customers === customers).map(({ name }) => name);

const POOLS: Readonly<Record<Customers, readonly string[]>> = {
  training: namesOf('training'),
  test: namesOf('test'),
};

export const drawName = (customers: Customers, random: Random): string => pick(POOLS[customers], random);

export const drawVenue = (kind: Kind, customers: Customers, random: Random): string =>
  `${drawName(customers, random)} ${pick(VENUES[kind], random)}`;
