// Elementary functions that stay right at +-1e4, where the naive forms give NaN or infinity.
fn tanh_(x: f32) -> f32 { return tanh(clamp(x, -15.0, 15.0)); }
fn sigmoid_(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}
// log(1 + e) for e in [0, 1], exact to rounding for small e too (Kahan: the error of 1 + e divides out).
fn log1p_(e: f32) -> f32 {
  let u = 1.0 + e;
  return select(log(u) * (e / (u - 1.0)), e, u == 1.0);
}
fn softplus_(x: f32) -> f32 { return max(x, 0.0) + log1p_(exp(-abs(x))); }
// Comparisons with NaN are optimised away by fast maths; only the bits tell.
fn finite_(x: f32) -> f32 { return select(1.0, 0.0, (bitcast<u32>(x) & 0x7f800000u) == 0x7f800000u); }
