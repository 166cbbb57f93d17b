/** Types of chromium.mjs for the TypeScript that uses it (`doctor`). */
export function findChromium(): string | null;
