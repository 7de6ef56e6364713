/** Speeds lie on the page's slider, from 0 to 100, by powers. */
const [LEAST, MOST] = [1, 1000];
const decades = Math.log10(MOST / LEAST);

export const speedAt = (position: number): number => Math.round(LEAST * 10 ** ((decades * position) / 100));

export const positionOf = (speed: number): number => (100 * Math.log10(speed / LEAST)) / decades;
