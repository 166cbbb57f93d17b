/** Types of apt-sources.mjs for its test. */
export type Stanza = Map<string, string>;
export function parseDeb822(text: string): Stanza[];
export function parseOneLine(text: string): Stanza[];
export function ofRelease(stanzas: Stanza[], codenames: string[]): { codename: string; stanzas: Stanza[] };
export function withBackports(stanzas: Stanza[], codename: string): Stanza[];
export function formatDeb822(stanzas: Stanza[]): string;
