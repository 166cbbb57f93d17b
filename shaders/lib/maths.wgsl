// Elementary functions that stay right at +-1e4, where the naive forms give NaN or infinity.
fn tanh_(x: f32) -> f32 { return tanh(clamp(x, -15.0, 15.0)); }
fn sigmoid_(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}
// log(1 + e) for e in [0, 1] as 2 atanh(e / (2 + e)), to rounding also where e is tiny. Kahan's log(u) e / (u - 1) with
// u = 1 + e would not do: compilers turn (1 + e) - 1 into e.
fn log1p_(e: f32) -> f32 {
  let t = e / (2.0 + e);
  let q = t * t;
  let series = 0.14285714 + q * (0.11111111 + q * (0.09090909 + q * (0.07692308 + q * 0.06666667)));
  return 2.0 * t * (1.0 + q * (0.33333333 + q * (0.2 + q * series)));
}
fn softplus_(x: f32) -> f32 { return max(x, 0.0) + log1p_(exp(-abs(x))); }
// Comparisons with NaN are optimised away by fast maths; only the bits tell.
fn finite_(x: f32) -> f32 { return select(1.0, 0.0, (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u); }
