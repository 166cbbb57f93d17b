// y[offset + i] = x[i], offset = row of the step block times n for a log (LOG), else 0: assignments and logs.
// Shapes: x [n], y at least [offset + n]. Grid: any number of workgroups in x, elements `threads` apart.
//@use step
struct Params { n: u32, threads: u32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
override LOG: bool = false;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let offset = select(0u, s.row * p.n, LOG);
  for (var i = id.x; i < p.n; i += p.threads) { y[offset + i] = x[i]; }
}
