/** Types of browser.mjs for the tests. */
import type { Browser, Page } from 'playwright-core';

export interface PageOptions {
  script?: string;
  html?: string;
  files?: Record<string, string | Uint8Array>;
  timeout?: number;
  stand?: (page: Page) => Promise<string>;
  console?: (text: string, type: string) => void;
}
export function withPage<T>(fn: (page: Page) => T | Promise<T>, options?: PageOptions): Promise<T>;
export function openBrowser(): Promise<Browser>;
export function inTab<T>(browser: Browser, fn: (page: Page) => T | Promise<T>, options?: PageOptions): Promise<T>;
