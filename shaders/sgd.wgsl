// v = momentum v + g; w -= rate v; then |w| <= clip.
// Shapes: w, v, g [n]. Grid: any number of workgroups in x, elements `threads` apart.
//@use step
struct Params { n: u32, threads: u32, slot: i32, rate: f32, momentum: f32, clip: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> v: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var r = p.rate;
  if (p.slot >= 0) { r = rate(u32(p.slot)); }
  for (var i = id.x; i < p.n; i += p.threads) {
    let vi = p.momentum * v[i] + g[i];
    v[i] = vi;
    w[i] = clamp(w[i] - r * vi, -p.clip, p.clip);
  }
}
