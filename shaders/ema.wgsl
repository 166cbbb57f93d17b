// e += rate (w - e): a moving average of parameters. Shapes: e, w [n].
// Grid: any number of workgroups in x, elements `threads` apart.
//@use step
struct Params { n: u32, threads: u32, slot: i32, rate: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> e: array<f32>;
@group(0) @binding(2) var<storage, read> w: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var r = p.rate;
  if (p.slot >= 0) { r = rate(u32(p.slot)); }
  for (var i = id.x; i < p.n; i += p.threads) { e[i] += r * (w[i] - e[i]); }
}
