/** Types of vulkan.mjs for the TypeScript that uses it (`doctor`). */
export function cacheFolder(): string;
export function vulkanFolder(): string;
export function vulkanRecord(): string;
export function vulkanEnvironment(): Record<string, string> | null;
export function driverFolders(): string[];
