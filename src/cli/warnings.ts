/** Dawn's native code prints these at adapter creation, twice for most software adapters; nobody can act on them. */
const WARNING =
  /^Warning: maxDynamic(Uniform|Storage)BuffersPerPipelineLayout artificially reduced from \d+ to \d+ to fit dynamic offset allocation limit\.\r?$/;
const HEAD = 'Warning: maxDynamic';
/** Longer than any such line. */
const LONGEST = 200;

/**
 * Takes a stream's bytes in any pieces and gives back what is not one of those lines, as soon as that is certain:
 * text that cannot become one is never held back, with or without an end of line.
 */
export class WarningFilter {
  #held = '';
  #midLine = false;

  /** What of the bytes so far may pass now. */
  push(bytes: Uint8Array): Uint8Array {
    // One character a byte, so that whatever passes is what came.
    let text = this.#held + Buffer.from(bytes).toString('latin1');
    let passed = '';
    this.#held = '';
    while (text) {
      const end = text.indexOf('\n') + 1;
      if (!end) {
        if (!this.#midLine && couldBecome(text)) this.#held = text;
        else passed += text;
        this.#midLine ||= !this.#held;
        break;
      }
      const line = text.slice(0, end);
      if (this.#midLine || !WARNING.test(line.slice(0, -1))) passed += line;
      this.#midLine = false;
      text = text.slice(end);
    }
    return Buffer.from(passed, 'latin1');
  }

  /** What was held back when the stream ended. */
  end(): Uint8Array {
    return Buffer.from(this.#held, 'latin1');
  }
}

const couldBecome = (text: string): boolean =>
  text.length < LONGEST && (text.length < HEAD.length ? HEAD.startsWith(text) : text.startsWith(HEAD));
