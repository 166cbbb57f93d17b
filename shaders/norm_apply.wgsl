// y = leaky((x - mean) / sqrt(variance + epsilon) * gamma + beta), slope 1 for no activation. A thread keeps its
// channel: `threads` is a multiple of `channels` and the step from one of its elements to the next.
// Shapes: x and y [G, total], the last axis of them channels; gamma and beta [G / w_div, channels], mean and variance
// [G / s_div, channels]. Grid: (ceil(threads / 64), G). Plain composition: normalise in src/ops/normalise.ts.
struct Params { total: u32, threads: u32, channels: u32, w_div: u32, s_div: u32, epsilon: f32, slope: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> mean: array<f32>;
@group(0) @binding(3) var<storage, read> variance: array<f32>;
@group(0) @binding(4) var<storage, read> gamma: array<f32>;
@group(0) @binding(5) var<storage, read> beta: array<f32>;
@group(0) @binding(6) var<storage, read_write> y: array<f32>;
override STATISTICS: bool = true; // without: mean 0, and the root 1
override WEIGHTS: bool = true; // without: gamma 1, beta 0

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.threads) { return; }
  let j = id.x % p.channels;
  let s = id.y / p.s_div * p.channels + j;
  let w = id.y / p.w_div * p.channels + j;
  var m = 0.0;
  var k = 1.0;
  var b = 0.0;
  if (WEIGHTS) { k = gamma[w]; b = beta[w]; }
  if (STATISTICS) { m = mean[s]; k /= sqrt(variance[s] + p.epsilon); }
  let base = id.y * p.total;
  for (var i = id.x; i < p.total; i += p.threads) {
    let z = (x[base + i] - m) * k + b;
    y[base + i] = select(p.slope * z, z, z > 0.0);
  }
}
