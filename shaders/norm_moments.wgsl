// For each group g, strand s and channel j: mean and sum of squared deviations of x[g, r, j] over the rows
// r = s, s + strands, ...: less x[g, 0, j] (a large mean then costs no digits), eight at a time in registers, joined
// by Chan's formula (Chan, Golub and LeVeque 1983), so that one pass is as safe as two. A thread keeps its channel:
// `threads` = strands * channels is the step from one of its elements to the next.
//   mean[g, s, j] = mean_r x (less x[g, 0, j] where there are several strands), square = scale * sum_r (x - mean_r x)^2
// Shapes: x [G, rows, channels], mean and square [G, strands, channels]; total = rows * channels.
// Grid: (ceil(threads / 64), G). Plain composition: moments in src/ops/normalise.ts.
struct Params { total: u32, threads: u32, channels: u32, scale: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> mean: array<f32>;
@group(0) @binding(3) var<storage, read_write> square: array<f32>;
const BLOCK = 8u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= p.threads) { return; }
  let base = id.y * p.total;
  let first = x[base + id.x % p.channels];
  var n = 0.0;
  var m = 0.0;
  var q = 0.0;
  var i = id.x;
  for (; i + 7u * p.threads < p.total; i += 8u * p.threads) {
    var v: array<f32, BLOCK>;
    var part = 0.0;
    for (var k = 0u; k < BLOCK; k++) { //@unroll
      v[k] = x[base + i + k * p.threads] - first;
      part += v[k];
    }
    part *= 0.125;
    for (var k = 0u; k < BLOCK; k++) { q += (v[k] - part) * (v[k] - part); } //@unroll
    let d = part - m;
    let w = 8.0 / (n + 8.0);
    m += d * w;
    q += d * d * n * w;
    n += 8.0;
  }
  for (; i < p.total; i += p.threads) {
    let d = x[base + i] - first - m;
    n += 1.0;
    m += d / n;
    q += d * d * (n - 1.0) / n;
  }
  mean[id.y * p.threads + id.x] = select(m, first + m, p.threads == p.channels);
  square[id.y * p.threads + id.x] = p.scale * q;
}
