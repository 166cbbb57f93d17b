const LOOP = /for ?\(var (\w+) ?= ?0u; ?\1 ?< ?(\w+(?: ?\* ?\w+)*); ?\1\+\+\) ?\{.*\/\/@unroll$/m;
const MARK = /[ \t]*\/\/@unroll/;

/** The place of the brace that closes the one at `open`. */
function closing(code: string, open: number): number {
  for (let at = open, depth = 0; at < code.length; at++) {
    if (code[at] === '{') depth++;
    if (code[at] === '}' && --depth === 0) return at;
  }
  throw new Error('a loop marked //@unroll has no closing brace');
}

/**
 * Writes the loops marked `//@unroll` out, so that local arrays are indexed by constants only. Drivers that do not
 * unroll by themselves otherwise go through memory for every element of a register tile: SwiftShader ran 6 times
 * slower. The mark ends the line on which the loop begins; a marked loop counts from 0u by one up to a `const`, or a
 * product of some.
 * @throws Error where the bound is no constant of the text
 */
export function unroll(code: string): string {
  for (let loop = LOOP.exec(code); loop; loop = LOOP.exec(code)) {
    const [line, name, bound] = loop;
    const factors = bound.split('*').map((factor) => {
      const own = new RegExp(`\\bconst ${factor.trim()} ?= ?(\\d+)u?;`).exec(code)?.[1];
      return own === undefined ? Number.NaN : Number(own);
    });
    const count = factors.reduce((product, factor) => product * factor);
    if (Number.isNaN(count)) throw new Error(`a loop marked //@unroll ends at ${bound}, which is no constant`);
    const open = loop.index + line.indexOf('{');
    const close = closing(code, open);
    // The mark lies in the body, or behind it where the loop is one line.
    const oneLine = close < loop.index + line.length;
    const body = oneLine ? code.slice(open, close + 1) : code.slice(open, close + 1).replace(MARK, '');
    const rest = oneLine ? code.slice(close + 1).replace(MARK, '') : code.slice(close + 1);
    const use = new RegExp(`(?<![.\\w])${name}\\b`, 'g');
    const copies = Array.from({ length: count }, (_, value) => body.replace(use, `${value}u`));
    code = code.slice(0, loop.index) + copies.join('\n') + rest;
  }
  return code;
}
