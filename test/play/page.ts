import type { Browser, Page } from 'playwright-core';
import { expect } from 'vitest';
import { type Started, start, until } from '../support/qfleet.ts';

/** A page under test: what it asked for, and what its console said. */
export interface Opened {
  readonly page: Page;
  /** Addresses of requests that left the page's own origin. */
  readonly strays: string[];
  /** Errors: uncaught, and of the console, those of the content-security policy included. */
  readonly errors: string[];
}

/** Opens an address. */
export async function open(
  browser: Browser,
  url: string,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<Opened> {
  const page = await browser.newPage({ viewport: { width: 1120, height: 720 }, colorScheme });
  const [strays, errors]: string[][] = [[], []];
  const own = url.startsWith('file:') ? 'file:' : new URL(url).origin;
  page.on('request', (request) => {
    const asked = request.url();
    if (![own, 'data:', `blob:${own}`, 'blob:null'].some((start) => asked.startsWith(start)))
      strays.push(asked);
  });
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text());
  });
  page.on('pageerror', ({ message }) => errors.push(message));
  await page.goto(url);
  return { page, strays, errors };
}

/** Starts `qfleet watch`. @returns the page's address, which it prints. */
export async function watch(args: readonly string[]): Promise<{ url: string; command: Started }> {
  const command = start(['watch', ...args, '--json']);
  await until(command, () => command.output.stdout.includes('\n'), 'the page is served');
  return { url: JSON.parse(command.output.stdout).url, command };
}

/** The text of an element. */
export const textOf = async (page: Page, id: string): Promise<string> =>
  (await page.locator(`#${id}`).textContent()) ?? '';

/** Waits until the text of an element is as it should be. */
export async function eventually(
  page: Page,
  id: string,
  accept: (text: string) => boolean,
  what: string,
): Promise<string> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const text = await textOf(page, id);
    if (accept(text)) return text;
    if (Date.now() > deadline) throw new Error(`Waited in vain until ${what}: #${id} says "${text}".`);
    await page.waitForTimeout(20);
  }
}

/** Waits until the agent plays: steps are taken. */
export async function plays(page: Page): Promise<void> {
  const before = await textOf(page, 'step-count');
  await eventually(page, 'step-count', (text) => text !== before && /^[\d,]+$/.test(text), 'the agent plays');
}

/** Pauses with the keyboard, and waits until that is so. */
export async function pause(page: Page): Promise<void> {
  await page.locator('body').press(' ');
  await eventually(page, 'play', (text) => text === 'Play', 'it pauses');
}

/** A number that an element shows. */
export const numberOf = async (page: Page, id: string): Promise<number> =>
  Number((await textOf(page, id)).replaceAll(',', '').replace('−', '-'));

/** The rows of the table of values: action, Q, marks. */
export const rowsOf = (page: Page): Promise<{ name: string; q: string; marks: string }[]> =>
  page.locator('#values tbody tr').evaluateAll((rows) =>
    rows.map((row) => ({
      name: row.querySelector('th')!.textContent!,
      q: row.querySelector('.number')!.textContent!,
      marks: row.querySelector('.marks')!.textContent!.trim(),
    })),
  );

/** Colours that a canvas holds, counted up to some. */
export const coloursOf = (page: Page, selector: string): Promise<number> =>
  page
    .locator(selector)
    .first()
    .evaluate((element) => {
      const canvas = element as unknown as {
        width: number;
        height: number;
        getContext(kind: '2d'): { getImageData(...size: number[]): { data: Uint8ClampedArray } };
      };
      const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
      const seen = new Set<number>();
      for (let i = 0; i < data.length; i += 4)
        seen.add((data[i] << 24) | (data[i + 1] << 16) | (data[i + 2] << 8) | data[i + 3]);
      return seen.size;
    });

/** A page that asked for nothing elsewhere, and whose console is clean. */
export function isClean({ strays, errors }: Opened): void {
  expect(strays).toEqual([]);
  expect(errors).toEqual([]);
}
