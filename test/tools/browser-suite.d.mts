/** Types of browser-suite.mjs for the tests. */
export interface SuiteCase {
  file: string;
  script: string;
  map: string;
}
export interface SuiteResult {
  file: string;
  output: string;
  seconds: number;
  fault: string;
}
export function bundleSuite(
  files: readonly string[],
  layers?: readonly string[],
): Promise<{ cases: SuiteCase[]; left: { file: string; why: string }[] }>;
export function runSuite(
  cases: readonly SuiteCase[],
  report: (done: SuiteResult) => void,
  timeout?: number,
): Promise<void>;
