// The way back through a normalisation to its input, with e, u and their sums as in norm_sums.wgsl, scale = 1 / rows:
//   y = gamma / sqrt(variance + epsilon) * (e - scale sum_r e - scale u sum_r e u), the sums only with BATCH.
// Shapes: x, g and y [G, total], the last axis of them channels; sums [2, G, channels], `half` elements each; gamma and
// beta [G / w_div, channels], mean and variance [G / s_div, channels]. Grid: (ceil(threads / 64), G).
//@use norm_channel
struct Params {
  total: u32, threads: u32, channels: u32, w_div: u32, s_div: u32, half: u32, epsilon: f32, slope: f32, scale: f32,
}
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> variance: array<f32>;
@group(0) @binding(5) var<storage, read> gamma: array<f32>;
@group(0) @binding(6) var<storage, read> beta: array<f32>;
@group(0) @binding(7) var<storage, read> sums: array<f32>;
@group(0) @binding(8) var<storage, read_write> y: array<f32>;
override BATCH: bool = true; // whether the statistics are those of x

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.threads) { return; }
  let j = id.x % p.channels;
  let c = channel_of(id.y, j);
  // Statistics that are given do not depend on x.
  var e0 = 0.0;
  var e1 = 0.0;
  if (BATCH) {
    e0 = p.scale * sums[id.y * p.channels + j];
    e1 = p.scale * sums[p.half + id.y * p.channels + j];
  }
  let end = (id.y + 1u) * p.total;
  for (var i = id.y * p.total + id.x; i < end; i += p.threads) {
    let u = (x[i] - c.m) * c.r;
    let e = select(p.slope * g[i], g[i], u * c.k + c.b > 0.0);
    y[i] = c.k * c.r * (e - e0 - u * e1);
  }
}
