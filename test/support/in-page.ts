/** What takes the place of src/api/node.ts where tests run in a page: the same names, `open` being the page's own. */
export * from '../../src/api/index.ts';

/** The page's WebGPU, where Node's tests have Dawn's. */
export const dawn = async (): Promise<GPU> => navigator.gpu;
