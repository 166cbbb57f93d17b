/** Boxes that say what went wrong. */

import type { Trouble } from '../protocol.ts';
import { h } from './dom.ts';

/** With a capital and a full stop. */
export const sentence = (text: string): string => {
  const whole = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(whole) ? whole : `${whole}.`;
};

/** What happened, where, and what to do: read out at once. */
export function troubleBox({ message, where, fix }: Trouble): HTMLElement {
  const place = where && !message.includes(where) ? h('p.where', where) : null;
  return h(
    'div.panel.bad',
    { role: 'alert' },
    h('p', h('strong', sentence(message)), ' ', fix ? sentence(fix) : null),
    place,
  );
}
