/** Types of docs.mjs for the tests. */
export function quoted(text: string): string;
export function filled(text: string, part: (kind: string, name: string) => string): string;
export function pages(): string[];
export function stalePages(): Promise<[path: string, should: string, is: string][]>;
