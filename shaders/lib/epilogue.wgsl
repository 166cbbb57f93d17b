// What happens to a product before it is written. p.epilogue is a set of these bits; src/ops/epilogue.ts has them too.
// A kernel says what it writes at a time, `alias V = f32;` or vec4f, of which c is an array as well: the bias, or the
// mask, read at the element's own place `at`.
const NONE = 0u;
const BIAS = 1u;
const LEAKY = 2u; // times p.slope below zero
const TANH = 4u;
const MASK = 8u; // times p.slope where c is not positive

fn has(bit: u32) -> bool { return (p.epilogue & bit) != 0u; }

// All behind the bias that is short enough for unrolled code.
fn sloped(v: V, at: u32) -> V {
  let slope = select(1.0, p.slope, has(LEAKY));
  var r = select(slope * v, v, v > V(0.0));
  if (has(MASK)) { r *= select(V(p.slope), V(1.0), c[at] > V(0.0)); }
  return r;
}

fn bounded(v: V) -> V { return tanh(clamp(v, V(-15.0), V(15.0))); }

// All of it, the bias at c[bias].
fn finished(v: V, bias: u32, at: u32) -> V {
  var r = v;
  if (has(BIAS)) { r += c[bias]; }
  r = sloped(r, at);
  if (has(TANH)) { r = bounded(r); }
  return r;
}
