/** What is booked. */
export const KINDS = ['table', 'room', 'train'] as const;
export type Kind = (typeof KINDS)[number];
