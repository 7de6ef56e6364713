import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import type { Browser } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/** The system's Chromium: QFLEET_CHROMIUM, or one on PATH; null: there is none. */
export function findChromium(): string | null {
  const onPath = (process.env['PATH'] ?? '')
    .split(delimiter)
    .flatMap((folder) => NAMES.map((name) => join(folder, name)));
  for (const file of [process.env['QFLEET_CHROMIUM'], ...onPath]) {
    if (!file) continue;
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not there: try the next.
    }
  }
  return null;
}

/** Starts it without a window. */
export async function launchChromium(executablePath: string): Promise<Browser> {
  const { chromium } = await import('playwright-core');
  // Its sandbox needs privileges that containers lack; it opens nothing but the pages under test.
  return chromium.launch({ executablePath, args: ['--no-sandbox'] });
}
