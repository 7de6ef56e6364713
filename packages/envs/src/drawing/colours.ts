// Each has a contrast of 3 or more against white and against a dark page, so that one picture serves both.
export const BLUE = '#3b7dd8';
export const ORANGE = '#d0661a';
export const GREEN = '#2a9a50';
export const RED = '#d83a48';
export const PURPLE = '#9a5fd0';
const TEAL = '#1c9494';
const PINK = '#d0509a';
export const OLIVE = '#9a8010';
export const BROWN = '#96694a';
export const GREY = '#7d8590';

/** What lies behind: grey that lets the page through. */
export const FAINT = '#7d859033';

/** Colours that are told apart, in the order in which they are given out. */
export const PALETTE = [BLUE, RED, ORANGE, GREEN, PURPLE, TEAL, PINK, OLIVE, BROWN, GREY] as const;
