/** Types of page.mjs for the tests. */
import type { Server } from 'node:http';
import type { Plugin } from 'esbuild';

export function buildPage(options?: { plugins?: Plugin[] }): Promise<Record<string, Uint8Array>>;
export function writePage(): Promise<{ folder: string; files: Record<string, Uint8Array> }>;
export function servePage(files: Record<string, Uint8Array>, port: number): Promise<Server>;
