// The gradient of heads.wgsl from its output: d = g (1 - y^2) for a single value, and for a choice
// d_j = y_j (g_j - sum_l g_l y_l) / temperature.
// Shapes: y, g and d [n / blocks, width], parts [blocks] of (first value, width).
// Grid: any number of workgroups in x; a thread takes blocks of rows, `threads` apart.
// Plain composition: the derivative of heads in src/ops/heads.ts.
struct Params { n: u32, threads: u32, width: u32, blocks: u32, sharpness: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> parts: array<vec2u>;
@group(0) @binding(2) var<storage, read> y: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;
@group(0) @binding(4) var<storage, read_write> d: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < p.n; i += p.threads) {
    let b = parts[i % p.blocks];
    let start = (i / p.blocks) * p.width + b.x;
    if (b.y == 0u) {
      d[start] = g[start] * (1.0 - y[start] * y[start]);
      continue;
    }
    let end = start + b.y;
    var mean = 0.0;
    for (var j = start; j < end; j++) { mean += g[j] * y[j]; }
    for (var j = start; j < end; j++) { d[j] = y[j] * (g[j] - mean) * p.sharpness; }
  }
}
