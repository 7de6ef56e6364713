import { expect, it } from 'vitest';
import { returned, returnedAs } from '../src/terminal/output.ts';

it.each([
  [0.94, '0.94'],
  [499.6, '499.6'],
  [-13, '-13.0'],
  [0, '0.0'],
  [1.5, '1.50'],
  [-0.0321, '-0.032'],
  [0.00049, '0.00049'],
  [12_345.678, '12345.7'],
  [9.265625000000003e25, '9.266e+25'],
])('says a return of %d as %s', (value, text) => {
  expect(returned(value)).toBe(text);
});

it('says a return with as many digits as tell on which side of a goal it lies', () => {
  expect(returned(494.98, 495)).toBe('494.98');
  expect(returned(495, 495)).toBe('495.0');
  expect(returned(0.9499, 0.95)).toBe('0.9499');
  expect(returned(0.9499, null, 0.8, 0.95)).toBe('0.9499');
  expect(returned(-110.04, -110)).toBe('-110.04');
  expect(returned(0.1 + 0.2, 0.3)).toBe('0.30');
});

it('says a deviation with the digits of its mean', () => {
  expect(returnedAs(499.6, 0.84)).toBe('499.6 ± 0.8');
  expect(returnedAs(0.94, 0.031)).toBe('0.94 ± 0.03');
  expect(returnedAs(494.98, 1, 495)).toBe('494.98 ± 1.00');
  expect(returnedAs(9e25, 1e24)).toBe('9e+25 ± 1e+24');
});
