// y[i, j] = 1 where j = index[start + i], else 0; start from the step block where the list holds a whole chunk (STEP).
// Shapes: index [at least start + n / classes], y [n / classes, classes].
// Grid: any number of workgroups in x, elements `threads` apart.
//@use step
struct Params { n: u32, threads: u32, classes: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> index: array<u32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
override STEP: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let start = select(0u, s.index, STEP);
  for (var i = id.x; i < p.n; i += p.threads) {
    let row = i / p.classes;
    y[i] = select(0.0, 1.0, index[start + row] == i - row * p.classes);
  }
}
