// What a generator of tables ends in. A block of width 0 is one value: y = tanh(x). A block of w values is a choice:
// y_j = exp((x_j - m) / temperature) / sum_l exp((x_l - m) / temperature), m the largest of its x.
// Shapes: x and y [n / blocks, width], parts [blocks] of (first value, width).
// Grid: any number of workgroups in x; a thread takes blocks of rows, `threads` apart.
// Plain composition: heads in src/ops/heads.ts.
//@use maths
struct Params { n: u32, threads: u32, width: u32, blocks: u32, sharpness: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> parts: array<vec2u>;
@group(0) @binding(2) var<storage, read> x: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  for (var i = id.x; i < p.n; i += p.threads) {
    let b = parts[i % p.blocks];
    let start = (i / p.blocks) * p.width + b.x;
    if (b.y == 0u) {
      y[start] = tanh_(x[start]);
      continue;
    }
    let end = start + b.y;
    var m = x[start];
    for (var j = start + 1u; j < end; j++) { m = max(m, x[j]); }
    var sum = 0.0;
    for (var j = start; j < end; j++) { sum += exp((x[j] - m) * p.sharpness); }
    for (var j = start; j < end; j++) { y[j] = exp((x[j] - m) * p.sharpness) / sum; }
  }
}
