// v = decay v + (1 - decay) g^2; w -= rate g / (sqrt(v) + epsilon); then |w| <= clip. No momentum, not centred.
// Shapes: w, v, g [n]. Grid: any number of workgroups in x, elements `threads` apart.
//@use step
struct Params { n: u32, threads: u32, slot: i32, rate: f32, decay: f32, epsilon: f32, clip: f32 }
@group(0) @binding(0) var<uniform> p: Params;
@group(0) @binding(1) var<storage, read_write> w: array<f32>;
@group(0) @binding(2) var<storage, read_write> v: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var r = p.rate;
  if (p.slot >= 0) { r = rate(u32(p.slot)); }
  for (var i = id.x; i < p.n; i += p.threads) {
    let gi = g[i];
    let vi = p.decay * v[i] + (1.0 - p.decay) * gi * gi;
    v[i] = vi;
    w[i] = clamp(w[i] - r * gi / (sqrt(vi) + p.epsilon), -p.clip, p.clip);
  }
}
