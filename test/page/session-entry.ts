/** The page of session-page.test.ts: starts the worker from a blob, which is under the page's own policy. */
import type { WorkerReport } from './session-worker.ts';

declare global {
  interface Window {
    told: Promise<WorkerReport>;
    refused: string[];
  }
}

window.refused = [];
document.addEventListener('securitypolicyviolation', (event) => window.refused.push(event.violatedDirective));
const text = `import ${JSON.stringify(new URL('/worker.js', location.href).href)};`;
const worker = new Worker(URL.createObjectURL(new Blob([text], { type: 'text/javascript' })), { type: 'module' });
window.told = new Promise((done, fail) => {
  worker.addEventListener('message', ({ data }) => done(data));
  worker.addEventListener('error', (event) => fail(new Error(event.message)));
});
