/** Types of browser.mjs for the tests. */
import type { Page } from 'playwright-core';

export interface PageOptions {
  script?: string;
  html?: string;
  files?: Record<string, string | Uint8Array>;
  timeout?: number;
}
export function withPage<T>(fn: (page: Page) => T | Promise<T>, options?: PageOptions): Promise<T>;
