/** What takes the place of src/node.ts where tests run in a page: the same names, `open` being the page's own. */
export * from '../../src/index.ts';

/** The page's WebGPU, where Node's tests have Dawn's. */
export const dawn = async (): Promise<GPU> => navigator.gpu;
