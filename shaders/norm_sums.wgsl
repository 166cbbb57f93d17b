// What batch normalisation's way back needs, by group g, strand s and channel j: with u = (x - mean) / sqrt(variance +
// epsilon), and e = g times the slope where u gamma + beta is not above 0,
//   y[0, g, s, j] = sum_r e, y[1, g, s, j] = sum_r e u, over the rows r = s, s + strands, ...
// Shapes: x and g [G, total], the last axis of them channels; gamma and beta [G / w_div, channels], mean and variance
// [G / s_div, channels], y [2, G, threads], threads = strands * channels. Grid: (ceil(threads / 64), G).
//@use norm_channel
struct Params { total: u32, threads: u32, channels: u32, w_div: u32, s_div: u32, half: u32, epsilon: f32, slope: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> g: array<f32>;
@group(0) @binding(3) var<storage, read> mean: array<f32>;
@group(0) @binding(4) var<storage, read> variance: array<f32>;
@group(0) @binding(5) var<storage, read> gamma: array<f32>;
@group(0) @binding(6) var<storage, read> beta: array<f32>;
@group(0) @binding(7) var<storage, read_write> y: array<f32>;
const BLOCK = 4u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.threads) { return; }
  let c = channel_of(id.y, id.x % p.channels);
  let end = (id.y + 1u) * p.total;
  var sum = vec2f(0.0);
  var i = id.y * p.total + id.x;
  // Sums of four are added, which halves the digits that a long sum loses.
  for (; i + 3u * p.threads < end; i += 4u * p.threads) {
    var part = vec2f(0.0);
    for (var l = 0u; l < BLOCK; l++) { //@unroll
      let u = (x[i + l * p.threads] - c.m) * c.r;
      let raw = g[i + l * p.threads];
      let e = select(p.slope * raw, raw, u * c.k + c.b > 0.0);
      part += vec2f(e, e * u);
    }
    sum += part;
  }
  for (; i < end; i += p.threads) {
    let u = (x[i] - c.m) * c.r;
    let e = select(p.slope * g[i], g[i], u * c.k + c.b > 0.0);
    sum += vec2f(e, e * u);
  }
  y[id.y * p.threads + id.x] = sum.x;
  y[p.half + id.y * p.threads + id.x] = sum.y;
}
