/** Where the page stands, for the message of a test that runs out of time. */
import type { Page } from 'playwright-core';

/** Most characters of a step that the message of a timeout shows. */
const SHOWN = 600;

/** Where the page stands: the title of the open step and its text, shortened. */
export const stand = async (page: Page): Promise<string> => {
  const [title, text] = await page.evaluate(() =>
    ['.steps .open h2', '.steps .open .body'].map(
      (at) => document.querySelector<HTMLElement>(at)?.innerText.replace(/\s+/g, ' ').trim() ?? 'nothing',
    ),
  );
  return `it stands at "${title}", which says: ${text.length > SHOWN ? `${text.slice(0, SHOWN)} ...` : text}`;
};
