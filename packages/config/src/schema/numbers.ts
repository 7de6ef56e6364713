import { z } from 'zod';

/** What a configuration says of something that user code registers: its name, and what that takes. */
export const custom = (register: string) => ({
  kind: z.literal('custom').describe(`what user code registered by ${register}`),
  name: z.string().min(1).max(64).describe('the name under which it was registered'),
  options: z.record(z.string(), z.json()).default({}).describe('what its factory is given'),
});

export const count = z.int().positive();
export const fraction = z.number().min(0).max(1);
