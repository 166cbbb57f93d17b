// Sine and cosine within an eighth of a turn, to rounding: the built-in ones promise 2^-11 only, and adapters do differ
// (SwiftShader by 2e-4). Polynomials: Cephes' sinf and cosf.
fn sine(t: vec4f) -> vec4f {
  let z = t * t;
  return ((-1.9515295891e-4 * z + 8.3321608736e-3) * z - 1.6666654611e-1) * z * t + t;
}
fn cosine(t: vec4f) -> vec4f {
  let z = t * t;
  return ((2.443315711809948e-5 * z - 1.388731625493765e-3) * z + 4.166664568298827e-2) * z * z - 0.5 * z + 1.0;
}
