/** Types of build.mjs for the tests. */
export function bundleForNode(entries: Record<string, string>, outdir: string, options?: object): Promise<unknown>;
export function bundleCli(outdir: string, more?: Record<string, string>): Promise<string>;
export function bundleForPage(entry: string, options?: { minify?: boolean }): Promise<string>;
export function buildCli(): Promise<string>;
export const BUDGET: number;
export function buildPackage(
  out: string,
  options?: { budget?: number; types?: boolean },
): Promise<Record<string, number>>;
