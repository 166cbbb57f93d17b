// y = unit * (sum + noise), and sum = 0 for the next update; with PEEK y = unit * sum, and the sum stays. Integers of
// more than 24 bits are cut toward zero to 24 before they become floats, for adapters may round them either way.
// Shapes: sum [n] i32, noise [updates, n] i32, y [n]. The row of noise is the index of the step block with STEP, else
// 0.
// Grid: any number of workgroups in x, elements `threads` apart.
//@use step
struct Params { n: u32, threads: u32, unit: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> noise: array<i32>;
@group(0) @binding(2) var<storage, read_write> sum: array<i32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
override STEP: bool = false;
override PEEK: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let start = select(0u, s.index * p.n, STEP);
  for (var i = id.x; i < p.n; i += p.threads) {
    var k = sum[i];
    if (!PEEK) {
      k += noise[start + i];
      sum[i] = 0i;
    }
    let size = u32(abs(k));
    let extra = 8u - min(countLeadingZeros(size), 8u);
    let short = f32((size >> extra) << extra);
    y[i] = select(short, -short, k < 0i) * p.unit;
  }
}
