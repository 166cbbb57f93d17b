/**
 * The examples that documents quote: what is above `test.run();` of each file of test/examples, its comment as the text
 * and the rest as the code.
 */
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { importsOf, sources } from './sources.ts';

const examples = sources('test/examples', ['.ts']);

test('examples begin with prose, are short, and import what others can import', () => {
  assert.ok(examples.length >= 10);
  for (const { path, text } of examples) {
    const parts = /^\/\*\*\n((?: \* .+\n)+) \*\/\n(.+)\n\ntest\.run\(\);\n$/s.exec(text);
    assert.ok(parts, `${path} is a comment, code and test.run()`);
    const code = parts[2].split('\n').filter((line) => line && !/^(import\b|\s*(\/\/|\/?\*))/.test(line));
    assert.ok(code.length <= 25, `${path} has ${code.length} lines of code`);
    const known = /^(uvu(\/assert)?|veilgan(\/\w+)?)$/;
    assert.equal(
      importsOf(text).filter((name) => !known.test(name)),
      [],
    );
  }
});

test.run();
