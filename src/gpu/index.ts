/** The door of this room: what the rooms above name of it. The other files are its own affair, and the tensors'. */
export { type AdapterReport, type Advice, type OpenOptions, openDevice, reportAdapter } from './device.ts';
export { Gpu, type Ticket } from './gpu.ts';
export type { MemoryReport } from './pool.ts';
export type { ProfileRow } from './profile.ts';
export { kindOf, MAX_ROWS, type Program, type Replay } from './program.ts';
